import { anomaliesSchema } from '@sluice/contracts';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from './back-test/random.ts';
import { minutesPerHour, type MinuteSums } from './key-minute.ts';
import type { BreakBegun, HourFacts, KeyNews } from './key-news.ts';
import { KeyWatch } from './key-watch.ts';
import { sensitivityOf } from './sensitivity.ts';

/** A Monday, 00:00, in minutes. */
const start = Date.parse('2026-09-07T00:00:00Z') / 60_000;
const dayMinutes = 1_440;
const tokensPerRequest = 1_000;
const sensitivity = sensitivityOf(anomaliesSchema.parse({}));
const silent = sensitivityOf(anomaliesSchema.parse({ silence: true }));

interface Traffic {
  readonly requests: number;
  readonly tokens?: number;
  readonly cost?: number;
  readonly errors?: number;
  readonly refusals?: number;
}

const sumsOf = ({
  requests,
  tokens = requests * tokensPerRequest,
  cost = tokens * 2_000,
  errors = 0,
  refusals = 0,
}: Traffic): MinuteSums => ({
  requests,
  tokens,
  costNanoUsd: cost,
  errors,
  refusals,
});

/** Office hours of a steady key: about twenty requests a minute from 8 to 18 on working days. */
function ordinary(minute: number, random: Random): Traffic {
  const ofWeek = (minute - start) % (7 * dayMinutes);
  const hour = Math.floor((ofWeek % dayMinutes) / 60);
  return { requests: ofWeek < 5 * dayMinutes && hour >= 8 && hour < 18 ? random.poisson(20) : 0 };
}

interface Replay {
  readonly news: KeyNews[];
  readonly hours: HourFacts[];
  readonly watch: KeyWatch;
}

/** Four weeks and two days of minutes through the detector; `change` is what happens to them. */
function replay(
  change: (minute: number, usual: Traffic) => Traffic,
  options: { days?: number; scale?: number; sensitivity?: typeof sensitivity } = {},
): Replay {
  const { days = 30, scale = 1 } = options;
  const random = new Random(5);
  const watch = new KeyWatch(options.sensitivity ?? sensitivity);
  const news: KeyNews[] = [];
  const hours: HourFacts[] = [];
  for (let minute = start; minute < start + days * dayMinutes; minute += 1) {
    const traffic = change(minute - start, ordinary(minute, random));
    const sums = sumsOf(traffic);
    if (traffic.requests > 0) watch.put(minute, { ...sums, tokens: sums.tokens * scale, costNanoUsd: sums.costNanoUsd * scale });
    if (traffic.requests > 0 || watch.watchesSilence) news.push(...watch.look(minute));
    news.push(...watch.settle(minute));
    if (minute % minutesPerHour !== 10) continue;
    const facts = watch.factsOf(Math.floor(minute / minutesPerHour) - 1);
    hours.push(facts);
    watch.learn(facts);
  }
  return { news, hours, watch };
}

const begun = (news: readonly KeyNews[]): BreakBegun[] => news.filter((one) => one.kind === 'begun');
/** The 29th day, a Monday, at ten. */
const monday = 28 * dayMinutes + 600;
const during = (from: number, length: number, changed: (usual: Traffic) => Traffic) => (minute: number, usual: Traffic) =>
  minute >= from && minute < from + length ? changed(usual) : usual;

describe('a key in office hours', () => {
  it('raises nothing in a month of its ordinary use', () => {
    expect(replay((_, usual) => usual).news).toEqual([]);
  });

  it('raises one alert in the first minutes of ten times the use, and its end', () => {
    const { news } = replay(during(monday, 90, ({ requests }) => ({ requests: requests * 10 })));
    expect(news.map(({ kind, family }) => `${kind} ${family}`)).toEqual(['begun usage', 'ended usage']);
    expect((news[0]?.minute ?? 0) - start - monday).toBeLessThan(2);
    expect((news[1]?.minute ?? 0) - start - monday).toBeGreaterThan(90);
  });

  it('sees ordinary use in the night', () => {
    const night = 27 * dayMinutes + 120;
    const [alert] = begun(replay(during(night, 60, () => ({ requests: 20 }))).news);
    expect(alert).toMatchObject({ family: 'usage' });
    expect((alert?.minute ?? 0) - start - night).toBeLessThan(30);
  });

  it('sees requests that grow, at the usual number of them', () => {
    const [alert] = begun(replay(during(monday, 60, ({ requests }) => ({ requests, tokens: requests * tokensPerRequest * 5 }))).news);
    expect(alert).toMatchObject({ family: 'usage', metric: 'tokens' });
  });

  it('sees a dearer model, at the usual number of tokens', () => {
    const dearer = ({ requests }: Traffic): Traffic => ({ requests, cost: requests * tokensPerRequest * 8_000 });
    const [alert] = begun(replay(during(monday, 60, dearer)).news);
    expect(alert).toMatchObject({ family: 'usage', metric: 'cost' });
  });

  it.each(['errors', 'refusals'] as const)('sees a storm of %s and tells nothing of use', (family) => {
    const storm = ({ requests }: Traffic): Traffic => {
      const lost = Math.round(requests * 0.6);
      return { requests, tokens: (requests - lost) * tokensPerRequest, [family]: lost };
    };
    const alerts = begun(replay(during(monday, 30, storm)).news);
    expect(alerts.map((alert) => alert.family)).toEqual([family]);
    expect((alerts[0]?.minute ?? 0) - start - monday).toBeLessThan(5);
  });

  it('says nothing of a day without any request, unless silence is asked for', () => {
    const holiday = during(28 * dayMinutes, dayMinutes, () => ({ requests: 0 }));
    expect(replay(holiday).news).toEqual([]);
    const { news } = replay(holiday, { sensitivity: silent });
    expect(begun(news).map(({ family }) => family)).toEqual(['silence']);
  });

  it('does not take back to work after a holiday for a burst', () => {
    expect(replay(during(21 * dayMinutes, 5 * dayMinutes, () => ({ requests: 0 }))).news).toEqual([]);
  });

  it('keeps silent on bursts below the configured minimum', () => {
    const tiny = (minute: number, { requests }: Traffic): Traffic => ({
      requests,
      tokens: requests,
      cost: requests * (minute >= monday ? 40 : 2),
    });
    expect(replay(tiny).news).toEqual([]);
  });
});

