// Directives of ldirectord.cf that are judged but change nothing here: deprecated ones, those
// without effect in ldirectord either, and those that are not supported yet.

import type { ReadContext } from './director-address.js';
import type { DirectorStatement } from './director-lines.js';
import { judgeAlertStatus, readCount, readText } from './director-values.js';

/** Words of ldirectord 4.12. */
export function warnCheckCount(statement: DirectorStatement, { sink }: ReadContext): void {
  const message =
    "checkcount option is deprecated and slated for removal.  please see 'failurecount'";
  sink.warning('deprecated-directive', statement.at, message);
}

/** Directives that are judged but change nothing: without effect, or not supported yet. */
export function readInert(
  statement: DirectorStatement,
  scope: 'global' | 'virtual',
  context: ReadContext,
): void {
  const { sink, names } = context;
  const { directive, value, at, valueAt } = statement;
  const { name, kind } = directive;
  if (kind === 'removed') {
    sink.error('deprecated-directive', at, directive.faultGlobal);
    return;
  }
  if (kind === 'number') readCount(statement, scope, 0, context);
  if (kind === 'text') readText(statement, scope, context);
  if (name === 'emailalertstatus') judgeAlertStatus(statement, context);
  if (name === 'monitorfile') {
    const fault = names.fileFault(value);
    if (fault !== undefined) {
      sink.error('unsafe-file', valueAt, `unable to open monitorfile ${value}: ${fault}`);
    }
  }
  if (name === 'maintenancedir') {
    if (value === '') sink.error('missing-value', at, directive.faultGlobal);
    else if (names.folderFault(value) !== undefined) {
      sink.warning('unsafe-file', valueAt, 'maintenance directory does not exist');
    }
  }
  if (directive.status === 'not-supported-yet') {
    sink.warning('not-supported-yet', at, `"${name}" is not supported yet`, {
      hint: 'the line has no effect here',
    });
  }
}
