import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseUsageEvent } from './parse-usage-event.ts';
import { sampleEvents, streamEvent } from '../sample-events.ts';

const settled = sampleEvents.settled({ requestId: 'req_1', time: Date.UTC(2026, 10, 1) });
const reasonOf = (event: object) => parseUsageEvent(streamEvent(event, 1).data);

describe('parseUsageEvent', () => {
  it('takes a settled event with its time', () => {
    expect(reasonOf(settled)).toMatchObject({ event: { id: 'req_1:settled' }, time: Date.UTC(2026, 10, 1) });
  });

  it.each([
    ['time', { ...settled, time: 'yesterday' }],
    ['time', { ...settled, time: '0001-01-01T00:00:00Z' }],
    ['id', { ...settled, id: 'x'.repeat(3_000) }],
    ['sequence', { ...settled, sequence: '0' }],
    ['sequence', { ...settled, sequence: '9'.repeat(30) }],
    ['data.requestId', { ...settled, data: { ...settled.data, requestId: 'a\0b' } }],
    ['data.status', { ...settled, data: { ...settled.data, status: 1e12 } }],
    ['data.costNanoUsd', { ...settled, data: { ...settled.data, costNanoUsd: '9'.repeat(40) } }],
  ])('refuses what Postgres could not store, naming %s', (field, event) => {
    expect(reasonOf(event)).toEqual({ reason: `${field}: out of range` });
  });

  it('refuses any other bytes with a reason and never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => new TextEncoder().encode(text)),
        ),
        (data) => {
          expect(parseUsageEvent(data)).toHaveProperty('reason');
        },
      ),
    );
  });
});