it('takes a change that stays for the new usual within days', () => {
  const { news } = replay((minute, { requests }) => ({ requests: minute >= 21 * dayMinutes ? requests * 12 : requests }), { days: 42 });
  const days = begun(news).map(({ minute }) => Math.floor((minute - start) / dayMinutes));
  expect(days.length).toBeLessThanOrEqual(3);
  expect(Math.max(...days)).toBeLessThan(24);
  expect(news.at(-1)?.kind).toBe('ended');
});

it('is not blinded by one burst: the same again a day later is told again', () => {
  const burst = (minute: number, { requests }: Traffic): Traffic => {
    const isBurst = [monday, monday + dayMinutes].some((from) => minute >= from && minute < from + 60);
    return { requests: isBurst ? requests * 10 : requests };
  };
  expect(begun(replay(burst).news)).toHaveLength(2);
});

it('knows nothing of a new key but that it is not small', () => {
  const bursts = (minute: number, { requests }: Traffic): Traffic => ({ requests: minute % 300 < 20 ? requests * 10 : requests });
  expect(replay(bursts, { days: 2 }).news).toEqual([]);
  const huge = replay((_, { requests }) => ({ requests, tokens: requests * 1_000_000 }), { days: 2 });
  expect(begun(huge.news).length).toBeGreaterThan(0);
});

describe('whatever the numbers', () => {
  it('judges by proportion: five times the tokens and prices of everything changes no verdict above the minimum', () => {
    const burst = during(monday, 90, ({ requests }) => ({ requests: requests * 10 }));
    const verdicts = [1, 5].map((scale) => replay(burst, { scale }).news.map(({ kind, family, minute }) => ({ kind, family, minute })));
    expect(verdicts[1]).toEqual(verdicts[0]);
  });

  it('comes to the same bounds from the hours it stored as from the minutes', () => {
    const { hours, watch, news } = replay(during(monday - 3 * dayMinutes, 200, ({ requests }) => ({ requests: (requests + 5) * 10 })));
    expect(begun(news)).toHaveLength(1);
    const rebuilt = new KeyWatch(sensitivity);
    for (const facts of hours) rebuilt.learn(facts);
    const end = start + 30 * dayMinutes + 600;
    expect(rebuilt.usualRequestsPerMinute(end)).toBe(watch.usualRequestsPerMinute(end));
    for (const requests of [10, 30, 60, 90, 150, 400]) {
      const verdicts = [watch, rebuilt].map((one) => {
        one.put(end, sumsOf({ requests }));
        return one.look(end).map(({ kind }) => kind);
      });
      expect(verdicts[1]).toEqual(verdicts[0]);
    }
  });

  it('raises the same, once, however often and in whatever order late minutes are read again', () => {
    const shuffles = fc.array(fc.nat(4), { minLength: 20, maxLength: 20 });
    const { hours } = replay((_, usual) => usual, { days: 28 });
    const first = start + monday;
    const minutes = Array.from({ length: 20 }, (_, index) => ({ minute: first + index, sums: sumsOf({ requests: index < 8 ? 20 : 300 }) }));
    const run = (order: readonly number[]): string[] => {
      const watch = new KeyWatch(sensitivity);
      for (const facts of hours) watch.learn(facts);
      for (let hour = (hours.at(-1)?.hour ?? 0) + 1; hour < Math.floor(first / 60); hour += 1) watch.learn(watch.factsOf(hour));
      const news: KeyNews[] = [];
      for (const [index, { minute }] of minutes.entries()) {
        // The newest minute, and up to four before it once more, as rounds of the service read them.
        for (let back = order[index] ?? 0; back >= 0; back -= 1) {
          const again = minutes[Math.max(0, index - back)];
          if (again !== undefined) watch.put(again.minute, again.sums);
        }
        news.push(...watch.look(minute), ...watch.look(minute));
      }
      return begun(news).map(({ family, minute }) => `${family} ${minute - first}`);
    };
    const once = run(minutes.map(() => 0));
    expect(once).toHaveLength(1);
    fc.assert(
      fc.property(shuffles, (order) => {
        expect(run(order)).toEqual(once);
      }),
      { numRuns: 20 },
    );
  });
});
