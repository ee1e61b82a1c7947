/** What can be found by the id of its request. */
interface Identified {
  readonly requestId: string;
}

/** A power of two, so that a place is a mask away. */
const firstPlaces = 1_024;
/** Fuller tables are doubled: below it an item is nearly always at its own place or the next. */
const fullest = 0.5;
/** Letters of an id that are hashed, from its end: ids end in random letters. */
const hashedLetters = 12;
const hashSeed = 0x811c9dc5;
const hashFactor = 0x01000193;

/**
 * Items by request id in one flat table: an item stands at the place its id hashes to, or the next free one after it. A Map of
 * what comes and goes with each request makes it grow old (docs/decisions, 18); this table is only written in place. Its bound is the caller's.
 */
export class OpenReservations<Item extends Identified> implements Iterable<Item> {
  #places: (Item | undefined)[] = emptyPlaces(firstPlaces);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(requestId: string): Item | undefined {
    return this.#places[this.#find(requestId)];
  }

  /** Puts an item in; one of the same id gives way. */
  set(item: Item): void {
    if (this.#size >= this.#places.length * fullest) this.#grow();
    const place = this.#find(item.requestId);
    if (this.#places[place] === undefined) this.#size += 1;
    this.#places[place] = item;
  }

  delete(requestId: string): void {
    const places = this.#places;
    const mask = places.length - 1;
    let gap = this.#find(requestId);
    if (places[gap] === undefined) return;
    this.#size -= 1;
    // Whatever could not have its own place moves up, so that a search may end at the first free one.
    for (let place = (gap + 1) & mask; ; place = (place + 1) & mask) {
      const item = places[place];
      if (item === undefined) break;
      const own = hashOf(item.requestId) & mask;
      if (((place - own) & mask) < ((place - gap) & mask)) continue;
      places[gap] = item;
      gap = place;
    }
    places[gap] = undefined;
  }

  /** As they are now: whoever iterates may add and remove. */
  [Symbol.iterator](): Iterator<Item> {
    return this.#places.filter((item) => item !== undefined).values();
  }

  /** Place of an item, or the free one where it would be. */
  #find(requestId: string): number {
    const mask = this.#places.length - 1;
    let place = hashOf(requestId) & mask;
    for (;;) {
      const item = this.#places[place];
      if (item === undefined || item.requestId === requestId) return place;
      place = (place + 1) & mask;
    }
  }

  #grow(): void {
    const before = this.#places;
    this.#places = emptyPlaces(before.length * 2);
    for (const item of before) if (item !== undefined) this.#places[this.#find(item.requestId)] = item;
  }
}

function emptyPlaces<Item>(count: number): (Item | undefined)[] {
  return Array.from({ length: count }, () => undefined);
}

/** FNV-1a of the last letters. */
function hashOf(id: string): number {
  let hash = hashSeed;
  for (let index = Math.max(0, id.length - hashedLetters); index < id.length; index += 1)
    hash = Math.imul(hash ^ id.charCodeAt(index), hashFactor);
  return (hash ^ (hash >>> 15)) >>> 0;
}
