// The log of a program: winston with our own transports. Lines come from engines as values; this
// file gives them the originals' outer form and takes them to files, syslog or stderr without ever
// blocking the caller. It decides no wording. winston takes as long to load as the rest of a
// daemon, so that lines wait for it and a start does not.

import { appendFile } from 'node:fs/promises';
import type winston from 'winston';
import type Transport from 'winston-transport';
import type { LogLevel, LogLine } from '../base/log-line.js';
import { clockText, dayText, type LineForm } from './log-form.js';

/** heartbeat's words for levels, most urgent first, with the numbers of syslog (RFC 5424). */
const LEVELS: Readonly<Record<LogLevel, number>> = {
  emerg: 0,
  alert: 1,
  CRIT: 2,
  ERROR: 3,
  WARN: 4,
  notice: 5,
  info: 6,
  debug: 7,
};

/** Lines a second; a storm of hostile packets must not fill the disk. */
const LINES_PER_SECOND_MAX = 500;
/** Bytes waiting for a slow disk or a sleeping reader; lines above are counted and dropped. */
const WAITING_BYTES_MAX = 1024 * 1024;
const LINE_CHARACTERS_MAX = 4096;
/** A start that takes longer than this finds its lines in the log all the same. */
const START_WAIT_MS = 2000;

/** Numbers of RFC 5424 for the facility words of ha.cf(5) and ldirectord.cf. */
const FACILITIES: Readonly<Record<string, number>> = {
  kern: 0,
  user: 1,
  mail: 2,
  daemon: 3,
  auth: 4,
  syslog: 5,
  lpr: 6,
  news: 7,
  uucp: 8,
  cron: 9,
  authpriv: 10,
  ftp: 11,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
};

/** As syslog(3) numbers it; 0 without one, as clients of heartbeat 3.0.6 are told. */
export const facilityNumber = (word: string | undefined): number =>
  (FACILITIES[word ?? ''] ?? 0) * 8;

export type LogSink =
  /** Opened anew for each batch, so that a rotated file is simply made again. */
  | { readonly kind: 'file'; readonly path: string; readonly least: LogLevel }
  /** `send` takes one datagram of /dev/log and never blocks. */
  | {
      readonly kind: 'syslog';
      readonly facility: string;
      readonly ident: string;
      readonly send: (datagram: string) => void;
    }
  /** With `<N>` priority prefixes and no time when the journal reads it (sd-daemon(3)). */
  | { readonly kind: 'stderr'; readonly isJournal: boolean };

export interface Log {
  write(line: LogLine): void;
  /** Resolves when all that was written has left the process. */
  flush(): Promise<void>;
}

const isControl = (code: number): boolean =>
  (code < 0x20 && code !== 0x09) || (code >= 0x7f && code < 0xa0);

/** Control characters of a peer or a real server must not forge lines or move a cursor. */
function escapeControls(text: string): string {
  let shown = '';
  for (const character of text.slice(0, LINE_CHARACTERS_MAX)) {
    const code = character.codePointAt(0) ?? 0;
    shown += isControl(code) ? `\\x${code.toString(16).padStart(2, '0')}` : character;
  }
  return text.length > LINE_CHARACTERS_MAX ? `${shown}...` : shown;
}

interface Outlet {
  put(text: string, level: LogLevel): void;
  flush(): Promise<void>;
}

function fileOutlet(path: string, least: LogLevel): Outlet {
  let waiting = '';
  let dropped = 0;
  let isFailing = false;
  let writing: Promise<void> | undefined;
  const pump = async (): Promise<void> => {
    while (waiting !== '') {
      const batch = waiting;
      waiting = dropped > 0 ? `(${dropped} lines lost: ${path} was not writable)\n` : '';
      dropped = 0;
      try {
        await appendFile(path, batch, { mode: 0o640 });
        isFailing = false;
      } catch (cause) {
        // Said once on stderr: a log that cannot be written must not end the program.
        if (!isFailing) process.stderr.write(`cannot write the log ${path}: ${String(cause)}\n`);
        isFailing = true;
      }
    }
    writing = undefined;
  };
  return {
    put: (text, level) => {
      if (LEVELS[level] > LEVELS[least]) return;
      if (waiting.length > WAITING_BYTES_MAX) {
        dropped++;
        return;
      }
      waiting += `${text}\n`;
      writing ??= pump();
    },
    flush: async () => {
      while (writing !== undefined) await writing;
    },
  };
}

function stderrOutlet(): Outlet {
  let dropped = 0;
  return {
    put: (text) => {
      // A pipe whose reader sleeps queues without limit in Node.js; the limit is ours.
      if (process.stderr.writableLength > WAITING_BYTES_MAX) {
        dropped++;
        return;
      }
      const lost = dropped > 0 ? `(${dropped} lines lost: nobody read them)\n` : '';
      dropped = 0;
      process.stderr.write(`${lost}${text}\n`);
    },
    flush: () =>
      new Promise((resolve) => {
        if (process.stderr.writableLength === 0) resolve();
        else process.stderr.write('', () => resolve());
      }),
  };
}

