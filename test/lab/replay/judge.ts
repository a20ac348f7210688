// Compares what was seen after a step with what was recorded. The table, the process, its commands
// and the files of other programs must agree; of log and mail, every line that tells a state which
// the table has at the end of the step.

import type { ChangedExpectation } from '../../conformance/ldirectord-differences.js';
import type { RecordedCommand } from '../../conformance/ldirectord-recorded.js';

export type SeenCommand = RecordedCommand;

export interface Seen {
  /** The table became as wanted in time and stayed so. */
  readonly isReached: boolean;
  readonly ipvs: readonly string[];
  readonly thresholds: readonly string[];
  readonly hasDaemon: boolean;
  readonly hasPidFile: boolean;
  readonly commands: readonly SeenCommand[];
  readonly log: readonly string[];
  readonly outputs: Readonly<Record<string, readonly string[]>>;
  readonly mails: readonly (readonly string[])[];
}

const EXIT_CONFIG = 2;

const quote = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** `@PID@` and `@TIME@` stand for what varies. */
function pattern(recorded: string): string {
  return quote(recorded).replaceAll('@PID@', '\\d+').replaceAll('@TIME@', '[^\\]]+');
}

const isLike = (recorded: string, seen: string): boolean =>
  new RegExp(`^${pattern(recorded)}$`).test(seen);

function areLike(recorded: readonly string[], seen: readonly string[]): boolean {
  return (
    recorded.length === seen.length && recorded.every((line, at) => isLike(line, seen[at] ?? ''))
  );
}

const show = (lines: readonly string[]): string => lines.map((line) => `\n    ${line}`).join('');

export function judgeStep(
  expect: ChangedExpectation,
  seen: Seen,
  fill: (text: string) => string,
): readonly string[] {
  return [
    ...judgeTable(expect, seen),
    ...judgeProcess(expect, seen),
    ...judgeCommands(expect, seen),
    ...judgeOutputs(expect, seen, fill),
    ...judgeLog(expect, seen, fill),
    ...judgeMail(expect, seen),
  ];
}

function judgeTable(expect: ChangedExpectation, seen: Seen): readonly string[] {
  const complaints: string[] = [];
  const wanted = [...expect.ipvs].sort();
  if (!areLike(wanted, seen.ipvs)) {
    complaints.push(`table:${show(seen.ipvs)}\n  wanted:${show(wanted)}`);
  } else if (!seen.isReached)
    complaints.push('table: as wanted in the end, but late or not for long');
  if (expect.thresholds !== undefined && !areLike(expect.thresholds, seen.thresholds)) {
    complaints.push(`thresholds:${show(seen.thresholds)}\n  wanted:${show(expect.thresholds)}`);
  }
  return complaints;
}

function judgeProcess(expect: ChangedExpectation, seen: Seen): readonly string[] {
  const complaints: string[] = [];
  if (expect.daemon !== undefined && expect.daemon !== seen.hasDaemon) {
    complaints.push(`a daemon ${seen.hasDaemon ? 'runs' : 'does not run'}`);
  }
  if (expect.pidfile !== undefined && expect.pidfile !== seen.hasPidFile) {
    complaints.push(`a pid file ${seen.hasPidFile ? 'is there' : 'is not there'}`);
  }
  return complaints;
}

function judgeCommands(expect: ChangedExpectation, seen: Seen): readonly string[] {
  const commands = expect.commands ?? [];
  if (commands.length !== seen.commands.length) {
    return [`commands: ${seen.commands.length} instead of ${commands.length}`];
  }
  return commands.flatMap((wanted, at) => {
    const found = seen.commands[at];
    if (found === undefined) return [];
    const complaints: string[] = [];
    const words = wanted.argv.slice(1).join(' ');
    if (found.exit !== wanted.exit)
      complaints.push(`${words}: exit ${found.exit}, not ${wanted.exit}`);
    for (const stream of ['stdout', 'stderr'] as const) {
      if (expect.hasOwnWords === true || isToldLike(wanted, found, stream)) continue;
      complaints.push(
        `${words}: ${stream}${show(found[stream])}\n  wanted:${show(wanted[stream])}`,
      );
    }
    return complaints;
  });
}

/** Behind ldirectord's words about a bad configuration ours stand: place, caret and hint. */
function isToldLike(
  wanted: RecordedCommand,
  found: RecordedCommand,
  stream: 'stdout' | 'stderr',
): boolean {
  const isBadConfig = wanted.exit === EXIT_CONFIG && stream === 'stderr';
  const told = isBadConfig ? found.stderr.slice(0, wanted.stderr.length) : found[stream];
  return areLike(wanted[stream], told);
}

