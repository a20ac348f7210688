// The haresources file: one resource group a logical line, `node resource…`. Names and keys are
// checked here; whether a resource script exists is the edge's affair.

import { parseBuiltIn } from './builtin-arguments.js';
import { createSink, type Diagnostic, type DiagnosticSink, type Place } from './diagnostic.js';
import { nearestWord } from './did-you-mean.js';
import { parseIpaddrArguments } from './ipaddr-arguments.js';
import { splitLines, type Word, withoutComment, wordsOf } from './lines.js';
import type { ResourceGroup, ResourceSpec } from './resource-group.js';
import { isAddressScript } from './resource-kind.js';

export interface ParsedHaresources {
  /** undefined when there is any error. */
  readonly config: readonly ResourceGroup[] | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

export interface HaresourcesOptions {
  /** Lower-cased names of ha.cf; undefined when ha.cf is not known: names are not judged then. */
  readonly nodes?: readonly string[];
  /** Where ha.cf names its nodes. */
  readonly nodePlace?: Place;
}

/** More groups than anybody has; bounds what a hostile file can make of the cluster engine. */
export const groupsMax = 1000;

const WHITESPACE = ' \t\r\f';

export function parseHaresources(
  text: string,
  fileName: string,
  options: HaresourcesOptions = {},
): ParsedHaresources {
  const lines = splitLines(text);
  const sink = createSink(fileName, lines);
  const groups: ResourceGroup[] = [];
  const keys = new Map<string, Word>();
  for (const words of logicalLines(lines)) {
    const [node, ...resources] = words;
    if (node === undefined) continue;
    judgeNode(node, options, sink);
    const first = resources[0];
    if (first === undefined) {
      sink.error('missing-resource', node, `node ${node.text} has no resource on this line`, {
        hint: 'write the resources behind the node; a backslash at the end joins the next line',
      });
      continue;
    }
    judgeKey(first, keys, fileName, sink);
    if (groups.length === groupsMax) {
      sink.error('too-many-members', node, `more than ${groupsMax} resource groups`);
      break;
    }
    groups.push({
      key: first.text,
      preferredNode: node.text.toLowerCase(),
      resources: resources.map((word) => readResource(word, sink)),
    });
  }
  return { config: sink.hasErrors() ? undefined : groups, diagnostics: sink.all };
}

/** Backslash and line feed join two lines without a blank, also in the middle of a word. */
function logicalLines(lines: readonly string[]): readonly (readonly Word[])[] {
  const logical: (readonly Word[])[] = [];
  let words: Word[] = [];
  let isWordOpen = false;
  for (const [index, raw] of lines.entries()) {
    const bare = withoutComment(raw).replace(/\r$/, '');
    const isJoined = bare.endsWith('\\');
    const line = isJoined ? bare.slice(0, -1) : bare;
    const [first, ...rest] = wordsOf(line, index + 1, WHITESPACE);
    const open = words.at(-1);
    if (isWordOpen && open !== undefined && first?.column === 1) {
      words[words.length - 1] = { ...open, text: open.text + first.text };
    } else if (first !== undefined) words.push(first);
    words.push(...rest);
    const isOpenEnd: boolean = line === '' ? isWordOpen : !WHITESPACE.includes(line.slice(-1));
    isWordOpen = isJoined && isOpenEnd;
    if (isJoined) continue;
    logical.push(words);
    words = [];
  }
  logical.push(words);
  return logical;
}

function judgeNode(node: Word, options: HaresourcesOptions, sink: DiagnosticSink): void {
  const { nodes, nodePlace } = options;
  if (nodes === undefined || nodes.includes(node.text.toLowerCase())) return;
  const meant = nearestWord(node.text, nodes);
  sink.error('unknown-node', node, `Bad nodename in ${sink.file} [${node.text}]`, {
    hint:
      meant === undefined ? 'a node of ha.cf stands first on the line' : `did you mean "${meant}"?`,
    related:
      nodePlace === undefined
        ? undefined
        : { ...nodePlace, message: `the nodes are: ${nodes.join(' ')}` },
  });
}

function judgeKey(
  first: Word,
  keys: Map<string, Word>,
  fileName: string,
  sink: DiagnosticSink,
): void {
  const before = keys.get(first.text);
  if (before === undefined) {
    keys.set(first.text, first);
    return;
  }
  sink.error('duplicate-group', first, `two groups begin with ${first.text}`, {
    hint: 'the first resource names the group: it must be unique',
    related: {
      file: fileName,
      line: before.line,
      column: before.column,
      message: `${first.text} is first used here`,
    },
  });
}

function readResource(word: Word, sink: DiagnosticSink): ResourceSpec {
  // A word that starts like an address is one: `IPaddr::` is implied.
  const isAddress = /^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+/.test(word.text);
  const [script = '', ...split] = isAddress ? ['IPaddr', word.text] : word.text.split('::');
  const args = isAddressScript(script) ? joinedAddress(split) : split;
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.+-]*$/.test(script)) {
    sink.error('bad-resource', word, `"${script}" cannot be the name of a resource script`, {
      hint: 'a name without slashes, searched in resource.d and init.d; arguments follow behind ::',
    });
  }
  if (isAddressScript(script)) judgeAddress(word, args, sink);
  judgeBuiltIn(word, script, args, sink);
  return { script, args, word: word.text };
}

/** In an IPv6 address `::` is no end of an argument; heartbeat 3.0.6 took it for one. */
function joinedAddress(args: readonly string[]): readonly string[] {
  const joined = args.join('::');
  return args.length > 1 && parseIpaddrArguments([joined]).ok ? [joined] : args;
}

/** A warning, because a script of the name that somebody wrote takes what it likes. */
function judgeBuiltIn(
  word: Word,
  script: string,
  args: readonly string[],
  sink: DiagnosticSink,
): void {
  const parsed = parseBuiltIn(script, args);
  if (parsed === undefined || parsed.ok) return;
  sink.warning('bad-resource', word, `${word.text}: not what the built-in ${script} takes`, {
    hint: `write ${parsed.detail}, unless resource.d has a script of that name`,
  });
}

function judgeAddress(word: Word, args: readonly string[], sink: DiagnosticSink): void {
  const parsed = parseIpaddrArguments(args);
  if (parsed.ok) return;
  const reasons = {
    'no-address': 'no address',
    'bad-address': `"${parsed.detail}" is not an address`,
    'bad-prefix': `"${parsed.detail}" is not a prefix length`,
    'bad-interface': `"${parsed.detail}" is not the name of an interface (at most 15 characters)`,
    'bad-broadcast': `"${parsed.detail}" is not a broadcast address`,
    'too-many-parts': 'too many parts',
  } as const;
  sink.error('bad-resource', word, `${word.text}: ${reasons[parsed.code]}`, {
    hint: 'IPaddr::ADDRESS/PREFIX/INTERFACE/BROADCAST, such as IPaddr::10.0.0.5/24/eth0',
  });
}
