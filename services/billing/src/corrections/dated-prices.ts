const dayMs = 86_400_000;
const hourMs = 3_600_000;
const hoursPerDay = 24;
/** Months before and after now for which changes are looked for; earlier calls have the first price, later ones the last. */
const months = { back: 13, ahead: 13 };

export interface DatedPrice<Price> {
  /** Epoch ms, the beginning of a day in UTC. */
  readonly from: number;
  readonly price: Price;
}

/**
 * A price by the days on which it changes, found by asking for it: at the beginning of each month, and where two differ, at days between them.
 * None for a price that depends on the time of day: a list cannot hold it, and a re-rating that took one of them for all would correct what
 * was right.
 * @param priceAt price at a time (epoch ms), of the same text where it is the same; undefined: none yet
 */
export function datedPrices<Price>(priceAt: (at: number) => Price | undefined, now: number): DatedPrice<Price>[] {
  const textAt = (at: number): string => {
    const price = priceAt(at);
    return price === undefined ? '' : JSON.stringify(price);
  };
  const today = Math.floor(now / dayMs) * dayMs;
  const atMidnight = textAt(today);
  for (let hour = 0.5; hour < hoursPerDay; hour += 1) if (textAt(today + hour * hourMs) !== atMidnight) return [];
  const dated: DatedPrice<Price>[] = [];
  const note = (from: number): void => {
    const price = priceAt(from);
    if (price !== undefined) dated.push({ from, price });
  };
  const [year, month] = [new Date(now).getUTCFullYear(), new Date(now).getUTCMonth()];
  let day = Date.UTC(year, month - months.back);
  note(day);
  for (let ahead = 1 - months.back; ahead <= months.ahead; ahead += 1) {
    const next = Date.UTC(year, month + ahead);
    while (textAt(day) !== textAt(next)) note((day = firstChange(textAt, day, next)));
    day = next;
  }
  return dated;
}

/** First day after `from` whose text is another; that of `to` is. */
function firstChange(textAt: (at: number) => string, from: number, to: number): number {
  const text = textAt(from);
  let same = from / dayMs;
  let other = to / dayMs;
  while (other - same > 1) {
    const between = Math.floor((same + other) / 2);
    if (textAt(between * dayMs) === text) same = between;
    else other = between;
  }
  return other * dayMs;
}
