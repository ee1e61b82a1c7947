import type { Bus } from './bus.ts';
import { requiredMaxPayloadBytes } from './claim-check.ts';
import { connectCoalescing } from './coalescing-transport.ts';
import { inboxPrefix } from './inbox.ts';
import type { BusOptions } from './bus-options.ts';
import { NatsBus } from './nats-bus.ts';
import { tlsOptions } from './tls-options.ts';
import { WorkInHand } from './work-in-hand.ts';

/**
 * Connects to NATS and checks that the server can carry what we send.
 * @throws Error naming the server setting where max_payload is too small, headers or JetStream are missing
 */
export async function connectBus(options: BusOptions): Promise<Bus> {
  const work = new WorkInHand();
  const servers = options.servers.split(',').map((server) => server.trim());
  const connection = await connectCoalescing(
    {
      servers,
      ...tlsOptions(servers, options.tls),
      name: options.service,
      inboxPrefix: inboxPrefix(options.service),
      ...(options.user === undefined ? {} : { user: options.user }),
      ...(options.password === undefined ? {} : { pass: options.password }),
      noEcho: !options.echo,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 200,
      reconnectJitter: 100,
      waitOnFirstConnect: true,
      pingInterval: 10_000,
      timeout: 5_000,
    },
    work,
  );
  const maxPayload = connection.info?.max_payload ?? 0;
  if (maxPayload < requiredMaxPayloadBytes) {
    await connection.close();
    throw new Error(
      `the NATS server's max_payload is ${maxPayload} bytes; set it to at least ${requiredMaxPayloadBytes} (1MB is the server's default)`,
    );
  }
  return new NatsBus(connection, options, maxPayload, work);
}
