// agentcheck of ldirectord.cf, an extension: where a real server is asked how much it can carry.

import type { ReadContext } from './director-address.js';
import type { DirectorStatement } from './director-lines.js';

export type AgentSource =
  /** Nobody is asked, whatever the global part says. */
  | { readonly kind: 'none' }
  /** A program on the director, which gets address and port of the real server. */
  | { readonly kind: 'command'; readonly path: string }
  /** A port of the real server that says its word and closes. */
  | { readonly kind: 'tcp'; readonly port: number }
  /** The word is the first line of a page of the real server. */
  | { readonly kind: 'http'; readonly port: number; readonly path: string };

const NETWORK_FORM = /^(tcp|http):([0-9]{1,5})(\/[\x21-\x7e]{0,1023})?$/;
/** PATH_MAX of Linux; without blanks, since a program with arguments would not be found. */
const PROGRAM_FORM = /^\/[^\s\p{Cc}]{1,4095}$/u;

const HINT = 'the path of a program without arguments, tcp:PORT, http:PORT/PATH, or none';

export function readAgentSource(
  { value, valueAt, directive: { faultVirtual } }: DirectorStatement,
  { sink }: ReadContext,
): AgentSource | undefined {
  const source = agentSourceOf(value.trim());
  if (source === undefined) sink.error('bad-value', valueAt, faultVirtual, { hint: HINT });
  return source;
}

function agentSourceOf(text: string): AgentSource | undefined {
  if (text === 'none') return { kind: 'none' };
  if (PROGRAM_FORM.test(text)) return { kind: 'command', path: text };
  const [, kind, digits, path] = NETWORK_FORM.exec(text) ?? [];
  const port = Number(digits);
  if (kind === undefined || port < 1 || port > 65_535) return undefined;
  if (kind === 'http') return path === undefined ? undefined : { kind, port, path };
  return path === undefined ? { kind: 'tcp', port } : undefined;
}

/** As it is written. */
export function agentSourceText(source: AgentSource): string {
  switch (source.kind) {
    case 'none':
      return 'none';
    case 'command':
      return source.path;
    case 'tcp':
      return `tcp:${source.port}`;
    default:
      return `http:${source.port}${source.path}`;
  }
}
