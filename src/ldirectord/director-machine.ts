// What a director's process takes from the machine and tells its starter, as types; the commands
// know these without loading the director itself.

import type { Result } from '../base/result.js';
import type { Now } from '../base/time.js';
import {
  type Diagnostic,
  formatDiagnostic,
  ldirectordForm,
  sortDiagnostics,
} from '../config/diagnostic.js';
import type { DirectorConfig } from '../config/director-config.js';
import type { KernelListener, KernelWatch } from '../kernel/events.js';
import type { IpvsTable } from '../kernel/ipvs.js';
import type { CheckRunner } from '../runtime/checks/run-check.js';
import type { Instance } from './instance.js';

export interface LoadedDirectorConfig {
  /** Undefined when there is any error. */
  readonly config: DirectorConfig | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** What the process takes from the machine; tests bring their own. */
export interface DirectorMachine {
  loadConfig(path: string): Promise<LoadedDirectorConfig>;
  openTable(): Result<IpvsTable, string>;
  createCheckRunner(): CheckRunner;
  /** Undefined: the kernel's news are not listened to. */
  readonly watchKernel?: (listener: KernelListener) => Result<KernelWatch, string>;
  readNow(): Now;
}

export type DirectorNews =
  /** The first plan was carried out; checks are going on. `problems`: what the kernel refused. */
  | { readonly kind: 'table'; readonly problems: readonly string[] }
  /** Every first verdict is there as well. */
  | { readonly kind: 'settled' }
  | { readonly kind: 'failed'; readonly exitCode: number; readonly lines: readonly string[] };

export interface DirectorOptions {
  readonly instance: Instance;
  readonly configPath: string;
  /** Logs to stderr and writes no pid file, as with `-d` and `supervised=yes`. */
  readonly isForeground: boolean;
  readonly isDebug: boolean;
  readonly isWarm: boolean;
  /** False in tests: signals are the whole process's. */
  readonly takesSignals: boolean;
  /** Told as they come; `failed` at most once and before anything was touched. */
  readonly tell: (news: DirectorNews) => void;
}

export const EXIT_OK = 0;
export const EXIT_FAILED = 1;
export const EXIT_CONFIG = 2;

/** How the warnings begin that ldirectord has as well. */
const LDIRECTORD_WARNINGS: readonly string[] = [
  'checkcount option is deprecated',
  'please update your config',
  'maintenance directory does not exist',
  'checkinterval in virtual service',
];

const isLdirectords = ({ message }: Diagnostic): boolean =>
  LDIRECTORD_WARNINGS.some((words) => message.startsWith(words));

const isError = (each: Diagnostic): boolean => each.severity === 'error';

/**
 * For the terminal of a start. A bad file: errors first, each in ldirectord's words, then with its
 * place and hint. A good one: what ldirectord would say; more is in the log and told by
 * `lubdub check`, since scripts take words on stderr for trouble.
 */
export function diagnosticReport(diagnostics: readonly Diagnostic[]): readonly string[] {
  if (!diagnostics.some(isError)) {
    return diagnosticLines(diagnostics.filter(isLdirectords));
  }
  const sorted = sortDiagnostics(diagnostics);
  const errorsFirst = [...sorted.filter(isError), ...sorted.filter((each) => !isError(each))];
  return errorsFirst.flatMap((each) => [
    ldirectordForm(each, process.pid),
    ...formatDiagnostic(each).split('\n'),
  ]);
}

export function diagnosticLines(diagnostics: readonly Diagnostic[]): readonly string[] {
  return diagnostics.map((diagnostic) => ldirectordForm(diagnostic, process.pid));
}
