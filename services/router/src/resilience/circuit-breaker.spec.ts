import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { type BreakerPolicy, type BreakerTicket, type BreakerTransition, CircuitBreaker } from './circuit-breaker.ts';

const policy: BreakerPolicy = { failures: 3, failureRate: 0.5, openForMs: 5_000 };

let now: number;
let changes: BreakerTransition[];
let breaker: CircuitBreaker;

beforeEach(() => {
  now = 1_000_000;
  changes = [];
  breaker = new CircuitBreaker(policy, (change) => changes.push(change));
});

function begin(): BreakerTicket {
  const ticket = breaker.begin(now);
  if (ticket === undefined) throw new Error('the breaker did not admit the call');
  return ticket;
}
const succeed = (): void => {
  breaker.succeeded(begin(), now);
};
const fail = (): void => {
  breaker.failed(begin(), now);
};
const failOften = (count: number): void => {
  for (let call = 0; call < count; call++) fail();
};

describe('closed', () => {
  it('opens after failures in a row', () => {
    failOften(2);
    expect(breaker.state(now)).toBe('closed');
    fail();
    expect(breaker.state(now)).toBe('open');
    expect(breaker.begin(now)).toBeUndefined();
    expect(changes).toEqual([{ to: 'open', cause: 'failures', until: now + 5_000 }]);
  });

  it('counts failures in a row and no totals', () => {
    for (let round = 0; round < 9; round++) {
      failOften(2);
      succeed();
      succeed();
      succeed();
    }
    expect(breaker.state(now)).toBe('closed');
  });

  it('opens when half of the calls of ten seconds fail, with twenty of them at least', () => {
    const alternate = (): void => {
      succeed();
      fail();
    };
    for (let round = 0; round < 9; round++) alternate();
    succeed();
    expect(breaker.state(now)).toBe('closed');
    fail();
    expect(changes).toEqual([{ to: 'open', cause: 'failure-rate', until: now + 5_000 }]);
  });

  it('forgets calls older than ten seconds', () => {
    for (let round = 0; round < 100; round++) {
      succeed();
      fail();
      now += 1_300;
    }
    expect(breaker.state(now)).toBe('closed');
  });

  it('takes a new policy over', () => {
    breaker.usePolicy({ ...policy, failures: 1 });
    fail();
    expect(breaker.state(now)).toBe('open');
  });

  it('says that a call may be made at once', () => {
    expect([breaker.admits(now), breaker.admitsFrom(now)]).toEqual([true, now]);
  });
});

describe('open', () => {
  beforeEach(() => {
    failOften(3);
  });

  it('says when the first call is admitted', () => {
    expect([breaker.admits(now + 4_999), breaker.admitsFrom(now)]).toEqual([false, now + 5_000]);
  });

  it('is not changed by calls that began before', () => {
    const early = new CircuitBreaker(policy, (change) => changes.push(change));
    const [one, two] = [early.begin(now), early.begin(now)];
    if (one === undefined || two === undefined) throw new Error('closed breakers admit');
    for (let call = 0; call < 3; call++) early.failed(early.begin(now) ?? -1, now);
    early.failed(one, now + 4_000);
    early.succeeded(two, now + 4_000);
    expect([early.state(now + 4_999), early.state(now + 5_000)]).toEqual(['open', 'half-open']);
  });

  it('admits one call at a time when its time is over', () => {
    now += 5_000;
    expect(breaker.state(now)).toBe('half-open');
    begin();
    expect(breaker.begin(now)).toBeUndefined();
    expect([breaker.admits(now), breaker.admitsFrom(now)]).toEqual([false, now + 1_000]);
  });
});

describe('half-open', () => {
  beforeEach(() => {
    failOften(3);
    now += 5_000;
    changes = [];
  });

  it('closes by one success', () => {
    succeed();
    expect(breaker.state(now)).toBe('closed');
    failOften(2);
    expect(breaker.state(now)).toBe('closed');
    expect(changes.map(({ to }) => to)).toEqual(['half-open', 'closed']);
  });

  it('opens for twice as long by each failure, up to two minutes', () => {
    const pauses: number[] = [];
    for (let probe = 0; probe < 8; probe++) {
      fail();
      pauses.push(breaker.admitsFrom(now) - now);
      now = breaker.admitsFrom(now);
    }
    expect(pauses).toEqual([10_000, 20_000, 40_000, 80_000, 120_000, 120_000, 120_000, 120_000]);
  });

  it('begins anew with short pauses once it was closed', () => {
    fail();
    now += 10_000;
    succeed();
    failOften(3);
    expect(breaker.admitsFrom(now)).toBe(now + 5_000);
  });

  it('admits the next probe when one ended without a verdict', () => {
    breaker.released(begin());
    expect(breaker.admits(now)).toBe(true);
  });

  it('admits another when a probe was never heard of again, and does not hear the first any more', () => {
    const lost = begin();
    now += 59_999;
    expect(breaker.admits(now)).toBe(false);
    now += 1;
    begin();
    breaker.failed(lost, now);
    expect(breaker.state(now)).toBe('half-open');
  });
});

