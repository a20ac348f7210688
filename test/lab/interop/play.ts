// Plays one cell: its scenario on one pair, event after event, each with what it has to lead to. An
// event is over when every address is where it belongs and both nodes are at rest.

import { holdsFor, nowMs, waitFor } from '../wait.js';
import type { Cell } from './cell.js';
import { type Complaint, complaintsOf } from './complaints.js';
import { type Holders, InteropPair, type NodeName, other } from './interop-pair.js';
import { scenarios } from './scenarios.js';

/** An original waits 10 s at a cold start; scripts and a busy machine take the rest. */
const eventMs = 60_000;
/** How long everything must stay where it is before the next event begins. */
const restMs = 700;
/** From the addresses in their place to the word of the original's script about it. */
const takeoverMs = 10_000;
/** A cell in which the original lost a message of its own says nothing, and is played again. */
const playsMax = 3;

export interface EventSeen {
  readonly name: string;
  /** Until every address was in its place. */
  readonly ms: number;
  /** The longest span in which an address had no holder, and in which it had two. */
  readonly noneMs: number;
  readonly twiceMs: number;
}

export interface CellResult {
  readonly cell: Cell;
  readonly events: readonly EventSeen[];
  readonly complaints: readonly Complaint[];
  readonly ms: number;
  /** How often it was played until the original lost no message of its own. */
  readonly plays: number;
  readonly fault?: string;
}

/** What a scenario is told with. */
export class Play {
  readonly pair: InteropPair;
  readonly events: EventSeen[] = [];
  /** Where each address is now; scenarios reckon from it. */
  holders: Holders = { alpha: 'alpha', beta: 'beta' };

  constructor(pair: InteropPair) {
    this.pair = pair;
  }

  get cell(): Cell {
    return this.pair.cell;
  }

  /** Does something and waits for what has to follow. Two holders are only allowed where said. */
  async event(
    name: string,
    act: () => Promise<void>,
    follows: Holders,
    options: { readonly alone?: boolean; readonly twice?: boolean } = {},
  ): Promise<void> {
    const { pair } = this;
    const from = nowMs();
    try {
      await act();
      await pair.waitForHolders(follows, eventMs);
      const ms = Math.round(nowMs() - from);
      if (options.alone !== true) await pair.waitForBothSettled(eventMs);
      else if (this.cell.failback !== 'legacy') await this.waitForTakeover(follows.alpha, from);
      if (!(await holdsFor(restMs, () => pair.holds(follows)))) {
        throw new Error(`did not stay: ${pair.describe()}\n${pair.explain()}`);
      }
      const twiceMs = pair.longestWith(2, from);
      this.events.push({ name, ms, noneMs: pair.longestWith(0, from), twiceMs });
      if (twiceMs > 0 && options.twice !== true) {
        throw new Error(`two holders for ${twiceMs} ms\n${pair.explain()}`);
      }
      this.holders = follows;
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      throw new Error(`${name}: ${detail}`);
    }
  }

  private waitForTakeover(survivor: NodeName, sinceMs: number): Promise<boolean> {
    const seat = this.pair.seat(survivor);
    return waitFor(
      `the takeover of ${survivor} to be complete`,
      takeoverMs,
      () => seat.hasTakenOver(sinceMs),
      () => this.pair.explain(),
    );
  }

  /** Where the addresses are once a node is alone. */
  allOn(name: NodeName): Holders {
    return { alpha: name, beta: name };
  }

  /** Where they are after a node has come back. */
  afterReturnOf(name: NodeName): Holders {
    return this.cell.failback === 'off' ? this.holders : { ...this.holders, [name]: name };
  }

  /** Where they are after a node went standby. */
  afterStandby(name: NodeName, word: 'all' | 'local' | 'foreign'): Holders {
    const peer = other(name);
    const gone = { local: [name], foreign: [peer], all: [name, peer] }[word];
    return {
      alpha: gone.includes('alpha') ? peer : this.holders.alpha,
      beta: gone.includes('beta') ? peer : this.holders.beta,
    };
  }
}

async function playOnce(cell: Cell, plays: number): Promise<CellResult & { isSpoiled: boolean }> {
  const from = nowMs();
  const pair = await InteropPair.build(cell);
  const play = new Play(pair);
  let fault: string | undefined;
  try {
    await scenarios[cell.scenario](play);
  } catch (error) {
    fault = error instanceof Error ? error.message : String(error);
  }
  const isSpoiled = pair.isSpoiled();
  const complaints = complaintsOf(pair);
  await pair.close();
  const ms = Math.round(nowMs() - from);
  const result = { cell, events: play.events, complaints, ms, plays, isSpoiled };
  return fault === undefined ? result : { ...result, fault };
}

export async function playCell(cell: Cell): Promise<CellResult> {
  for (let plays = 1; ; plays++) {
    const result = await playOnce(cell, plays);
    if (result.fault === undefined || !result.isSpoiled || plays === playsMax) return result;
  }
}
