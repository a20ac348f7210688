// ldirectord.cf as a whole: the global part, then each virtual service, defaults and stand-ins
// filled in. Every fault of a file is named in one run; nothing is half taken over.

import { createSink, type Diagnostic } from './diagnostic.js';
import type { FallbackDraft, ReadContext } from './director-address.js';
import { readFallbackLine } from './director-address.js';
import type { DirectorConfig, VirtualServiceConfig } from './director-config.js';
import { readInert, warnCheckCount } from './director-inert.js';
import { coverSecret, type DirectorStatement, splitSections } from './director-lines.js';
import type { NameLookup } from './director-names.js';
import { readCount, readLogfile, readYesNo } from './director-values.js';
import { type GlobalDefaults, readVirtual } from './director-virtual.js';
import { splitLines } from './lines.js';

export interface ParsedDirectorConfig {
  /** undefined when there is any error. */
  readonly config: DirectorConfig | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** More virtual services than the field has; bounds the engine's work. */
export const virtualsMax = 10_000;

interface GlobalDraft extends GlobalDefaults {
  checkTimeout: number | undefined;
  negotiateTimeout: number | undefined;
  checkInterval: number;
  checkCount: number;
  failureCount: number;
  isQuiescent: boolean;
  isCleanStop: boolean;
  isFork: boolean;
  fallback: FallbackDraft | undefined;
  fallback6: FallbackDraft | undefined;
  logfile: string;
  isSupervised: boolean;
  isAutoReload: boolean;
  isReaddQuiescent: boolean;
}

export function parseDirectorConfig(
  text: string,
  fileName: string,
  names: NameLookup,
): ParsedDirectorConfig {
  const lines = splitLines(text);
  const sink = createSink(fileName, lines, coverSecret);
  const context: ReadContext = { sink, names };
  const sections = splitSections(lines, sink);
  const draft = readGlobals(sections.globals, context);
  const virtuals: VirtualServiceConfig[] = [];
  const known = new Map<string, DirectorStatement>();
  for (const section of sections.virtuals.slice(0, virtualsMax)) {
    const virtual = readVirtual(section, draft, context);
    if (virtual === undefined) continue;
    const { head, endLine } = section;
    const before = known.get(virtual.id);
    if (before !== undefined) {
      sink.error('duplicate-virtual', head.valueAt, 'duplicate virtual server', {
        hint: `${virtual.name} is defined twice: remove one, or put the real servers together`,
        // ldirectord notices it behind the section only.
        originalLine: endLine,
        related: {
          file: fileName,
          line: before.at.line,
          column: before.valueAt.column,
          message: `${virtual.name} is first defined here`,
        },
      });
    } else known.set(virtual.id, head);
    virtuals.push(virtual);
  }
  const surplus = sections.virtuals[virtualsMax];
  if (surplus !== undefined) {
    sink.error('too-many-members', surplus.head.at, `more than ${virtualsMax} virtual services`);
  }
  return {
    config: sink.hasErrors()
      ? undefined
      : {
          virtuals,
          checkIntervalSeconds: draft.checkInterval,
          logfile: draft.logfile,
          isSupervised: draft.isSupervised,
          isAutoReload: draft.isAutoReload,
          isReaddQuiescent: draft.isReaddQuiescent,
        },
    diagnostics: sink.all,
  };
}

function readGlobals(statements: readonly DirectorStatement[], context: ReadContext): GlobalDraft {
  // Defaults as recorded from ldirectord 4.12; its manual differs for quiescent.
  const draft: GlobalDraft = {
    checkTimeout: undefined,
    negotiateTimeout: undefined,
    checkInterval: 10,
    checkCount: 1,
    failureCount: 1,
    isQuiescent: false,
    isCleanStop: true,
    isFork: false,
    fallback: undefined,
    fallback6: undefined,
    logfile: '/var/log/ldirectord.log',
    isSupervised: false,
    isAutoReload: false,
    isReaddQuiescent: false,
  };
  for (const statement of statements) readGlobal(statement, draft, context);
  return draft;
}

function readGlobal(statement: DirectorStatement, draft: GlobalDraft, context: ReadContext): void {
  const { sink } = context;
  const count = (): number | undefined => readCount(statement, 'global', 1, context);
  const flag = (): boolean | undefined => readYesNo(statement, context);
  switch (statement.directive.name) {
    case 'checktimeout':
      draft.checkTimeout = count();
      return;
    case 'negotiatetimeout':
      draft.negotiateTimeout = count();
      return;
    case 'checkinterval':
      draft.checkInterval = count() ?? draft.checkInterval;
      return;
    case 'checkcount':
      warnCheckCount(statement, context);
      draft.checkCount = count() ?? draft.checkCount;
      return;
    case 'failurecount':
      draft.failureCount = count() ?? draft.failureCount;
      return;
    case 'autoreload':
      draft.isAutoReload = flag() ?? false;
      return;
    case 'fork':
      draft.isFork = flag() ?? false;
      return;
    case 'quiescent':
      draft.isQuiescent = flag() ?? false;
      return;
    case 'readdquiescent':
      draft.isReaddQuiescent = flag() ?? false;
      return;
    case 'cleanstop':
      draft.isCleanStop = flag() ?? true;
      return;
    case 'supervised':
      if (statement.isBare) {
        const message = 'please update your config not to use a bare supervised directive';
        sink.warning('deprecated-directive', statement.at, message, {
          hint: 'write "supervised=yes"',
        });
      }
      draft.isSupervised = statement.isBare || (flag() ?? false);
      return;
    case 'logfile':
      draft.logfile = readLogfile(statement, context) ?? draft.logfile;
      return;
    case 'fallback':
      draft.fallback = readFallbackLine(statement, context);
      return;
    case 'fallback6':
      draft.fallback6 = readFallbackLine(statement, context);
      return;
    default:
      readInert(statement, 'global', context);
  }
}
