// The order of things in virtual time: what is due first happens first, and of things due at the
// same moment the earlier entered, except deadlines of engines, which come after all deliveries
// (the driver drains sockets before it lets an engine judge).

export interface Agenda {
  /** `rank` 0 for ordinary things, 1 for deadlines. */
  at(time: number, act: () => void, rank?: 0 | 1): void;
  /** Acts until nothing is due before `end`; the clock then stands at `end`. */
  runUntil(end: number): void;
  time(): number;
}

interface Entry {
  readonly time: number;
  readonly rank: 0 | 1;
  readonly order: number;
  readonly act: () => void;
}

const isBefore = (a: Entry, b: Entry): boolean => {
  if (a.time !== b.time) return a.time < b.time;
  return a.rank === b.rank ? a.order < b.order : a.rank < b.rank;
};

/** A binary heap: swarms put hundreds of thousands of entries through it. */
export function createAgenda(): Agenda {
  const heap: Entry[] = [];
  let now = 0;
  let order = 0;
  const swap = (a: number, b: number): void => {
    const x = heap[a];
    const y = heap[b];
    if (x === undefined || y === undefined) return;
    heap[a] = y;
    heap[b] = x;
  };
  const less = (a: number, b: number): boolean => {
    const x = heap[a];
    const y = heap[b];
    return x !== undefined && y !== undefined && isBefore(x, y);
  };
  const push = (entry: Entry): void => {
    heap.push(entry);
    let child = heap.length - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!less(child, parent)) break;
      swap(child, parent);
      child = parent;
    }
  };
  const pop = (): Entry | undefined => {
    const [first] = heap;
    const last = heap.pop();
    if (last === undefined || first === undefined || heap.length === 0) return first;
    heap[0] = last;
    let parent = 0;
    for (;;) {
      let least = parent;
      if (less(2 * parent + 1, least)) least = 2 * parent + 1;
      if (less(2 * parent + 2, least)) least = 2 * parent + 2;
      if (least === parent) return first;
      swap(parent, least);
      parent = least;
    }
  };
  return {
    at: (time, act, rank = 0) => push({ time: Math.max(time, now), rank, order: order++, act }),
    runUntil: (end) => {
      for (let next = heap[0]; next !== undefined && next.time <= end; next = heap[0]) {
        pop();
        now = next.time;
        next.act();
      }
      now = Math.max(now, end);
    },
    time: () => now,
  };
}
