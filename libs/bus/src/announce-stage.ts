import { subjects, type Presence } from '@sluice/contracts';
import type { NatsConnection } from 'nats';
import { heartbeatMs } from './presence.ts';
import type { Stage } from './stage.ts';

/** Announces a stage each second, and its leaving, which lasts until it has ended what it holds. */
export function announceStage(
  connection: NatsConnection,
  instance: string,
  { name, version, concurrency }: Pick<Stage, 'name' | 'version' | 'concurrency'>,
  inFlight: () => number,
): { leave(): void; stop(): void } {
  let leaving = false;
  const announce = (): void => {
    if (connection.isClosed()) return;
    const presence: Presence = { instance, version, inFlight: inFlight(), capacity: concurrency, ...(leaving ? { leaving } : {}) };
    connection.publish(subjects.presence(name), JSON.stringify(presence));
  };
  announce();
  const timer = setInterval(announce, heartbeatMs).unref();
  return {
    leave: () => {
      leaving = true;
      announce();
    },
    stop: () => {
      clearInterval(timer);
    },
  };
}
