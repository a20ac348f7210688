// Directives of ldirectord.cf about what happens beside checking: mails, commands, files. Their
// values are judged here; what is done with them is the program's matter.

import type { ReadContext } from './director-address.js';
import type { AlertConfig, AlertState } from './director-config.js';
import type { DirectorStatement } from './director-lines.js';
import { readCount, readText } from './director-values.js';

/** Words of ldirectord 4.12. */
export function warnCheckCount(statement: DirectorStatement, { sink }: ReadContext): void {
  const message =
    "checkcount option is deprecated and slated for removal.  please see 'failurecount'";
  sink.warning('deprecated-directive', statement.at, message);
}

export const alertStates: readonly AlertState[] = ['starting', 'running', 'stopping', 'reloading'];

/** What was written about mails and commands, in the global part or in a virtual service. */
export interface OperationsDraft {
  to: string | undefined;
  repeatSeconds: number | undefined;
  states: readonly AlertState[] | undefined;
  smtp: string | undefined;
  from: string | undefined;
  fallbackCommand: string | undefined;
  monitorFile: string | undefined;
  callback: string | undefined;
  maintenanceDir: string | undefined;
  standbyPace: number | undefined;
  readonly executes: string[];
}

export const newOperations = (): OperationsDraft => ({
  to: undefined,
  repeatSeconds: undefined,
  states: undefined,
  smtp: undefined,
  from: undefined,
  fallbackCommand: undefined,
  monitorFile: undefined,
  callback: undefined,
  maintenanceDir: undefined,
  standbyPace: undefined,
  executes: [],
});

/** Mails as one part of the file says, then as the other, then as ldirectord's defaults are. */
export function alertOf(own: OperationsDraft, global: OperationsDraft): AlertConfig {
  return {
    to: own.to ?? global.to ?? '',
    repeatSeconds: own.repeatSeconds ?? global.repeatSeconds ?? 0,
    states: own.states ?? global.states ?? alertStates,
    smtp: own.smtp ?? global.smtp,
  };
}

/** Only what was written. */
export function writtenAlert(own: OperationsDraft): Partial<AlertConfig> {
  const { to, repeatSeconds, states, smtp } = own;
  return {
    ...(to === undefined ? {} : { to }),
    ...(repeatSeconds === undefined ? {} : { repeatSeconds }),
    ...(states === undefined ? {} : { states }),
    ...(smtp === undefined ? {} : { smtp }),
  };
}

/** True when the directive is one of these. */
export function readOperation(
  statement: DirectorStatement,
  scope: 'global' | 'virtual',
  draft: OperationsDraft,
  context: ReadContext,
): boolean {
  const text = (): string | undefined => readText(statement, scope, context);
  switch (statement.directive.name) {
    case 'emailalert':
      draft.to = text() ?? draft.to;
      return true;
    case 'emailalertfreq':
      draft.repeatSeconds = readCount(statement, scope, 0, context) ?? draft.repeatSeconds;
      return true;
    case 'emailalertstatus':
      draft.states = readAlertStates(statement, context) ?? draft.states;
      return true;
    case 'emailalertfrom':
      draft.from = text() ?? draft.from;
      return true;
    case 'smtp':
      draft.smtp = text() ?? draft.smtp;
      return true;
    case 'fallbackcommand':
      draft.fallbackCommand = text() ?? draft.fallbackCommand;
      return true;
    case 'callback':
      draft.callback = text() ?? draft.callback;
      return true;
    case 'execute':
      draft.executes.push(...[text() ?? []].flat());
      return true;
    case 'monitorfile':
      draft.monitorFile = readMonitorFile(statement, context) ?? draft.monitorFile;
      return true;
    case 'standbypace':
      draft.standbyPace = readCount(statement, scope, 1, context) ?? draft.standbyPace;
      return true;
    case 'maintenancedir':
      draft.maintenanceDir = readMaintenanceDir(statement, context) ?? draft.maintenanceDir;
      return true;
    default:
      return false;
  }
}

/** `all`, `none` alone, or some of the four states. */
function readAlertStates(
  statement: DirectorStatement,
  { sink }: ReadContext,
): readonly AlertState[] | undefined {
  const words = statement.value.trim().split(/\s*,\s*/);
  const at = statement.valueAt;
  for (const word of words) {
    if (!/^(all|none|starting|running|stopping|reloading)$/.test(word)) {
      sink.error('bad-value', at, `invalid email alert status at: "${word}"`, {
        hint: 'all, none, or some of starting, running, stopping, reloading',
      });
      return undefined;
    }
  }
  const other = words.find((word) => word !== 'none');
  if (words.includes('none') && other !== undefined) {
    sink.error('bad-value', at, `invalid email alert status: "${other}" specified with "none"`);
    return undefined;
  }
  return alertStates.filter((state) => words.includes('all') || words.includes(state));
}

function readMonitorFile(
  { value, valueAt, at }: DirectorStatement,
  { sink, names }: ReadContext,
): string | undefined {
  const fault = value === '' ? 'No such file or directory' : names.fileFault(value);
  if (fault === undefined) return value;
  const place = value === '' ? at : valueAt;
  sink.error('unsafe-file', place, `unable to open monitorfile ${value}: ${fault}`);
  return undefined;
}

function readMaintenanceDir(
  { value, valueAt, at, directive }: DirectorStatement,
  { sink, names }: ReadContext,
): string | undefined {
  if (value === '') {
    sink.error('missing-value', at, directive.faultGlobal);
    return undefined;
  }
  if (names.folderFault(value) !== undefined) {
    sink.warning('unsafe-file', valueAt, 'maintenance directory does not exist');
  }
  return value;
}

/** True when the directive is a name that ldirectord gave up. */
export function refuseRemoved(statement: DirectorStatement, { sink }: ReadContext): boolean {
  if (statement.directive.kind !== 'removed') return false;
  sink.error('deprecated-directive', statement.at, statement.directive.faultGlobal);
  return true;
}
