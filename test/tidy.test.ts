// The style, enforced: import direction, banned words, sizes, dead files, tables in step with the
// code. A rule here is one of the rules of the house; a new exception needs a reason beside it.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../../', import.meta.url));

const linesMax = 400;
const columnsMax = 100;
const functionLinesMax = 70;

const topLevel = new Set([
  ...['package.json', 'package-lock.json', 'tsconfig.json', 'src', 'etc', 'systemd', 'test'],
  ...['docs', 'README.md', 'CHANGELOG.md', 'LICENSE'],
]);
/** Made by tools, ignored by git. */
const generated = new Set(['node_modules', 'dist']);

const pureFolders = [
  ...['base', 'wire', 'auth', 'config', 'cluster', 'director', 'checks', 'clients'],
] as const;

const kernelSide = ['runtime', 'media', 'kernel', 'resources'] as const;
const commonBelow = ['base', 'wire', 'auth', 'config'] as const;

/** What a folder of src may import besides itself. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  base: [],
  wire: ['base'],
  auth: ['base', 'wire'],
  config: ['base', 'wire', 'auth', 'checks'],
  cluster: ['base', 'wire', 'auth', 'config'],
  director: ['base', 'wire', 'config', 'checks'],
  checks: ['base', 'wire'],
  clients: ['base', 'wire', 'config'],
  runtime: [...commonBelow, 'checks', 'kernel'],
  media: [...commonBelow, 'kernel', 'runtime'],
  kernel: ['base', 'wire', 'config', 'runtime'],
  resources: [...commonBelow, 'kernel', 'runtime'],
  heartbeat: [...commonBelow, ...kernelSide, 'cluster', 'clients'],
  ldirectord: [...commonBelow, ...kernelSide, 'director', 'checks'],
  bin: [...kernelSide, ...commonBelow, ...pureFolders, 'heartbeat', 'ldirectord', 'compat'],
  compat: [...commonBelow, ...kernelSide, 'heartbeat', 'ldirectord', 'bin', 'clients'],
};

interface Source {
  /** From the root, such as `src/base/time.ts`. */
  readonly path: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
}

function readSources(folder: string): Source[] {
  return readdirSync(join(root, folder), { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((path) => path.endsWith('.ts'))
    .sort()
    .map((path) => {
      const text = readFileSync(join(root, path), 'utf8');
      return { path, text, tree: ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true) };
    });
}

const program = readSources('src');
const tests = readSources('test');
const all = [...program, ...tests];

function visit(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node);
  node.forEachChild((child) => visit(child, see));
}

function lineOf(source: Source, node: ts.Node): number {
  return source.tree.getLineAndCharacterOfPosition(node.getStart(source.tree)).line + 1;
}

/** What a file imports or re-exports; a program it starts by its path is not among them. */
function imports(source: Source): string[] {
  const found: string[] = [];
  visit(source.tree, (node) => {
    const isImport = ts.isImportDeclaration(node) || ts.isExportDeclaration(node);
    const isDynamic =
      ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword;
    const name = isImport ? node.moduleSpecifier : isDynamic ? node.arguments[0] : undefined;
    if (name !== undefined && ts.isStringLiteral(name)) found.push(name.text);
  });
  return found;
}

