/** What the specs of this library share. */
import { type Bus, connectBus } from '@sluice/bus';
import type { Snapshot } from '@sluice/contracts';
import { pino, type Logger } from 'pino';

/** A logger whose lines can be read. */
export function readableLog(): { log: Logger; lines: { level: number; msg: string; [field: string]: unknown }[] } {
  const lines: { level: number; msg: string }[] = [];
  const stream = {
    write: (line: string) => {
      lines.push(JSON.parse(line) as { level: number; msg: string }); // pino's own shape
    },
  };
  return { log: pino({ level: 'debug' }, stream), lines };
}

export function makeSnapshot(version: number, activatedAt = `2026-01-01T00:00:0${version % 10}.000Z`): Snapshot {
  return { version, activatedAt, providers: [], models: [], policies: [], organizations: [], keys: [] };
}

export function openBus(servers: string): Promise<Bus> {
  const log = pino({ level: 'silent' });
  return connectBus({
    servers,
    service: 'specs',
    version: '0.1.0',
    description: 'specs',
    log,
    tracing: false,
    hopBudgetMs: 1_000,
    echo: true,
  });
}
