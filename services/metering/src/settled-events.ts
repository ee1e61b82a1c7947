import type { ActualUse } from './admission/admission.ts';
import { isRecord, usageEventTypes } from '@sluice/contracts';

/** What a usage event says about a reservation. */
export interface Settlement {
  readonly requestId: string;
  readonly usage: ActualUse;
}

/** The id stands near the head of every event that our publishers write. */
const idPattern = /"id":"([A-Za-z0-9_-]+):(intent|settled|refused)"/;
const headBytes = 160;

/**
 * Reads a usage event as far as a reservation needs. Every replica of metering hears every event, so what concerns
 * another replica is told apart by its head alone, unparsed.
 * @param holds whether this process holds a reservation of that request
 * @param instance this process's: what took the place of another's reservation of the request is no use of this one
 */
export function readSettlement(data: Uint8Array, holds: (requestId: string) => boolean, instance: string): Settlement | undefined {
  const head = idPattern.exec(Buffer.from(data.buffer, data.byteOffset, Math.min(headBytes, data.byteLength)).toString('latin1'));
  const requestId = head?.[1];
  if (requestId === undefined || head?.[2] === 'intent' || !holds(requestId)) return undefined;
  try {
    return settlementOf(JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8')), requestId, instance);
  } catch {
    return undefined; // billing dead-letters it; the reservation then expires
  }
}

function settlementOf(event: unknown, requestId: string, instance: string): Settlement | undefined {
  if (!isRecord(event) || !isRecord(event.data) || event.data.requestId !== requestId) return undefined;
  if (event.type === usageEventTypes.refused) return { requestId, usage: { input: 0, output: 0 } };
  const { usage, reservedBy } = event.data;
  if (event.type !== usageEventTypes.settled || !isRecord(usage)) return undefined;
  const { input, output } = usage;
  if (typeof input !== 'number' || typeof output !== 'number') return undefined;
  if (typeof reservedBy === 'string' && reservedBy !== instance) return { requestId, usage: { input: 0, output: 0, costNanoUsd: 0 } };
  const cost = Number(event.data.costNanoUsd ?? Number.NaN);
  return { requestId, usage: { input, output, ...(Number.isFinite(cost) ? { costNanoUsd: cost } : {}) } };
}
