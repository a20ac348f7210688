// The log of the director: the file or the syslog facility that `logfile` names, or a stream of
// the terminal in the foreground.

import type { LogLevel } from '../base/log-line.js';
import { openSyslog } from '../kernel/syslog.js';
import { createLog, type Log, type LogSink } from '../runtime/log.js';
import { type LineForm, ldirectordForm } from '../runtime/log-form.js';

export type LogPlace =
  /** `logfile` of the configuration. */
  { readonly kind: 'configured'; readonly logfile: string } | { readonly kind: 'stderr' };

/** In the foreground the instance is known, and a journal adds time and number itself. */
const bareForm: LineForm = (line) => line.text;

export function openDirectorLog(instance: string, place: LogPlace, least: LogLevel): Log {
  if (place.kind === 'stderr') {
    const isJournal = process.env.JOURNAL_STREAM !== undefined;
    return createLog(bareForm, [{ kind: 'stderr', isJournal }], least);
  }
  const form = ldirectordForm(instance, process.pid);
  return createLog(form, [sinkOf(place.logfile, least)], least);
}

function sinkOf(logfile: string, least: LogLevel): LogSink {
  if (logfile.startsWith('/')) return { kind: 'file', path: logfile, least };
  const syslog = openSyslog();
  return {
    kind: 'syslog',
    facility: logfile,
    ident: 'ldirectord',
    send: (datagram) => {
      // A line that finds no syslog is lost, as with syslog(3).
      if (syslog.ok) syslog.value.send(datagram);
    },
  };
}
