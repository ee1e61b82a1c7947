import { connectBus } from '@sluice/bus';
import { isRecord, streams } from '@sluice/contracts';
import { pino } from 'pino';

/** A usage event as it stands in the stream. */
export interface StormEvent {
  readonly id: string;
  readonly type: string;
  readonly requestId: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** The whole event. */
  readonly text: string;
}

/** Goes through every usage event of the storm, oldest first. */
export async function readStormEvents(natsUrl: string, handle: (event: StormEvent) => void): Promise<void> {
  const bus = await connectBus({
    servers: natsUrl,
    service: 'billing',
    version: '0.1.0',
    description: 'storm',
    log: pino({ level: 'silent' }),
    tracing: false,
    hopBudgetMs: 2_000,
    echo: false,
  });
  try {
    await bus.readStream({
      stream: streams.usage,
      since: 0,
      handle: (bytes) => {
        const text = Buffer.from(bytes).toString('utf8');
        const event: unknown = JSON.parse(text);
        if (!isRecord(event) || !isRecord(event.data)) return;
        const { id, type, data } = event;
        if (typeof data.requestId === 'string') handle({ id: String(id), type: String(type), requestId: data.requestId, data, text });
      },
    });
  } finally {
    await bus.close();
  }
}
