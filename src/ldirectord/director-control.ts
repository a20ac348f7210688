// The questions that a running director answers on its control socket, one JSON object each:
// `{"command": "status"|"activate"|"deactivate"|"reload"|"stop"}`, and those on operators' words.

import type { JsonObject } from '../runtime/control-socket.js';
import type { ReloadOutcome } from './status-report.js';

export interface ControlOutcome {
  readonly isDone: boolean;
  readonly text: string;
}

export interface RehearsalOutcome extends ControlOutcome {
  /** Diagnostics of the file. */
  readonly lines: readonly string[];
  /** In ipvsadm's words. */
  readonly edits: readonly string[];
  /** The same, for when first checks of new real servers are good. */
  readonly expected: readonly string[];
}

export interface DirectorControl {
  /** Resolves when the kernel has confirmed the table, or has refused a part of it. */
  activate(): Promise<ControlOutcome>;
  /** Resolves when the table is withdrawn as `cleanstop` says. The checks go on. */
  deactivate(): Promise<ControlOutcome>;
  reload(): Promise<ReloadOutcome>;
  /** What a reload would ask of the kernel, as ipvsadm lines; nothing is changed. */
  rehearseReload(): Promise<RehearsalOutcome>;
  /** How the kernel's table differs from what is wanted. */
  compare(): Promise<RehearsalOutcome>;
  /** An operator's word on real servers; resolves when it is kept and the peer was told. */
  administer(question: JsonObject): Promise<ControlOutcome>;
  /** What the director on the other node said, brought by heartbeat. */
  hearAdministration(question: JsonObject): void;
  /** The other node is heard, anew or again. */
  shareAdministration(): void;
  /** Returns at once; the process is gone when its socket is. */
  stop(signal: string): void;
  report(): JsonObject;
  mode(): 'active' | 'warm';
}

export async function answerDirectorQuestion(
  question: JsonObject,
  director: DirectorControl,
): Promise<JsonObject> {
  const command = question.command;
  switch (command) {
    case 'status':
      return { ok: true, ...director.report() };
    case 'activate':
      return answerOf(await director.activate());
    case 'deactivate':
      return answerOf(await director.deactivate());
    case 'compare':
      return rehearsalOf(await director.compare());
    case 'reload': {
      if (question.isRehearsal === true) return rehearsalOf(await director.rehearseReload());
      const { isDone, lines } = await director.reload();
      return { ...answerOf({ isDone, text: isDone ? 'reloaded' : 'not reloaded' }), lines };
    }
    case 'administer':
      return answerOf(await director.administer(question));
    case 'hear-administration':
      director.hearAdministration(question);
      return { ok: true };
    case 'share-administration':
      director.shareAdministration();
      return { ok: true };
    case 'stop':
      // After the answer: the socket closes with the process.
      setImmediate(() => director.stop('TERM'));
      return { ok: true, text: 'stopping', pid: process.pid };
    default:
      return answerOf({
        isDone: false,
        text: `unknown command ${JSON.stringify(command ?? null)}`,
      });
  }
}

const rehearsalOf = (outcome: RehearsalOutcome): JsonObject => {
  const { lines, edits, expected } = outcome;
  return { ...answerOf(outcome), lines, edits, expected };
};

const answerOf = ({ isDone, text }: ControlOutcome): JsonObject =>
  isDone ? { ok: true, text } : { ok: false, error: text };