/** Distinct lines as a set; what fallback and callback commands wrote, in order. */
function judgeOutputs(
  expect: ChangedExpectation,
  seen: Seen,
  fill: (text: string) => string,
): readonly string[] {
  return Object.entries(expect.outputs ?? {}).flatMap(([name, recorded]) => {
    const isByCommand = name === 'fb.txt' || name === 'cb.txt';
    const isStart = (expect.commands ?? []).some(({ argv }) => argv.at(-1) === 'start');
    const tail = (lines: readonly string[]): readonly string[] =>
      isByCommand && isStart ? lines.slice(-1) : lines;
    const wanted = tail(recorded ?? []).map(fill);
    const found = tail(seen.outputs[name] ?? []);
    const hasAll = wanted.every((line) => found.some((each) => isLike(line, each)));
    const isAll = found.every((line) => wanted.some((each) => isLike(each, line)));
    const isOrdered = !isByCommand || areLike(wanted, found);
    if (hasAll && isAll && isOrdered) return [];
    return [`${name}:${show(found)}\n  wanted:${show(wanted)}`];
  });
}

const STATES = /^(Readd )?(Added|Restored|Quiescent|Deleted|Purged) (real|fallback|virtual) server/;

/** `R (V)` of a line about a real server, the subject of which the last word counts. */
const subjectOf = (line: string): string =>
  line
    .replace(STATES, '$3')
    .replace(/ \(Weight set to \d+\)$/, '')
    .replace(/^real \((start|stop)\)/, 'real');

/** Of several states of one subject within a step the last one is what the table has. */
function lastStates(lines: readonly string[]): readonly string[] {
  const last = new Map<string, string>();
  for (const line of lines) {
    if (STATES.test(line)) last.set(subjectOf(line), line);
  }
  return [...last.values()];
}

/** What the start sequence of the original says of servers that are not up. */
const isPassing = (line: string): boolean =>
  /^(Deleted|Quiescent) .* mapped from|^Deleted /.test(line);

/** Lines that do not tell of the table. */
const PLAIN: readonly string[] = [
  ...['Starting Linux', 'Linux Director Daemon terminated', 'Soft failure', 'Invoking'],
  ...['Exiting with', 'Configuration file', ' - ', 'Reloading', 'ldirectord '],
];

const isPlain = (line: string): boolean => PLAIN.some((words) => line.startsWith(words));

const withoutStamp = (line: string): string => line.replace(/^\[[^\]]*\] /, '');

function judgeLog(
  expect: ChangedExpectation,
  seen: Seen,
  fill: (text: string) => string,
): readonly string[] {
  const recorded = expect.log ?? [];
  // A server that came in unchecked and went out again at once is none that the table ever has.
  const isLoading = recorded.some((line) => /^(Starting|Reloading) Linux/.test(line));
  const states = lastStates(recorded).filter((line) => !isLoading || !isPassing(line));
  const wanted = [...states, ...recorded.filter(isPlain)];
  const found = seen.log.map(withoutStamp);
  const stampless = seen.log.filter(
    (line) => !/^\[\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\|[^|\]]+\|\d+\] /.test(line),
  );
  const missing = wanted.filter((line) => {
    const text = pattern(fill(line).replace(/ $/, ''))
      .replaceAll('@LDIRECTORD@', '\\S+')
      .replace(/^(Restored|Added) /, '(Restored|Added) ');
    return !found.some((each) => new RegExp(`^${text}`).test(each));
  });
  const never = (expect.neverLogged ?? []).filter((text) =>
    found.some((line) => line.includes(text)),
  );
  return [
    ...never.map((text) => `log: should not say: ${text}${show(seen.log)}`),
    ...missing.map((line) => `log: no line: ${line}${show(seen.log)}`),
    ...stampless.map((line) => `log: no stamp: ${line}`),
  ];
}

/** RFC 2045 section 6.7 and RFC 5321 section 4.5.2, in which order a reader undoes them. */
const decoded = (body: readonly string[]): string =>
  body
    .map((line) => line.replace(/^\.\./, '.'))
    .join('\n')
    .replace(/=\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

/** Envelope, From, To, Subject and body; a mail library adds headers and folds long lines. */
function plainMail(lines: readonly string[]): string {
  const end = lines.indexOf('');
  const unfolded = lines
    .slice(0, end)
    .join('\n')
    .replace(/\n[ \t]+/g, ' ')
    .split('\n');
  const head = unfolded.filter((line) => /^(MAIL|RCPT|DATA|From:|To:|Subject:)/.test(line));
  return [
    ...head.map((line) => line.replace(/(MAIL FROM:<[^>]*>).*/, '$1')),
    decoded(lines.slice(end)),
  ]
    .join('\n')
    .trimEnd();
}

export function judgeMail(
  expect: ChangedExpectation,
  seen: Pick<Seen, 'mails'>,
): readonly string[] {
  const subjects = lastStates(
    (expect.mail ?? []).flatMap((lines) =>
      lines
        .filter((line) => line.startsWith('Subject: '))
        .map((line) => line.replace(/^Subject: (\[[^\]]*\] )?/, '')),
    ),
  );
  const wanted = new Set(
    (expect.mail ?? [])
      .filter((lines) => {
        const subject = lines.find((line) => line.startsWith('Subject: ')) ?? '';
        const bare = subject.replace(/^Subject: (\[[^\]]*\] )?/, '');
        return subjects.includes(bare) || !STATES.test(bare);
      })
      .map(plainMail),
  );
  const found = new Set(seen.mails.map(plainMail));
  return [...wanted]
    .filter((mail) => !found.has(mail))
    .map((mail) => `mail: not sent:\n${mail}\n  sent:\n${[...found].join('\n--\n')}`);
}
