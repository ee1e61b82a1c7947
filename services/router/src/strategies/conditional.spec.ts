import type { SluiceError } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { conditional } from './conditional.ts';
import { candidate, facts, names, orderOf } from './strategy-bench.ts';

const principal = (organization: string, team: string) => ({
  principal: { organization, team, keyId: 'key_1', keyName: 'web', policy: 'default' },
});

describe('conditions', () => {
  it.each([
    ['a tag', { tags: { tier: ['gold', 'silver'] } }, { tags: { tier: 'silver' } }, { tags: { tier: 'bronze' } }],
    ['a tag that is missing', { tags: { tier: ['gold'] } }, { tags: { tier: 'gold' } }, { tags: {} }],
    ['an organisation', { organizations: ['acme'] }, principal('acme', 'web'), principal('other', 'web')],
    ['a team', { teams: ['web'] }, principal('acme', 'web'), principal('acme', 'app')],
    ['a user', { users: ['alice'] }, { user: 'alice' }, { user: 'bob' }],
    ['streams', { stream: true }, { stream: true }, { stream: false }],
  ])('hold by %s', (_, when, fitting, other) => {
    const order = orderOf('priority', [candidate('special', { when }), candidate('general')]);
    expect(names(order(facts(fitting)))).toEqual(['special', 'general']);
    expect(names(order(facts(other)))).toEqual(['general']);
  });

  it('must all hold', () => {
    const order = orderOf('priority', [candidate('special', { when: { users: ['alice'], stream: true } }), candidate('general')]);
    expect(names(order(facts({ user: 'alice', stream: false })))).toEqual(['general']);
    expect(names(order(facts({ user: 'alice', stream: true })))).toEqual(['special', 'general']);
  });

  it('refuse a request that no target is for, without saying what would pass', () => {
    const order = orderOf('weighted', [candidate('special', { when: { tags: { tier: ['gold'] } } })]);
    let thrown: unknown;
    try {
      void order(facts());
    } catch (error) {
      thrown = error;
    }
    const { code, status, message } = thrown as SluiceError; // a failed comparison says what else it is
    expect({ code, status }).toEqual({ code: 'model_not_found', status: 404 });
    expect(message).toContain('"chat" has no target for this request');
    expect(message).not.toContain('gold');
  });

  it('cost nothing where no target states one', () => {
    const order = orderOf('priority', [candidate('x')]);
    expect(conditional(order, [candidate('x')], 'chat')).toBe(order);
  });
});
