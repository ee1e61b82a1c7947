import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calls } from './services.ts';
import { headers, subjects, subjectToken } from './subjects.ts';

const token = fc.string({ minLength: 1, maxLength: 64 }).filter((text) => subjectToken.safeParse(text).success);
const names = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,20}$/);

describe('subjectToken', () => {
  it.each(['', 'A', 'a.b', 'a*', '>', 'a b', '-a', '_a', 'a\n', 'é', 'a'.repeat(65)])('refuses %j', (text) => {
    expect(subjectToken.safeParse(text).success).toBe(false);
  });

  it('admits nothing that means something in a subject', () => {
    fc.assert(
      fc.property(token, (text) => {
        expect(text).not.toMatch(/[.*>\s]/);
      }),
    );
  });
});

describe('subjects', () => {
  it('stand below one root', () => {
    const all = Object.values(subjects).map((subject) => (typeof subject === 'string' ? subject : subject('a', 'b')));
    expect(all.filter((subject) => !subject.startsWith('sluice.v1.'))).toEqual([]);
    expect(new Set(all).size).toBe(all.length);
  });

  it('are matched by their wildcards', () => {
    fc.assert(
      fc.property(names, names, (one, other) => {
        const beneath = (wildcard: string): string => wildcard.replace(/[*>]$/, '');
        expect(subjects.usage(one, other).startsWith(beneath(subjects.anyUsage))).toBe(true);
        expect(subjects.audit(one).startsWith(beneath(subjects.anyAudit))).toBe(true);
        expect(subjects.presence(one)).toBe(subjects.anyPresence.replace('*', one));
        expect(subjects.cancel(one)).toBe(subjects.anyCancel.replace('*', one));
        expect(subjects.deadLetter(one.toUpperCase(), other)).toBe(`sluice.v1.dead.${one}.${other}`);
      }),
    );
  });

  it('give every call one of its own', () => {
    const used = Object.values(calls).map(({ subject }) => subject);
    expect(new Set(used).size).toBe(used.length);
  });

  it('have no header twice', () => {
    expect(new Set(Object.values(headers)).size).toBe(Object.keys(headers).length);
  });
});
