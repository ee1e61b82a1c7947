import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OpenReservations } from './open-reservations.ts';

const step = fc.record({ kind: fc.constantFrom('set' as const, 'delete' as const, 'get' as const), id: fc.integer({ min: 0, max: 400 }) });

describe('OpenReservations', () => {
  it('does what a Map does, whatever comes and goes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 3_000, minLength: 1 }), (steps) => {
        const table = new OpenReservations<{ requestId: string; value: number }>();
        const known = new Map<string, { requestId: string; value: number }>();
        steps.forEach(({ kind, id }, value) => {
          const requestId = `req_${id}`;
          const item = { requestId, value };
          if (kind === 'set') {
            table.set(item);
            known.set(requestId, item);
          } else if (kind === 'delete') {
            table.delete(requestId);
            known.delete(requestId);
          } else expect(table.get(requestId)).toBe(known.get(requestId));
          expect(table.size).toBe(known.size);
        });
        expect(new Set(table)).toEqual(new Set(known.values()));
      }),
      { numRuns: 60 },
    );
  });

  it('grows with what it holds, and finds all of it after others left', () => {
    const table = new OpenReservations<{ requestId: string }>();
    const ids = Array.from({ length: 5_000 }, (_, index) => `req_${index}`);
    for (const requestId of ids) table.set({ requestId });
    for (const requestId of ids.filter((_, index) => index % 3 === 0)) table.delete(requestId);
    expect(ids.filter((requestId) => table.get(requestId) !== undefined)).toEqual(ids.filter((_, index) => index % 3 !== 0));
  });

  it('may be changed by whoever goes through it', () => {
    const table = new OpenReservations<{ requestId: string }>();
    for (let index = 0; index < 50; index += 1) table.set({ requestId: `req_${index}` });
    for (const { requestId } of table) table.delete(requestId);
    expect(table.size).toBe(0);
  });
});
