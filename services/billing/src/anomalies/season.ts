const hoursPerWeek = 168;
const hoursPerDay = 24;
/** Parents of the hours of a week: the hours of a working day and of a weekend's. */
const parents = 2 * hoursPerDay;
/** 1970 began on a Thursday; the days 2 and 3 after it are Saturday and Sunday. */
const weekendFrom = 2 * hoursPerDay;
const weekendTo = 4 * hoursPerDay;
/** Visits that a mean remembers, about: six weeks of an hour of the week, eight of a parent, a few of all. */
const rememberedVisits = { slot: 6, parent: 40, hour: 40, all: 336 };
/** Weight of a parent's mean, in visits. */
const shrinkage = 1;
/**
 * A visit moves a mean as if it lay at most so far from it (on the scale of scores): outliers pull little, and idle hours least, for
 * after a holiday the usual is what it was before.
 */
const furthestPull = { up: 3, down: 1 };

const slotOf = (hour: number): number => ((hour % hoursPerWeek) + hoursPerWeek) % hoursPerWeek;
const parentOf = (slot: number): number => (slot % hoursPerDay) + (slot >= weekendFrom && slot < weekendTo ? hoursPerDay : 0);

/** How often each hour of the week was seen; the levels of a key share it, for they learn together. */
export class Visits {
  readonly slots = new Uint8Array(hoursPerWeek);
  readonly parents = new Uint8Array(parents);
  readonly hours = new Uint8Array(hoursPerDay);
  all = 0;

  /** How often the hour of the week, and those beside it, were seen at least. */
  lowestAround(hour: number): number {
    return Math.min(...[hour - 1, hour, hour + 1].map((near) => this.slots[slotOf(near)] ?? 0));
  }

  /** Counts an hour (since 1970), after the levels have learned it. */
  count(hour: number): void {
    const slot = slotOf(hour);
    const parent = parentOf(slot);
    this.slots[slot] = Math.min(rememberedVisits.slot, (this.slots[slot] ?? 0) + 1);
    this.parents[parent] = Math.min(rememberedVisits.parent, (this.parents[parent] ?? 0) + 1);
    const ofDay = slot % hoursPerDay;
    this.hours[ofDay] = Math.min(rememberedVisits.hour, (this.hours[ofDay] ?? 0) + 1);
    this.all = Math.min(rememberedVisits.all, this.all + 1);
  }
}

/**
 * Usual level by hour of the week, in UTC, as a mean of scores. While an hour of the week was seen a few times only, it leans on the same hour of
 * other working days (or weekends), that on the hour of any day, and that on all hours.
 */
export class Season {
  readonly #visits: Visits;
  readonly #slots = new Float32Array(hoursPerWeek);
  readonly #parents = new Float32Array(parents);
  readonly #hours = new Float32Array(hoursPerDay);
  #all = 0;

  constructor(visits: Visits) {
    this.#visits = visits;
  }

  level(hour: number): number {
    const slot = slotOf(hour);
    const parent = parentOf(slot);
    const ofDay = slot % hoursPerDay;
    const ofHour = shrunk(this.#hours[ofDay] ?? 0, this.#visits.hours[ofDay] ?? 0, this.#all);
    const ofParent = shrunk(this.#parents[parent] ?? 0, this.#visits.parents[parent] ?? 0, ofHour);
    return shrunk(this.#slots[slot] ?? 0, this.#visits.slots[slot] ?? 0, ofParent);
  }

  /** Level of this hour or one beside it, the highest: jobs start early or late, and clocks change twice a year. */
  levelAround(hour: number): number {
    return Math.max(this.level(hour - 1), this.level(hour), this.level(hour + 1));
  }

  /**
   * Before {@link Visits.count} of the same hour. What belongs to a break pulls too, within the same limit: a break each
   * Saturday is a Saturday's usual before long, and one burst hardly moves the mean.
   */
  learn(hour: number, score: number): void {
    const slot = slotOf(hour);
    const parent = parentOf(slot);
    const ofDay = slot % hoursPerDay;
    const visited = this.#visits.slots[slot] ?? 0;
    const expected = this.level(hour);
    const nearby = Math.min(expected + furthestPull.up, Math.max(expected - furthestPull.down, score));
    const pulled = visited >= 2 ? nearby : score;
    this.#slots[slot] = moved(this.#slots[slot] ?? 0, pulled, visited);
    this.#parents[parent] = moved(this.#parents[parent] ?? 0, pulled, this.#visits.parents[parent] ?? 0);
    this.#hours[ofDay] = moved(this.#hours[ofDay] ?? 0, pulled, this.#visits.hours[ofDay] ?? 0);
    this.#all = moved(this.#all, pulled, this.#visits.all);
  }

  /** Moves an hour of the week half the way to a level that has come to stay. */
  adopt(hour: number, score: number): void {
    const slot = slotOf(hour);
    this.#slots[slot] = ((this.#slots[slot] ?? 0) + score) / 2;
  }
}

function shrunk(mean: number, visits: number, parent: number): number {
  return (visits * mean + shrinkage * parent) / (visits + shrinkage);
}

function moved(mean: number, score: number, visits: number): number {
  return mean + (score - mean) / (visits + 1);
}
