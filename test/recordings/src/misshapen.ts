import { at, keyAt, textAt } from './json-path.ts';
import type { ClientDialect } from './client-answer.ts';

/** What is wrong with the form of a stream, whatever it says: the rules on which the official clients rely. */
export function misshapen(dialect: ClientDialect, events: readonly unknown[], doneMark: boolean): string[] {
  const failed = events.some((event) => textAt(event, 'type') === 'error' || at(event, 'error') instanceof Object);
  if (failed) return [];
  switch (dialect) {
    case 'messages':
      return messages(events);
    case 'responses':
      return responses(events);
    default:
      return doneMark ? [] : ['no data: [DONE] at the end'];
  }
}

/** One start, blocks one after the other, one delta with the reason, one stop. */
function messages(events: readonly unknown[]): string[] {
  const types = events.map((event) => textAt(event, 'type')).filter((type) => type !== 'ping');
  const faults: string[] = [];
  const count = (type: string) => types.filter((other) => other === type).length;
  if (types[0] !== 'message_start') faults.push(`begins with ${types[0] ?? 'nothing'}`);
  if (count('message_start') !== 1) faults.push(`${count('message_start')} message_start`);
  if (types.at(-1) !== 'message_stop') faults.push(`ends with ${types.at(-1) ?? 'nothing'}`);
  let open = '';
  let next = 0;
  for (const event of events) {
    const index = keyAt(event, 'index');
    switch (textAt(event, 'type')) {
      case 'content_block_start':
        if (open !== '') faults.push(`block ${index} begins in block ${open}`);
        if (index !== String(next)) faults.push(`block ${index} where ${next} is due`);
        next += 1;
        open = index;
        break;
      case 'content_block_delta':
        if (index !== open) faults.push(`delta of block ${index} while ${open || 'none'} is open`);
        break;
      case 'content_block_stop':
        if (index !== open) faults.push(`stop of block ${index} while ${open || 'none'} is open`);
        open = '';
        break;
    }
  }
  if (open !== '') faults.push(`block ${open} never ends`);
  return faults.slice(0, 5);
}

/** Created first, one end, every item that was added is done, and the last event repeats what came. */
function responses(events: readonly unknown[]): string[] {
  const faults: string[] = [];
  const types = events.map((event) => textAt(event, 'type'));
  if (types[0] !== 'response.created') faults.push(`begins with ${types[0] ?? 'nothing'}`);
  const ends = types.filter((type) => ['response.completed', 'response.incomplete', 'response.failed'].includes(type));
  if (ends.length !== 1) faults.push(`${ends.length} ends`);
  const indexes = (type: string) => events.filter((event) => textAt(event, 'type') === type).map((event) => keyAt(event, 'output_index'));
  const added = indexes('response.output_item.added');
  const done = new Set(indexes('response.output_item.done'));
  if (new Set(added).size !== added.length) faults.push('an item is added twice');
  for (const index of added) if (!done.has(index)) faults.push(`item ${index} is never done`);
  let sequence = -1;
  for (const event of events) {
    const number = at(event, 'sequence_number');
    if (typeof number !== 'number') continue;
    if (number <= sequence) faults.push(`sequence_number ${number} after ${sequence}`);
    sequence = number;
  }
  return faults.slice(0, 5);
}