interface LogInfo extends winston.Logform.TransformableInfo {
  readonly line: LogLine;
  readonly at: Date;
}

function outletOf(sink: LogSink): Outlet | undefined {
  if (sink.kind === 'file') return fileOutlet(sink.path, sink.least);
  return sink.kind === 'stderr' ? stderrOutlet() : undefined;
}

function renderer(sink: LogSink, form: LineForm, outlet: Outlet | undefined) {
  return (info: LogInfo): void => {
    const line = { ...info.line, text: escapeControls(info.line.text) };
    if (sink.kind === 'syslog') {
      const priority = (FACILITIES[sink.facility] ?? 3) * 8 + LEVELS[line.level];
      const stamp = `${dayText(info.at)} ${clockText(info.at)}`;
      const head = `<${priority}>${stamp} ${sink.ident}[${process.pid}]:`;
      sink.send(`${head} ${line.level}: ${line.text}`);
      return;
    }
    const isPrefixed = sink.kind === 'stderr' && sink.isJournal;
    const text = isPrefixed ? `<${LEVELS[line.level]}>${line.text}` : form(line, info.at);
    outlet?.put(text, line.level);
  };
}

// winston hands a transport's `log` whatever was given to the logger: here always a LogInfo.
const lineTransport = (base: typeof Transport, render: (info: LogInfo) => void): Transport =>
  new base({
    log: (info: LogInfo, next: () => void) => {
      render(info);
      next();
    },
  });

/** Also for a rehearsal: what was loaded once is there at once. */
export async function loadWinston(): Promise<{
  readonly createLogger: typeof winston.createLogger;
  readonly base: typeof Transport;
}> {
  const [library, transport] = await Promise.all([import('winston'), import('winston-transport')]);
  return { createLogger: library.default.createLogger, base: transport.default };
}

/** Lines waiting for the logger, with their times. */
interface LoggerDoor {
  put(line: LogLine, at: Date): void;
  open(): Promise<void>;
}

function loggerDoor(
  least: LogLevel,
  renderers: readonly ((info: LogInfo) => void)[],
  start: Promise<unknown> | undefined,
): LoggerDoor {
  let waiting: { readonly line: LogLine; readonly at: Date }[] = [];
  let logger: winston.Logger | undefined;
  let opening: Promise<void> | undefined;
  let isAwaited = false;
  const log = (line: LogLine, at: Date): void =>
    void logger?.log({ level: line.level, message: line.text, line, at });
  const load = async (): Promise<void> => {
    const { createLogger, base } = await loadWinston();
    logger = createLogger({
      levels: { ...LEVELS },
      level: least,
      transports: renderers.map((render) => lineTransport(base, render)),
      silent: renderers.length === 0,
    });
    for (const { line, at } of waiting) log(line, at);
    waiting = [];
  };
  const open = (): Promise<void> => {
    opening ??= load();
    return opening;
  };
  const awaitStart = (): void => {
    if (isAwaited) return;
    isAwaited = true;
    const timer = setTimeout(() => void open(), START_WAIT_MS);
    void start?.then(() => {
      clearTimeout(timer);
      return open();
    });
  };
  return {
    put: (line, at) => {
      if (logger !== undefined) return log(line, at);
      // A storm before the first beat is worth a load; what comes meanwhile is rate-limited.
      waiting.push({ line, at });
      if (start === undefined || waiting.length > LINES_PER_SECOND_MAX) void open();
      else awaitStart();
    },
    open,
  };
}

/**
 * Lines are written from when `start` has come about, or somebody asked for a flush; without
 * `start` as soon as possible. They bear the time at which they were told.
 */
export function createLog(
  form: LineForm,
  sinks: readonly LogSink[],
  least: LogLevel,
  start?: Promise<unknown>,
): Log {
  const outlets = sinks.map(outletOf);
  const renderers = sinks.map((sink, at) => renderer(sink, form, outlets[at]));
  const door = loggerDoor(least, renderers, start);
  let second = 0;
  let linesOfSecond = 0;
  return {
    write: (line) => {
      const at = new Date();
      const thisSecond = Math.floor(at.getTime() / 1000);
      if (thisSecond !== second) {
        const suppressed = linesOfSecond - LINES_PER_SECOND_MAX;
        second = thisSecond;
        linesOfSecond = 0;
        if (suppressed > 0) {
          const text = `${suppressed} log lines of the last second were suppressed`;
          door.put({ level: 'WARN', code: 'log-lines-suppressed', text }, at);
        }
      }
      linesOfSecond++;
      if (linesOfSecond <= LINES_PER_SECOND_MAX) door.put(line, at);
    },
    flush: async () => {
      await door.open();
      await Promise.all(outlets.map((outlet) => outlet?.flush()));
    },
  };
}
