// What is wrong with a configuration, where, and what to write instead. Parsers collect these and
// go on, so that one run names every fault; printing is here as well, so that all look alike.

/** All codes; docs/diagnostics.md has a row for each (a test compares them). */
export const diagnosticCodes = [
  'cannot-read',
  'unknown-directive',
  'not-supported-yet',
  'without-effect',
  'deprecated-directive',
  'missing-value',
  'too-many-values',
  'bad-value',
  'out-of-range',
  'repeated-directive',
  'unsafe-file',
  'bad-timing',
  'risky-timing',
  'no-media',
  'single-medium',
  'late-directive',
  'too-many-members',
  'local-node-missing',
  'duplicate-node',
  'unpaired-cluster',
  'crm-refused',
  'auto-failback-legacy',
  'nice-failback-legacy',
  'bad-keyfile-mode',
  'bad-auth-line',
  'bad-auth-key',
  'missing-auth',
  'weak-auth',
  'own-method',
  'missing-interface',
  'slow-timing',
  'not-in-force',
  'peer-differs',
  'missing-resource',
  'bad-resource',
  'duplicate-group',
  'unknown-node',
  'bad-virtual',
  'duplicate-virtual',
  'no-real-server',
  'unchecked-service',
  'bad-pattern',
  'bad-real-server',
  'duplicate-real-server',
  'bad-fallback',
  'wrong-family',
  'cannot-resolve',
  'port-not-mapped',
  'value-ignored',
  'sticky-quiescent',
  'indentation',
] as const;

export type DiagnosticCode = (typeof diagnosticCodes)[number];

export interface Place {
  readonly file: string;
  /** From 1; 0 when the whole file is meant. */
  readonly line: number;
  /** From 1, counted in characters (a tab is one). */
  readonly column: number;
}

export interface Diagnostic extends Place {
  readonly severity: 'error' | 'warning';
  readonly code: DiagnosticCode;
  /** How many characters the caret line marks; at least 1. */
  readonly length: number;
  readonly message: string;
  /** The line of the file without its end; secrets are covered. Empty when there is none. */
  readonly excerpt: string;
  /** What to write; undefined when the message says it. */
  readonly hint: string | undefined;
  /** The line that ldirectord names where it is another one; for messages in its words. */
  readonly originalLine: number | undefined;
  /** Another place that belongs to the fault, such as the first of two equal things. */
  readonly related: (Place & { readonly message: string }) | undefined;
}

