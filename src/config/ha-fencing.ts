// The lines of ha.cf that say how a dead node is reset, and the `env` lines for scripts. Which
// device there is and whether it works is the edge's affair.

import type { DiagnosticSink } from './diagnostic.js';
import type { HaStatement } from './ha-statements.js';

/** One device that can reset other nodes, with what it needs to be told. */
export interface StonithDevice {
  /** A plug-in of cluster-glue, such as `external/ipmi`, or the path of an executable. */
  readonly type: string;
  readonly parameters:
    | { readonly kind: 'file'; readonly path: string }
    /** As written: blanks and commas have their meaning for the device. May hold a password. */
    | { readonly kind: 'text'; readonly text: string };
}

/** heartbeat 3.0.6 has one device a node: of the lines that are for this node the last counts. */
export function readStonith(
  statements: readonly HaStatement[],
  localNode: string,
  sink: DiagnosticSink,
): StonithDevice | undefined {
  let device: StonithDevice | undefined;
  for (const statement of statements) {
    const next = readDevice(statement, localNode);
    if (next === undefined) continue;
    if (device !== undefined) {
      sink.warning(
        'repeated-directive',
        statement.name,
        'a second STONITH device: this line wins',
        {
          hint: 'a node resets others by one device',
        },
      );
    }
    device = next;
  }
  return device;
}

function readDevice(statement: HaStatement, localNode: string): StonithDevice | undefined {
  const { directive, value, rest } = statement;
  if (value.kind !== 'words') return undefined;
  const [first, second] = value.words.map((word) => word.text);
  if (first === undefined || second === undefined) return undefined;
  if (directive.name === 'stonith') {
    return { type: first, parameters: { kind: 'file', path: second } };
  }
  if (directive.name !== 'stonith_host') return undefined;
  if (first !== '*' && first.toLowerCase() !== localNode) return undefined;
  // A comma between the parameters belongs to them, unlike elsewhere in this file.
  const text = /^\S+\s+\S+\s*(.*)$/.exec(rest)?.[1] ?? '';
  return { type: second, parameters: { kind: 'text', text } };
}

const ASSIGNMENT = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/;

/** `env NAME=VALUE` becomes HA_NAME in the environment of scripts. */
export function readEnvironment(
  statements: readonly HaStatement[],
  sink: DiagnosticSink,
): Readonly<Record<string, string>> {
  const variables: Record<string, string> = {};
  for (const { directive, value } of statements) {
    if (directive.name !== 'env' || value.kind !== 'words') continue;
    for (const word of value.words) {
      const [, name, text] = ASSIGNMENT.exec(word.text) ?? [];
      if (name === undefined || text === undefined) {
        sink.error('bad-value', word, `env takes NAME=VALUE, not "${word.text}"`, {
          hint: 'such as "env SITE=north", which scripts see as HA_SITE',
        });
      } else variables[`HA_${name}`] = text;
    }
  }
  return variables;
}

/** As the scripts of heartbeat 3.0.6 take HA_STOPRETRYMAX: nothing above 0 means for ever. */
export function readStopRetries(text: string | undefined): number | undefined {
  if (text === undefined || !/^-?[0-9]{1,9}$/.test(text)) return undefined;
  return Math.max(0, Number(text));
}
