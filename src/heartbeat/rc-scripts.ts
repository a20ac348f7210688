// The scripts of rc.d: which there are, and running them one after the other when the engine says
// so. They are news for others: nothing here waits for them, and what they cannot keep up with is
// dropped and said.

import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type LogLine, logLine } from '../base/log-line.js';
import { lastWords, runProgram } from '../resources/run-program.js';

export interface RcScripts {
  /** Queues one run; returns at once. */
  notify(type: string, environment: Readonly<Record<string, string>>): void;
}

/** A script that has not ended by then is killed: the next ones wait for it. */
const DEADLINE_MS = 5 * 60 * 1000;
/** Changes of status and messages of some minutes; more is a storm, or a script that hangs. */
const QUEUE_MAX = 100;
const FILE_BYTES_MAX = 64 * 1024;
const SCRIPTS_MAX = 200;

/**
 * heartbeat 3.0.6's own scripts (sha256 of the text without comments and blanks): the
 * engine does what they do, so running them would do it twice.
 */
const stockDigests: ReadonlySet<string> = new Set([
  // status
  '373708c461a159b8d109397b06240f6dcf8d13bc47325df697cf36d6cfe67469',
  // ip-request
  '355e45604430f7e12a1c213aacb7e8d33ce0f3152160f9c5859a23637c2dbff4',
  // ip-request-resp
  'c2b628372c872cb92f315a5142db00958e21dcb9fd92f5bdd11937706cd2a4f4',
  // ask_resources
  '04f20b08f5f08c5277b184140745455b489470b91850f61cc6b34ef23ae32a4d',
  // hb_takeover
  '6adcb1b9a580181e0897e659368f27319d180d1f750cad84826b2afe8317bf2e',
]);

/** Comments and spacing differ between builds of the package. */
export function scriptDigest(text: string): string {
  const bare = text
    .split('\n')
    .map((line) =>
      line
        .replace(/^\s*(#.*|:)?$/, '')
        .replace(/\s+/g, ' ')
        .trim(),
    )
    .filter((line) => line !== '')
    .join('\n');
  return createHash('sha256').update(bare).digest('hex');
}

export interface FoundScripts {
  /** Types with a script that is to be run. */
  readonly types: readonly string[];
  /** Of these the engine does the work itself. */
  readonly stock: readonly string[];
}

/** Reads the folder once, as heartbeat does at its start. A folder that is not there has none. */
export async function findRcScripts(configDir: string): Promise<FoundScripts> {
  const folder = join(configDir, 'rc.d');
  const types: string[] = [];
  const stock: string[] = [];
  const names = await readdir(folder).catch((): string[] => []);
  for (const name of names.sort().slice(0, SCRIPTS_MAX)) {
    const path = join(folder, name);
    try {
      await access(path, constants.X_OK);
      const facts = await stat(path);
      if (!facts.isFile()) continue;
      const text = facts.size > FILE_BYTES_MAX ? '' : await readFile(path, 'utf8');
      (stockDigests.has(scriptDigest(text)) ? stock : types).push(name);
    } catch {
      // Not executable, or gone since the folder was read.
    }
  }
  return { types, stock };
}

interface Waiting {
  readonly type: string;
  readonly environment: Readonly<Record<string, string>>;
}

export function createRcScripts(
  configDir: string,
  environment: Readonly<Record<string, string>>,
  log: (line: LogLine) => void,
): RcScripts {
  const queue: Waiting[] = [];
  let isRunning = false;
  let dropped = 0;

  const runOne = async (next: Waiting): Promise<void> => {
    // harc does no more than to log and to run rc.d/TYPE; where it is not, that is run at once.
    const harc = join(configDir, 'harc');
    const hasHarc = await access(harc, constants.X_OK).then(
      () => true,
      () => false,
    );
    const path = hasHarc ? harc : join(configDir, 'rc.d', next.type);
    log(logLine('info', 'rc-script', `Running ${join(configDir, 'rc.d', next.type)} ${next.type}`));
    const end = await runProgram({
      path,
      args: [next.type],
      // The daemon's own words stand above the fields of a message.
      environment: { ...next.environment, ...environment, ...ownWords(next.environment) },
      deadlineMs: DEADLINE_MS,
    });
    if (end.exitCode === 0) return;
    const said = [`exit code ${end.exitCode}`, end.reason, lastWords(end).slice(0, 200)];
    const text = `rc.d/${next.type}: ${said.filter((part) => part !== '').join('; ')}`;
    log(logLine('WARN', 'rc-script-failed', text));
  };
  const runAll = async (): Promise<void> => {
    isRunning = true;
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await runOne(next);
    isRunning = false;
    if (dropped > 0) {
      const text = `${dropped} events had no run of their rc.d script: too many at once`;
      log(logLine('WARN', 'rc-script-failed', text));
    }
    dropped = 0;
  };
  return {
    notify: (type, given) => {
      if (queue.length >= QUEUE_MAX) {
        dropped++;
        return;
      }
      queue.push({ type, environment: given });
      if (!isRunning) void runAll();
    },
  };
}

/** Of the engine's state at the moment of the event. */
const stateNames = ['HA_CURHOST', 'HA_OSTATUS', 'HA_NICEFAILBACK', 'HA_DONTASK'] as const;

function ownWords(given: Readonly<Record<string, string>>): Record<string, string> {
  const words: Record<string, string> = {};
  for (const name of stateNames) {
    const value = given[name];
    if (value !== undefined) words[name] = value;
  }
  return words;
}
