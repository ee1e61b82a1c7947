/** Something that a {@link Roster} holds; it keeps its own place there. */
export interface Rostered {
  place: number;
}

/**
 * What is in hand at present, in no order. Not a Set: each time that one's table has filled with removed entries, V8 makes a
 * new table and leaves the old one pointing at it, entries and all. Once one of them has grown old, it and its successors
 * keep every request that was in hand alive until the next full collection, so all are copied and none dies young: a
 * quarter of a forwarding stage's time went there, and 7 % since (docs/decisions/0018).
 */
export class Roster<Item extends Rostered> implements Iterable<Item> {
  readonly #items: Item[] = [];

  get size(): number {
    return this.#items.length;
  }

  add(item: Item): void {
    item.place = this.#items.length;
    this.#items.push(item);
  }

  /** Takes out an item that is in it. */
  remove(item: Item): void {
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    this.#items[item.place] = last;
    last.place = item.place;
  }

  /** As they are now: whoever iterates may add and remove. */
  [Symbol.iterator](): Iterator<Item> {
    return this.#items.slice().values();
  }
}