describe('what others say', () => {
  it('rests for as long as the provider asks, a minute at most, and then tries', () => {
    breaker.askedToWait(7_000, now);
    expect(breaker.admitsFrom(now)).toBe(now + 7_000);
    breaker.askedToWait(86_400_000, now);
    expect(breaker.admitsFrom(now)).toBe(now + 60_000);
    now += 60_000;
    succeed();
    expect(breaker.state(now)).toBe('closed');
  });

  it('rests for a second after "too many" without a time', () => {
    breaker.askedToWait(undefined, now);
    expect(breaker.admitsFrom(now)).toBe(now + 1_000);
  });

  it('does not grow by pauses that were asked for', () => {
    for (let round = 0; round < 5; round++) {
      breaker.askedToWait(2_000, now);
      now += 2_000;
    }
    fail();
    expect(breaker.admitsFrom(now)).toBe(now + 10_000);
  });

  it('opens when another router found the target ill, two minutes at most', () => {
    breaker.heardIll(now + 9_000, 'peer', now);
    expect(breaker.admitsFrom(now)).toBe(now + 9_000);
    breaker.heardIll(now + 86_400_000, 'peer', now);
    expect(breaker.admitsFrom(now)).toBe(now + 120_000);
  });

  it('keeps a longer pause of its own', () => {
    failOften(3);
    breaker.heardIll(now + 1_000, 'peer', now);
    expect(breaker.admitsFrom(now)).toBe(now + 5_000);
  });

  it('tries at once when another found the target well, and closes by its own call only', () => {
    failOften(3);
    breaker.heardWell('peer', now);
    expect(breaker.state(now)).toBe('half-open');
    succeed();
    expect(breaker.state(now)).toBe('closed');
    expect(changes.map(({ to, cause }) => `${to} ${cause}`)).toEqual([
      'open failures',
      'half-open peer',
      'half-open probe',
      'closed probe',
    ]);
  });

  it('is not changed by good news while it is closed', () => {
    breaker.heardWell('checked', now);
    expect(changes).toEqual([]);
  });
});

it('never admits a second probe, and is never shut for more than two minutes, whatever happens', () => {
  const step = fc.record({
    afterMs: fc.integer({ min: 0, max: 20_000 }),
    event: fc.constantFrom('begin', 'succeed', 'fail', 'release', 'asked', 'ill', 'well'),
    which: fc.nat(20),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const tried = new CircuitBreaker(policy);
      let time = 0;
      const open: BreakerTicket[] = [];
      let probe: { readonly ticket: BreakerTicket; readonly at: number } | undefined;
      for (const { afterMs, event, which } of steps) {
        time += afterMs;
        const before = tried.state(time);
        const ticket = open[which % Math.max(1, open.length)];
        if (event === 'begin') {
          const given = tried.begin(time);
          if (given !== undefined && before === 'half-open') {
            if (probe !== undefined && open.includes(probe.ticket) && time - probe.at < 60_000) return false;
            probe = { ticket: given, at: time };
          }
          if (given !== undefined && before === 'open') return false;
          if (given !== undefined) open.push(given);
        } else if (event === 'asked') {
          tried.askedToWait(which * 10_000, time);
          probe = undefined;
        } else if (event === 'ill') {
          tried.heardIll(time + which * 10_000, 'peer', time);
          probe = undefined;
        } else if (event === 'well') tried.heardWell('peer', time);
        else if (ticket !== undefined) {
          open.splice(open.indexOf(ticket), 1);
          if (event === 'succeed') tried.succeeded(ticket, time);
          if (event === 'fail') tried.failed(ticket, time);
          if (event === 'release') tried.released(ticket);
        }
        if (tried.admitsFrom(time) - time > 120_000) return false;
      }
      return true;
    }),
  );
});
