// Plays one cell: its scenario on one pair, event after event, each with what it has to lead to. An
// event is over when every address is where it belongs and both nodes are at rest.

import { join } from 'node:path';
import { holdsFor, nowMs } from '../wait.js';
import { type Cell, cellName } from './cell.js';
import { type Complaint, complaintsOf } from './complaints.js';
import { isGood } from './grid.js';
import { type Holders, InteropPair, type NodeName, other } from './interop-pair.js';
import { scenarios } from './scenarios.js';

/** An original waits 10 s at a cold start; scripts and a busy machine take the rest. */
const eventMs = 60_000;
/** How long everything must stay where it is before the next event begins. */
const restMs = 700;
/**
 * Two nodes of this program hand over without a gap: the address is on both for a moment, and the
 * leaver answers nobody (docs/decisions/0004).
 */
const overlapMs = 1000;
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
  /** Messages of the original's own that it had lost. */
  readonly givenAgain: number;
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
      else if (this.cell.failback !== 'legacy') await pair.waitForTakeover(follows.alpha, from);
      if (!(await holdsFor(restMs, () => pair.holds(follows)))) {
        throw new Error(`did not stay: ${pair.describe()}`);
      }
      const twiceMs = pair.longestWith(2, from);
      this.events.push({ name, ms, noneMs: pair.longestWith(0, from), twiceMs });
      if (twiceMs > (pair.isAllLubdub() ? overlapMs : 0) && options.twice !== true) {
        throw new Error(`two holders for ${twiceMs} ms`);
      }
      this.holders = follows;
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      throw new Error(`${name}: ${detail}`);
    }
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

const fileName = (cell: Cell): string => cellName(cell).replace(/[^a-z0-9]+/g, '-');

async function playOnce(
  cell: Cell,
  plays: number,
  logs: string | undefined,
): Promise<CellResult & { isSpoiled: boolean }> {
  const from = nowMs();
  const pair = await InteropPair.build(cell);
  const play = new Play(pair);
  let fault: string | undefined;
  try {
    await scenarios[cell.scenario](play);
  } catch (error) {
    // What one node waits for in vain, the other's log often explains.
    fault = `${error instanceof Error ? error.message : String(error)}\n${pair.explain()}`;
  }
  const isSpoiled = pair.isSpoiled();
  const complaints = complaintsOf(pair);
  const ms = Math.round(nowMs() - from);
  const played = {
    cell,
    events: play.events,
    complaints,
    ms,
    plays,
    givenAgain: pair.givenAgain(),
    isSpoiled,
  };
  const result = fault === undefined ? played : { ...played, fault };
  if (logs !== undefined && !isGood(result)) {
    pair.keepLogs(join(logs, `${fileName(cell)}.${plays}`));
  }
  await pair.close();
  return result;
}

/** With a folder for logs, both nodes' logs of every play that went wrong are kept there. */
export async function playCell(cell: Cell, logs?: string): Promise<CellResult> {
  for (let plays = 1; ; plays++) {
    const result = await playOnce(cell, plays, logs);
    if (result.fault === undefined || !result.isSpoiled || plays === playsMax) return result;
  }
}
