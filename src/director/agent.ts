// What an agent on a real server says of it: which part of its weight it can carry now, and whether
// it is to be left alone. Pure: words become a state, and the state says what it means for the
// table. Percentages are damped, so that a load that swings does not swing the table.

import type { LogCode } from '../base/log-code.js';
import type { LogLevel } from '../base/log-line.js';
import { cleanReason } from '../checks/check-verdict.js';

/** What one answer says; undefined is what it does not speak of. */
export interface AgentWord {
  /** Of the full weight: 0 to 100. */
  readonly percent: number | undefined;
  readonly mode: AgentMode | undefined;
  readonly isDown: boolean | undefined;
  /** What stands behind `#`. */
  readonly reason: string;
}

export type AgentMode = 'ready' | 'drain' | 'maint';

export interface AgentState {
  /** Nothing was understood yet; it was; or nothing any more, and its word is forgotten. */
  readonly standing: 'unheard' | 'heard' | 'silent';
  /** What it said of the weight, as far as that was taken. */
  readonly percent: number;
  /** The part of the full weight that is in force; it follows `percent`. */
  readonly share: number;
  readonly mode: AgentMode;
  readonly isDown: boolean;
  readonly reason: string;
  /** Questions in a row that brought no answer. */
  readonly failures: number;
}

/**
 * Points by which a percentage has to differ from the one that was taken: a load that is measured
 * every few seconds trembles by one or two, and each change is a request and a line of the log.
 * 0 and 100 are always meant.
 */
export const AGENT_CHANGE_MIN = 5;

/**
 * Points by which the weight moves with one answer: a quarter. All agents of a pool that say 20 at
 * once would otherwise throw the whole load on the one that has not spoken yet, which would say so
 * in turn; and from end to end it takes four answers, which is no longer than a load average takes.
 */
export const AGENT_STEP_MAX = 25;

/** One or two lost answers are a full listen queue, three are an agent that is gone. */
export const AGENT_FAILURES_MAX = 3;

const UNHEARD: AgentState = {
  standing: 'unheard',
  percent: 100,
  share: 100,
  mode: 'ready',
  isDown: false,
  reason: '',
  failures: 0,
};

const DOWN_WORDS: ReadonlySet<string> = new Set(['down', 'stopped', 'fail', 'failed']);

const modeNamed = (word: string): AgentMode | undefined =>
  word === 'ready' || word === 'drain' || word === 'maint' ? word : undefined;

/** More than the whole weight is the whole weight: such words are meant for other balancers. */
function percentNamed(word: string): number | undefined {
  const digits = /^([0-9]{1,3})%$/.exec(word)?.[1];
  return digits === undefined ? undefined : Math.min(100, Number(digits));
}

/**
 * The words of HAProxy's agent-check, apart by blanks or commas, as far as the first line end: of
 * percentages, of up and down, of ready, drain and maint the first one counts each. Undefined when
 * there is none of them.
 */
export function readAgentWord(text: string): AgentWord | undefined {
  const [line = ''] = text.split(/[\r\n]/, 1);
  const sharp = line.indexOf('#');
  const words = (sharp < 0 ? line : line.slice(0, sharp)).toLowerCase().split(/[\s,]+/);
  let percent: number | undefined;
  let mode: AgentMode | undefined;
  let isDown: boolean | undefined;
  for (const word of words) {
    percent ??= percentNamed(word);
    mode ??= modeNamed(word);
    isDown ??= word === 'up' ? false : DOWN_WORDS.has(word) ? true : undefined;
  }
  if (percent === undefined && mode === undefined && isDown === undefined) return undefined;
  return { percent, mode, isDown, reason: sharp < 0 ? '' : cleanReason(line.slice(sharp + 1)) };
}

const isEnd = (percent: number): boolean => percent === 0 || percent === 100;

function takenPercent(before: number, said: number | undefined): number {
  if (said === undefined) return before;
  const isMeant = isEnd(said) || isEnd(before) || Math.abs(said - before) >= AGENT_CHANGE_MIN;
  return isMeant ? said : before;
}

