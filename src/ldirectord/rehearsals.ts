// `reload --dry-run` and `diff`: what the running director would ask of the kernel, in ipvsadm's
// words. The table is read for it; nothing is changed.

import type { Result } from '../base/result.js';
import type { DirectorConfig } from '../config/director-config.js';
import type { DirectorEvent } from '../director/director-event.js';
import { differenceLines, ipvsadmWords } from '../director/ipvsadm-text.js';
import type { Rehearsal } from '../director/rehearsal.js';
import type { ObservedService } from '../wire/ipvs-table.js';
import type { RehearsalOutcome } from './director-control.js';
import { diagnosticReport, type LoadedDirectorConfig } from './director-machine.js';

type Question = Extract<DirectorEvent, { readonly kind: 'rehearsal-asked' }>;

/** The running director, as far as it is needed here. */
export interface RehearsalFace {
  isWarm(): boolean;
  load(): Promise<LoadedDirectorConfig>;
  read(): Result<readonly ObservedService[], string>;
  ask(question: Question): void;
}

export interface Rehearsals {
  reload(): Promise<RehearsalOutcome>;
  compare(): Promise<RehearsalOutcome>;
  /** The engine's answer. */
  take(id: number, rehearsal: Rehearsal): void;
}

type Rehearse = (
  config: DirectorConfig | undefined,
  observed: readonly ObservedService[],
) => Promise<Rehearsal>;

export function createRehearsals(face: RehearsalFace): Rehearsals {
  const waiting = new Map<number, (rehearsal: Rehearsal) => void>();
  let lastId = 0;
  const rehearse: Rehearse = (config, observed) => {
    const id = ++lastId;
    return new Promise((resolve) => {
      waiting.set(id, resolve);
      face.ask({ kind: 'rehearsal-asked', id, config, observed });
    });
  };
  return {
    reload: () => rehearseReload(face, rehearse),
    compare: () => compareTable(face, rehearse),
    take: (id, rehearsal) => {
      waiting.get(id)?.(rehearsal);
      waiting.delete(id);
    },
  };
}

const failed = (text: string, lines: readonly string[] = []): RehearsalOutcome => ({
  isDone: false,
  text,
  lines,
  edits: [],
  expected: [],
});

async function rehearseReload(
  director: RehearsalFace,
  rehearse: Rehearse,
): Promise<RehearsalOutcome> {
  const { config, diagnostics } = await director.load();
  const lines = diagnosticReport(diagnostics);
  if (config === undefined) return failed('the file has errors: it would be refused', lines);
  if (director.isWarm()) {
    const text = 'this director stands by: a reload changes no table here';
    return { isDone: true, text, lines, edits: [], expected: [] };
  }
  const read = director.read();
  if (!read.ok) return failed(`the table cannot be read: ${read.detail}`, lines);
  const { edits, expected } = await rehearse(config, read.value);
  return {
    isDone: true,
    text: edits.length === 0 ? 'nothing changes at once' : `${edits.length} changes`,
    lines,
    edits: edits.map(ipvsadmWords),
    expected: expected.map(ipvsadmWords),
  };
}

async function compareTable(
  director: RehearsalFace,
  rehearse: Rehearse,
): Promise<RehearsalOutcome> {
  if (director.isWarm()) return failed('this director stands by: the table is not its own');
  const read = director.read();
  if (!read.ok) return failed(`the table cannot be read: ${read.detail}`);
  const { edits } = await rehearse(undefined, read.value);
  const lines = differenceLines(edits, read.value);
  const text = lines.length === 0 ? 'the table is as wanted' : 'the table is not as wanted';
  return { isDone: true, text, lines: [], edits: lines, expected: [] };
}