/** A piece of a line that a diagnostic can point at. */
export interface Span {
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

export interface DiagnosticSink {
  readonly file: string;
  error(code: DiagnosticCode, span: Span, message: string, more?: DiagnosticExtras): void;
  warning(code: DiagnosticCode, span: Span, message: string, more?: DiagnosticExtras): void;
  readonly all: readonly Diagnostic[];
  hasErrors(): boolean;
  /** Further errors are dropped: what is costly to say need not be made up. */
  isFull(): boolean;
}

export interface DiagnosticExtras {
  readonly hint?: string | undefined;
  readonly originalLine?: number | undefined;
  readonly related?: (Place & { readonly message: string }) | undefined;
}

/** More errors, or warnings, than this are not news: hostile files stay cheap. */
export const diagnosticsMax = 200;

/** Collects the diagnostics of one file, whose lines it quotes after `cover` hid their secrets. */
export function createSink(
  file: string,
  lines: readonly string[],
  cover: (line: string) => string = (line) => line,
): DiagnosticSink {
  const all: Diagnostic[] = [];
  const counts = { error: 0, warning: 0 };
  const add = (
    severity: Diagnostic['severity'],
    code: DiagnosticCode,
    span: Span,
    message: string,
    more: DiagnosticExtras = {},
  ): void => {
    counts[severity] += 1;
    if (counts[severity] > diagnosticsMax) return;
    all.push({
      severity,
      code,
      file,
      line: span.line,
      column: span.column,
      length: Math.max(1, span.length),
      message,
      excerpt: cover(lines[span.line - 1] ?? ''),
      hint: more.hint,
      originalLine: more.originalLine,
      related: more.related,
    });
  };
  return {
    file,
    error: (code, span, message, more) => add('error', code, span, message, more),
    warning: (code, span, message, more) => add('warning', code, span, message, more),
    all,
    hasErrors: () => counts.error > 0,
    isFull: () => counts.error >= diagnosticsMax,
  };
}

export const wholeFile: Span = { line: 0, column: 1, length: 1 };

export const hasErrors = (diagnostics: readonly Diagnostic[]): boolean =>
  diagnostics.some((each) => each.severity === 'error');

/** By file in the order of first mention, then by line and column. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const files = [...new Set(diagnostics.map((each) => each.file))];
  return [...diagnostics].sort(
    (a, b) =>
      files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
  );
}

/** Columns of the excerpt that are printed; longer lines are cut around the caret. */
const EXCERPT_COLUMNS = 92;

/** One diagnostic as it is printed, without a line feed at the end. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { file, line, column, severity, message, hint, related } = diagnostic;
  const where = line === 0 ? file : `${file}:${line}:${column}`;
  const out = [`${where}: ${severity}: ${printable(message)}`];
  if (line > 0 && diagnostic.excerpt !== '') {
    const [excerpt, from] = cutExcerpt(diagnostic.excerpt, column);
    const before = visible(excerpt.slice(0, column - 1 - from)).length;
    const marked = visible(excerpt.slice(column - 1 - from, column - 1 - from + diagnostic.length));
    const caret = `^${'~'.repeat(Math.max(0, marked.length - 1))}`;
    const number = String(line).padStart(5);
    out.push(`${number} | ${visible(excerpt)}`);
    out.push(
      `      | ${' '.repeat(before)}${caret}${hint === undefined ? '' : ` ${visible(hint)}`}`,
    );
  } else if (hint !== undefined) {
    out.push(`      | ${visible(hint)}`);
  }
  if (related !== undefined) {
    const place =
      related.line === 0 ? related.file : `${related.file}:${related.line}:${related.column}`;
    out.push(`${place}: note: ${visible(related.message)}`);
  }
  return out.join('\n');
}

function cutExcerpt(excerpt: string, column: number): readonly [text: string, from: number] {
  if (excerpt.length <= EXCERPT_COLUMNS) return [excerpt, 0];
  const from = Math.max(0, Math.min(column - 20, excerpt.length - EXCERPT_COLUMNS));
  return [excerpt.slice(from, from + EXCERPT_COLUMNS), from];
}

/** A tab as four blanks, so that the caret stands under its word. */
const visible = (text: string): string => printable(text).replaceAll('\t', '    ');

/** Control characters but the tab as `?`: a file must not steer a terminal. */
function printable(text: string): string {
  let shown = '';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const isControl = (code < 0x20 && character !== '\t') || (code >= 0x7f && code < 0xa0);
    shown += isControl ? '?' : character;
  }
  return shown;
}

/**
 * In ldirectord's words, as scripts look for them; without its line feeds inside messages. `pid`
 * is the number in brackets.
 */
export function ldirectordForm(diagnostic: Diagnostic, pid: number): string {
  const { severity, file, line, originalLine, message } = diagnostic;
  const kind = severity === 'error' ? 'Error' : 'Warning';
  const where = line === 0 ? '' : ` reading file ${file} at line ${originalLine ?? line}`;
  return `${kind} [${pid}]${where}: ${printable(message)}`;
}

/** All of them, sorted, one under the other. */
export const describeDiagnostics = (diagnostics: readonly Diagnostic[]): string =>
  sortDiagnostics(diagnostics).map(formatDiagnostic).join('\n');

/** The count line under a list, such as `2 errors, 1 warning`. */
export function countLine(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter((each) => each.severity === 'error').length;
  const warnings = diagnostics.length - errors;
  const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
  return `${count(errors, 'error')}, ${count(warnings, 'warning')}`;
}
