// Items in the order of the moments at which they are due: a heap, because a farm of a thousand
// real servers asks for the next one several thousand times a second.

import type { Instant } from '../base/time.js';

export interface DueQueue<T> {
  /** Enters the item, or moves it. */
  set(item: T, at: Instant): void;
  delete(item: T): void;
  /** When the first item is due; undefined when there is none. */
  next(): Instant | undefined;
  /** Takes out what is due by now, the earliest first and at most `most`. */
  takeDue(now: Instant, most: number): readonly T[];
  clear(): void;
}

export const createDueQueue = <T>(): DueQueue<T> => new Heap<T>();

interface Slot<T> {
  readonly item: T;
  at: Instant;
  index: number;
}

class Heap<T> implements DueQueue<T> {
  readonly #slots: Slot<T>[] = [];
  readonly #byItem = new Map<T, Slot<T>>();

  set(item: T, at: Instant): void {
    const known = this.#byItem.get(item);
    if (known === undefined) {
      const slot = { item, at, index: this.#slots.length };
      this.#byItem.set(item, slot);
      this.#slots.push(slot);
      this.#rise(slot);
      return;
    }
    known.at = at;
    this.#rise(known);
    this.#sink(known);
  }

  delete(item: T): void {
    const slot = this.#byItem.get(item);
    const last = this.#slots.at(-1);
    if (slot === undefined || last === undefined) return;
    this.#byItem.delete(item);
    this.#slots.pop();
    if (slot === last) return;
    this.#place(last, slot.index);
    this.#rise(last);
    this.#sink(last);
  }

  next(): Instant | undefined {
    return this.#slots[0]?.at;
  }

  takeDue(now: Instant, most: number): readonly T[] {
    const taken: T[] = [];
    for (let first = this.#slots[0]; taken.length < most; first = this.#slots[0]) {
      if (first === undefined || first.at > now) break;
      taken.push(first.item);
      this.delete(first.item);
    }
    return taken;
  }

  clear(): void {
    this.#slots.length = 0;
    this.#byItem.clear();
  }

  #place(slot: Slot<T>, index: number): void {
    slot.index = index;
    this.#slots[index] = slot;
  }

  #rise(slot: Slot<T>): void {
    while (slot.index > 0) {
      const parent = this.#slots[(slot.index - 1) >> 1];
      if (parent === undefined || parent.at <= slot.at) return;
      this.#swap(parent, slot);
    }
  }

  #sink(slot: Slot<T>): void {
    for (;;) {
      const left = this.#slots[2 * slot.index + 1];
      const right = this.#slots[2 * slot.index + 2];
      const child = right !== undefined && left !== undefined && right.at < left.at ? right : left;
      if (child === undefined || child.at >= slot.at) return;
      this.#swap(slot, child);
    }
  }

  #swap(upper: Slot<T>, lower: Slot<T>): void {
    const index = upper.index;
    this.#place(upper, lower.index);
    this.#place(lower, index);
  }
}
