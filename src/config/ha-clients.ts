// The lines of ha.cf about programs beside the daemon: those that it keeps running (`respawn`,
// `failfast`) and who may use the client interface (`apiauth`). Whether an account or a program
// exists is the edge's affair.

import type { DiagnosticSink } from './diagnostic.js';
import type { HaStatement } from './ha-statements.js';

/** A program that runs as long as the daemon does. */
export interface ChildProgram {
  readonly user: string;
  /** Absolute. */
  readonly path: string;
  readonly args: readonly string[];
  /** `failfast`: the node cannot do without it. */
  readonly isVital: boolean;
}

/** One `apiauth` line: a client is let in by its user or by its group. */
export interface NamedApiRule {
  readonly client: string;
  readonly users: readonly string[];
  readonly groups: readonly string[];
}

/** heartbeat 3.0.6 has no limit; each is a process that is looked after. */
export const childProgramsMax = 64;

/** In the order of the file, which is that in which they are started. */
export function readChildPrograms(
  statements: readonly HaStatement[],
  sink: DiagnosticSink,
): readonly ChildProgram[] {
  const programs: ChildProgram[] = [];
  for (const { directive, name, at, rest } of statements) {
    if (directive.name !== 'respawn' && directive.name !== 'failfast') continue;
    // Blanks alone part the words: a comma may be part of an argument.
    const [user, path, ...args] = rest.split(/\s+/);
    if (user === undefined || path === undefined || !path.startsWith('/')) {
      const text = `${name.text} takes a user and the whole path of a program`;
      sink.error('bad-value', at, text, { hint: `such as "${name.text} hacluster /usr/bin/prog"` });
      continue;
    }
    if (programs.length === childProgramsMax) {
      sink.error('bad-value', at, `more than ${childProgramsMax} programs`);
      return programs;
    }
    programs.push({ user, path, args, isVital: directive.name === 'failfast' });
  }
  return programs;
}

const ACCOUNT = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

export function readApiRules(
  statements: readonly HaStatement[],
  sink: DiagnosticSink,
): readonly NamedApiRule[] {
  const rules: NamedApiRule[] = [];
  for (const statement of statements) {
    if (statement.directive.name !== 'apiauth') continue;
    const rule = readRule(statement);
    if (rule !== undefined) rules.push(rule);
    else {
      const text = 'apiauth takes a client and who may be it';
      const hint =
        'such as "apiauth ipfail uid=hacluster" or "apiauth ping uid=root,x gid=haclient"';
      sink.error('bad-value', statement.at, text, { hint });
    }
  }
  return rules;
}

function readRule({ rest }: HaStatement): NamedApiRule | undefined {
  const [client, ...parts] = rest.split(/\s+/);
  if (client === undefined || parts.length === 0) return undefined;
  const users: string[] = [];
  const groups: string[] = [];
  for (const part of parts) {
    const [, kind, list] = /^(uid|gid)=(.+)$/.exec(part) ?? [];
    const names = list?.split(',').filter((each) => each !== '') ?? [];
    if (names.length === 0 || !names.every((each) => ACCOUNT.test(each))) return undefined;
    (kind === 'uid' ? users : groups).push(...names);
  }
  return { client, users, groups };
}

/** Programs of 3.0.6 that are part of this daemon: an ha.cf that names them goes on to work. */
const builtIn: ReadonlySet<string> = new Set(['ipfail']);

export const isBuiltIn = (program: ChildProgram): boolean =>
  builtIn.has(program.path.split('/').at(-1) ?? '');
