// ldirectord.cf as a whole: the global part, then each virtual service, defaults and stand-ins
// filled in. Every fault of a file is named in one run; nothing is half taken over.

import { createSink, type Diagnostic } from './diagnostic.js';
import type { FallbackDraft, ReadContext } from './director-address.js';
import { readFallbackLine, resolvePort } from './director-address.js';
import type { DirectorConfig, GlobalFallback, VirtualServiceConfig } from './director-config.js';
import { type HealthDraft, newHealth, readHealthRule } from './director-health.js';
import { coverSecret, type DirectorStatement, splitSections } from './director-lines.js';
import type { NameLookup } from './director-names.js';
import {
  alertOf,
  newOperations,
  type OperationsDraft,
  readOperation,
  refuseRemoved,
  warnCheckCount,
} from './director-operations.js';
import { readCount, readLogfile, readYesNo } from './director-values.js';
import { type GlobalDefaults, readVirtual } from './director-virtual.js';
import { splitLines } from './lines.js';

export interface ParsedDirectorConfig {
  /** undefined when there is any error. */
  readonly config: DirectorConfig | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

export interface ParseOptions {
  /** The configuration is only to be shown: what cannot be run is a warning then. */
  readonly isShown?: boolean;
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
  readonly operations: OperationsDraft;
  readonly health: HealthDraft;
}

export function parseDirectorConfig(
  text: string,
  fileName: string,
  names: NameLookup,
  { isShown = false }: ParseOptions = {},
): ParsedDirectorConfig {
  const lines = splitLines(text);
  const sink = createSink(fileName, lines, coverSecret);
  const context: ReadContext = { sink, names, isShown };
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
          ...operationsOf(draft, names),
        },
    diagnostics: sink.all,
  };
}

/** A dead real server is found out within this many intervals before a takeover needs to know. */
const STANDBY_PACE = 5;

function operationsOf(
  draft: GlobalDraft,
  names: NameLookup,
): Pick<
  DirectorConfig,
  'callback' | 'executes' | 'maintenanceDir' | 'standbyPace' | 'alertFrom' | 'written'
> {
  const { operations } = draft;
  return {
    callback: operations.callback,
    executes: operations.executes,
    maintenanceDir: operations.maintenanceDir,
    standbyPace: operations.standbyPace ?? STANDBY_PACE,
    alertFrom: operations.from,
    written: {
      checkTimeoutSeconds: draft.checkTimeout,
      negotiateTimeoutSeconds: draft.negotiateTimeout,
      checkCount: draft.checkCount,
      failureCount: draft.failureCount,
      isFork: draft.isFork,
      isQuiescent: draft.isQuiescent,
      isCleanStop: draft.isCleanStop,
      fallback: globalFallback(draft.fallback, names),
      fallback6: globalFallback(draft.fallback6, names),
      fallbackCommand: operations.fallbackCommand,
      alert: alertOf(operations, operations),
      health: draft.health,
    },
  };
}

function globalFallback(
  draft: FallbackDraft | undefined,
  names: NameLookup,
): GlobalFallback | undefined {
  if (draft === undefined) return undefined;
  const { address, forwarding, portText } = draft;
  const port = (protocol: 'tcp' | 'udp'): number | undefined =>
    portText === undefined ? undefined : resolvePort(portText, protocol, names);
  return { address, forwarding, tcpPort: port('tcp'), udpPort: port('udp') };
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
    operations: newOperations(),
    health: newHealth(),
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
      if (refuseRemoved(statement, context)) return;
      if (readHealthRule(statement, 'global', draft.health, context)) return;
      readOperation(statement, 'global', draft.operations, context);
  }
}
