/** Slots at first; a power of two is not needed, room for what is usually under way is. */
const firstSlots = 1_024;

/**
 * Items numbered from 1 in the order of their coming, taken out in nearly that order: a ring of slots that doubles when the
 * oldest and the newest are further apart. A Map would cost what {@link Roster} says. Its bound is the caller's.
 */
export class SequenceWindow<Item> {
  #slots: (Item | undefined)[] = Array.from({ length: firstSlots });
  #oldest = 1;
  #last = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Number of the newest item that ever came; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  /** Number of the oldest item in it; one above {@link last} where it is empty. */
  get oldest(): number {
    return this.#oldest;
  }

  push(item: Item): void {
    if (this.#last + 1 - this.#oldest === this.#slots.length) this.#grow();
    this.#last += 1;
    this.#slots[this.#last % this.#slots.length] = item;
    this.#size += 1;
  }

  get(sequence: number): Item | undefined {
    return sequence >= this.#oldest && sequence <= this.#last ? this.#slots[sequence % this.#slots.length] : undefined;
  }

  /** Whether it was there. */
  delete(sequence: number): boolean {
    if (this.get(sequence) === undefined) return false;
    this.#slots[sequence % this.#slots.length] = undefined;
    this.#size -= 1;
    while (this.#oldest <= this.#last && this.#slots[this.#oldest % this.#slots.length] === undefined) this.#oldest += 1;
    return true;
  }

  #grow(): void {
    const grown: (Item | undefined)[] = Array.from({ length: this.#slots.length * 2 });
    for (let sequence = this.#oldest; sequence <= this.#last; sequence += 1)
      grown[sequence % grown.length] = this.#slots[sequence % this.#slots.length];
    this.#slots = grown;
  }
}