const moved = (from: number, to: number): number =>
  from + Math.max(-AGENT_STEP_MAX, Math.min(AGENT_STEP_MAX, to - from));

/**
 * What an answer does not speak of stays as it was. The first one of all is taken as a whole: there
 * is no weight in force that it could swing.
 */
export function afterAgentWord(former: AgentState | undefined, word: AgentWord): AgentState {
  const before = former ?? UNHEARD;
  const percent = takenPercent(before.percent, word.percent);
  return {
    standing: 'heard',
    percent,
    share: before.standing === 'unheard' ? percent : moved(before.share, percent),
    mode: word.mode ?? before.mode,
    isDown: word.isDown ?? before.isDown,
    reason: word.reason,
    failures: 0,
  };
}

/** No answer changes nothing, until there were too many of them. */
export function afterAgentFailure(former: AgentState | undefined): AgentState {
  const before = former ?? UNHEARD;
  if (before.standing === 'silent') return before;
  const failures = before.failures + 1;
  if (failures < AGENT_FAILURES_MAX) return { ...before, failures };
  return { ...UNHEARD, standing: 'silent', failures };
}

/** What keeps new connections away whatever the weight is; the strongest one of several. */
export function agentHold(agent: AgentState | undefined): 'maint' | 'down' | 'drain' | undefined {
  if (agent === undefined) return undefined;
  if (agent.mode === 'maint') return 'maint';
  if (agent.isDown) return 'down';
  return agent.mode === 'drain' ? 'drain' : undefined;
}

/** It may get new connections, as far as its agent is concerned. */
export const agentLetsIn = (agent: AgentState | undefined): boolean =>
  agentHold(agent) === undefined && agent?.share !== 0;

/** Set aside on purpose, as an operator does it; not because it is unwell. */
export const agentSetsAside = (agent: AgentState | undefined): boolean =>
  agent !== undefined && agent.mode !== 'ready';

/** Of the full weight what is in force; anything above 0 % is at least 1. */
export function agentWeight(full: number, agent: AgentState | undefined): number {
  if (agent === undefined || agent.share === 100 || full === 0) return full;
  return agent.share === 0 ? 0 : Math.max(1, Math.round((full * agent.share) / 100));
}

const wordOf = (agent: AgentState): string => {
  if (agent.standing !== 'heard') return agent.standing;
  return agentHold(agent) ?? `${agent.percent}%`;
};

/** `agent 40%`, `agent drain: backup`, `agent silent`; undefined when nothing has come yet. */
export function agentText(agent: AgentState | undefined): string | undefined {
  if (agent === undefined || agent.standing === 'unheard') return undefined;
  return `agent ${wordOf(agent)}${agent.reason === '' ? '' : `: ${agent.reason}`}`;
}

/** True when the table has to be looked at again. */
export function isOtherEffect(former: AgentState | undefined, now: AgentState): boolean {
  const before = former ?? UNHEARD;
  return before.mode !== now.mode || before.isDown !== now.isDown || before.share !== now.share;
}

export interface AgentNews {
  readonly level: LogLevel;
  readonly code: LogCode;
  readonly text: string;
}

/**
 * The line for the log when its word has changed; its reason alone may hold figures that always
 * do. `where` is the real server, `fault` why there was no answer.
 */
export function agentNews(
  before: AgentState | undefined,
  now: AgentState,
  where: string,
  fault: string,
): AgentNews | undefined {
  const about = `Agent of real server: ${where}`;
  const [former, word] = [wordOf(before ?? UNHEARD), wordOf(now)];
  if (former === word) return undefined;
  if (now.standing === 'silent') {
    const lost = `silent, ${now.failures} times in a row: its word is forgotten, full weight`;
    return { level: 'WARN', code: 'agent-silent', text: `${about} ${former} -> ${lost}: ${fault}` };
  }
  // That all is well from the start is no news.
  if (former === 'unheard' && word === '100%') return undefined;
  const reason = now.reason === '' ? '' : `: ${now.reason}`;
  return { level: 'info', code: 'agent-said', text: `${about} ${former} -> ${word}${reason}` };
}