/** Module names a file speaks of: imports, re-exports, `import()`, and `new URL('./x.js')`. */
function specifiers(source: Source): string[] {
  const found: string[] = [];
  visit(source.tree, (node) => {
    if (ts.isStringLiteral(node) && /^(\.{1,2}\/|#src\/).*\.js$/.test(node.text)) {
      found.push(node.text);
    }
  });
  return found;
}

/** The source file a module name stands for, from the root; undefined for packages. */
function resolveFrom(source: Source, name: string): string | undefined {
  const sourceName = name.replace(/\.js$/, '.ts');
  if (name.startsWith('#src/')) return normalize(sourceName.replace('#src/', 'src/'));
  if (!name.startsWith('.')) return undefined;
  const path = normalize(join(dirname(source.path), sourceName));
  // Built, test/ lies in dist/test and src/ in dist itself, so paths to the program differ.
  const asBuilt = relative(root, join(root, dirname(source.path), '..', '..', name));
  return existsSync(join(root, path)) ? path : (builtPath(source, name) ?? asBuilt);
}

function builtPath(source: Source, name: string): string | undefined {
  if (!source.path.startsWith('test/')) return undefined;
  const inDist = normalize(join('dist', dirname(source.path), name));
  const path = inDist.replace(/^dist\//, 'src/').replace(/\.js$/, '.ts');
  return existsSync(join(root, path)) ? path : undefined;
}

const noFaults: readonly string[] = [];

test('the top level holds exactly the agreed names', () => {
  const names = readdirSync(root).filter((name) => !name.startsWith('.') && !generated.has(name));
  assert.deepEqual(
    names.filter((name) => !topLevel.has(name)),
    [],
  );
});

test('every import goes downward', () => {
  const faults: string[] = [];
  for (const source of program) {
    const [, folder = ''] = source.path.split('/');
    const allowed = mayImport[folder];
    if (allowed === undefined) faults.push(`${source.path}: the folder has no rule`);
    for (const name of imports(source)) {
      const target = resolveFrom(source, name);
      const [, to = ''] = target?.split('/') ?? [];
      if (target === undefined || to === folder || allowed?.includes(to)) continue;
      faults.push(`${source.path} -> ${target}`);
    }
  }
  assert.deepEqual(faults, noFaults);
});

test('pure folders import neither Node.js nor a package', () => {
  const faults = program
    .filter((source) => pureFolders.some((folder) => source.path.startsWith(`src/${folder}/`)))
    .flatMap((source) =>
      specifiers(source)
        .filter((name) => !name.startsWith('.'))
        .map((name) => `${source.path}: ${name}`),
    );
  assert.deepEqual(faults, noFaults);
});

test('pure folders take time and chance as arguments', () => {
  const faults: string[] = [];
  for (const source of program) {
    if (!pureFolders.some((folder) => source.path.startsWith(`src/${folder}/`))) continue;
    visit(source.tree, (node) => {
      const isBanned =
        (ts.isPropertyAccessExpression(node) &&
          /^(Date\.now|Math\.random)$/.test(node.getText(source.tree))) ||
        (ts.isNewExpression(node) && node.expression.getText(source.tree) === 'Date');
      if (isBanned) faults.push(`${source.path}:${lineOf(source, node)}: ${node.getText()}`);
    });
  }
  assert.deepEqual(faults, noFaults);
});

test('no file is longer than 400 lines and no line wider than 100 columns', () => {
  const faults: string[] = [];
  for (const { path, text } of all) {
    const lines = text.trimEnd().split('\n');
    if (lines.length > linesMax) faults.push(`${path}: ${lines.length} lines`);
    for (const [index, line] of lines.entries()) {
      if ([...line].length > columnsMax)
        faults.push(`${path}:${index + 1}: ${line.length} columns`);
    }
  }
  assert.deepEqual(faults, noFaults);
});

function isFunctionWithBody(node: ts.Node): node is ts.FunctionLikeDeclaration {
  return (
    (ts.isFunctionDeclaration(node) ||
      ts.isMethodDeclaration(node) ||
      ts.isArrowFunction(node) ||
      ts.isFunctionExpression(node) ||
      ts.isConstructorDeclaration(node) ||
      ts.isGetAccessorDeclaration(node) ||
      ts.isSetAccessorDeclaration(node)) &&
    node.body !== undefined
  );
}

/** `describe` only groups; its length is that of the tests within. */
function isGrouping(node: ts.Node): boolean {
  return (
    ts.isCallExpression(node.parent) && /^(describe|suite)$/.test(node.parent.expression.getText())
  );
}

test('no function is longer than 70 lines', () => {
  const faults: string[] = [];
  for (const source of all) {
    visit(source.tree, (node) => {
      if (!isFunctionWithBody(node) || isGrouping(node)) return;
      const { tree } = source;
      const from = tree.getLineAndCharacterOfPosition(node.getStart(tree)).line;
      const length = tree.getLineAndCharacterOfPosition(node.end).line - from + 1;
      if (length > functionLinesMax) faults.push(`${source.path}:${from + 1}: ${length} lines`);
    });
  }
  assert.deepEqual(faults, noFaults);
});

test('every file opens with what it is for', () => {
  const faults = all
    .filter(({ text }) => !/^(#!.*\n)?(\/\/|\/\*)/.test(text))
    .map(({ path }) => path);
  assert.deepEqual(faults, noFaults);
});

test('file names are kebab-case', () => {
  const faults = all
    .map(({ path }) => path)
    .filter((path) => !/^[a-z0-9/-]+(\.(test|bench|d))?\.ts$/.test(path));
  assert.deepEqual(faults, noFaults);
});

test('no type is any, no check is switched off and no test is left out', () => {
  const faults: string[] = [];
  for (const source of all) {
    if (source.path === 'test/tidy.test.ts') continue;
    for (const [, word] of source.text.matchAll(
      /(@ts-(?:ignore|nocheck|expect-error)|biome-ignore)/g,
    )) {
      faults.push(`${source.path}: ${word}`);
    }
    visit(source.tree, (node) => {
      const at = `${source.path}:${lineOf(source, node)}`;
      if (node.kind === ts.SyntaxKind.AnyKeyword) faults.push(`${at}: any`);
      if (
        ts.isPropertyAccessExpression(node) &&
        /^(test|it|describe|t)$/.test(node.expression.getText(source.tree)) &&
        /^(skip|only|todo)$/.test(node.name.text)
      ) {
        faults.push(`${at}: ${node.getText(source.tree)}`);
      }
    });
  }
  assert.deepEqual(faults, noFaults);
});

/** Files that are started and not imported: commands, workers' mains, tests and benchmarks. */
function isEntry(path: string): boolean {
  return (
    path === 'src/bin/lubdub.ts' ||
    /^src\/compat\//.test(path) ||
    /\.(test|bench)\.ts$/.test(path) ||
    path === 'test/lab/vm-run.ts' ||
    path === 'test/simulation/swarm.ts' ||
    path === 'test/lab/interop/main.ts' ||
    path === 'test/lab/demo.ts' ||
    path === 'test/lab/hostile-sender.ts' ||
    path === 'test/fuzz/fuzz.ts'
  );
}

test('no file is dead', () => {
  const known = new Set(all.map(({ path }) => path));
  const used = new Map<string, string[]>();
  for (const source of all) {
    for (const name of specifiers(source)) {
      const target = resolveFrom(source, name);
      if (target !== undefined && known.has(target)) {
        used.set(target, [...(used.get(target) ?? []), source.path]);
      }
    }
  }
  // What only tests use is dead in the program.
  const isUsed = (path: string): boolean =>
    (used.get(path) ?? []).some((by) => path.startsWith('test/') || by.startsWith('src/'));
  const faults = all.map(({ path }) => path).filter((path) => !isEntry(path) && !isUsed(path));
  assert.deepEqual(faults, noFaults);
});

/** README.md, CHANGELOG.md and everything below docs, by path from the root. */
function documents(): readonly string[] {
  const below = readdirSync(join(root, 'docs'), { recursive: true }).map(String);
  const inDocs = below.filter((name) => name.endsWith('.md')).map((name) => join('docs', name));
  return ['README.md', 'CHANGELOG.md', ...inDocs];
}

test('a document that the code names is in the tree', () => {
  const names = new Set(documents().map((path) => path.slice(path.lastIndexOf('/') + 1)));
  const faults = all.flatMap(({ path, text }) =>
    [...text.matchAll(/(?<![\w.}-])[\w-][\w.-]*\.md\b/g)]
      .map(([name]) => name)
      .filter((name) => !names.has(name))
      .map((name) => `${path}: ${name}`),
  );
  assert.deepEqual(faults, noFaults);
});

test('every link of a document leads somewhere', () => {
  const faults = documents().flatMap((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    return [...text.matchAll(/\]\(([^)#\s]+)/g)]
      .map(([, target]) => target ?? '')
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => !existsSync(join(root, dirname(path), target)))
      .map((target) => `${path}: ${target}`);
  });
  assert.deepEqual(faults, noFaults);
});
