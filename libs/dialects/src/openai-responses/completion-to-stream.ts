import { SluiceError } from '@sluice/contracts';
import { asArray, isObject } from '../json-value.ts';
import { EventWriter } from './event-writer.ts';
import { emitItem } from './item-events.ts';

/**
 * The events that a provider would have streamed for a plain response. A replay has nothing to wait for, so each text
 * comes in one piece. Usage is part of the response and is always said.
 * @throws SluiceError `internal_error` where it is no response
 */
export function completionToStream(completion: unknown): Uint8Array[] {
  if (!isObject(completion) || !Array.isArray(completion.output)) {
    throw new SluiceError('internal_error', 'A stored answer could not be streamed; retry with cache-control: no-cache.');
  }
  const writer = new EventWriter();
  const events: Uint8Array[] = [];
  const opening = { ...completion, status: 'in_progress', incomplete_details: null, output: [], usage: null };
  writer.emit('response.created', { response: opening });
  writer.emit('response.in_progress', { response: opening });
  events.push(writer.take());
  for (const [index, item] of asArray(completion.output).entries()) {
    if (!isObject(item)) continue;
    emitItem(item, index, writer.emit);
    events.push(writer.take());
  }
  writer.emit(completion.status === 'incomplete' ? 'response.incomplete' : 'response.completed', { response: completion });
  events.push(writer.take());
  return events;
}
