// The one test command: sets up, builds, runs every kind of test and sums them up.
//   node test/run.mjs         everything; the lab where the kernel allows, else in a machine
//   node test/run.mjs quick   what needs no root, in a good minute
//   node test/run.mjs ci      everything, and the quick tests on the newer Node.js as well
//   node test/run.mjs demo …  sets up and plays the demo
//   node test/run.mjs interop … sets up and plays the whole matrix of mixed pairs
//   node test/run.mjs fuzz …  sets up and fuzzes every parser: --seconds N [--seed S] [--target T]
//   node test/run.mjs replay  sets up and replays ldirectord's recorded scenarios over a real table
//   node test/run.mjs bench … sets up and runs a benchmark by its name
// The last line of a test run is `N passed, N failed`.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureDebianPackages, ensureNpmPackages, root, step } from './setup.mjs';

/** The newer Node.js on which the quick tests run too. */
const newerNode = 24;
/** A machine that hangs must not hang the run. */
const machineLimitMs = 25 * 60_000;

const total = { passed: 0, failed: 0 };
const trouble = [];
const began = Date.now();

function heading(text) {
  console.log(`\n== ${text} (${Math.round((Date.now() - began) / 1000)} s)`);
}

function fail(what) {
  total.failed += 1;
  trouble.push(what);
}

function must(what, done) {
  if (!done) fail(what);
  return done;
}

/** Sources of tests below a folder of test/, as built files; a stale dist file is never run. */
function testsBelow(folder) {
  const from = join(root, 'test', folder);
  if (!existsSync(from)) return [];
  return readdirSync(from, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((name) => name.endsWith('.test.ts'))
    .sort()
    .map((name) => join('dist/test', name.replace(/\.ts$/, '.js')));
}

function reporters(tapFile) {
  return [
    ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
    ...['--test-reporter=tap', `--test-reporter-destination=${tapFile}`],
  ];
}

/** Adds up what a run reported; a run without a report failed as a whole. */
function count(what, tapFile) {
  const text = existsSync(tapFile) ? readFileSync(tapFile, 'utf8') : '';
  const number = (name) => Number(new RegExp(`^# ${name} (\\d+)`, 'm').exec(text)?.[1] ?? 0);
  if (!/^# pass \d+/m.test(text)) return fail(`${what}: no report`);
  total.passed += number('pass');
  const failed = number('fail') + number('cancelled') + number('skipped') + number('todo');
  total.failed += failed;
  if (failed > 0) {
    for (const [, name] of text.matchAll(/^ *not ok \d+ - (.*)$/gm))
      trouble.push(`${what}: ${name}`);
    for (const [, name] of text.matchAll(/^ *ok \d+ - (.* # (?:SKIP|TODO).*)$/gm)) {
      trouble.push(`${what}: ${name}`);
    }
  }
}

function runNode(node, args) {
  return new Promise((resolve) => {
    const child = spawn(node, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('exit', resolve);
    child.on('error', resolve);
  });
}

async function runTests(what, files, { node = process.execPath, concurrency = 2 } = {}) {
  if (files.length === 0) return;
  heading(what);
  const folder = mkdtempSync(join(tmpdir(), `lubdub-${process.pid}-`));
  const tap = join(folder, 'tap');
  const args = ['--test', `--test-concurrency=${concurrency}`, ...reporters(tap), ...files];
  await runNode(node, args);
  count(what, tap);
  rmSync(folder, { recursive: true, force: true });
}

/** Everything that needs no root. */
async function runQuick(node, label = '') {
  await runTests(
    `tidy${label}`,
    ['dist/test/tidy.test.js'].filter((f) => existsSync(join(root, f))),
    { node },
  );
  for (const folder of ['unit', 'conformance', 'simulation', 'fuzz']) {
    await runTests(`${folder}${label}`, testsBelow(folder), { node });
  }
}

/** Tests that need IPVS in the kernel say so in their file's name. */
function needsIpvs(file) {
  return /ipvs\.test\.js$/.test(file);
}

/** Two kernels side by side for some minutes: it runs by itself. */
function isReplay(file) {
  return file === 'dist/test/lab/replay.test.js';
}

async function runInMachine(what, files) {
  if (files.length === 0) return;
  heading(what);
  const { runInVm } = await import('../dist/test/lab/vm.js');
  const out = mkdtempSync(join(tmpdir(), `lubdub-${process.pid}-`));
  const args = ['--test', '--test-concurrency=1', ...reporters('/out/tap'), ...files];
  const onLine = (line) => console.log(line);
  const { code, output } = await runInVm([process.execPath, ...args], {
    out,
    onLine,
    limitMs: machineLimitMs,
  });
  if (code === 124) console.log(`${output.slice(-4000)}\nthe machine was stopped`);
  count(what, join(out, 'tap'));
  rmSync(out, { recursive: true, force: true });
}

async function runLab() {
  if (!must('Debian packages for the lab', ensureDebianPackages())) return;
  const { hasIpvs, isRoot } = await import('../dist/test/lab/ipvs.js');
  const files = testsBelow('lab').filter((file) => !isReplay(file));
  const isHere = (await hasIpvs()) ? () => true : (file) => isRoot && !needsIpvs(file);
  await runTests('lab', files.filter(isHere), { concurrency: 1 });
  await runInMachine(
    'lab in the emulated machine',
    files.filter((file) => !isHere(file)),
  );
  await runTests('replay', testsBelow('lab').filter(isReplay));
}

/** The registry's package of a Node.js is the plain binary; kept in the user's cache. */
function fetchNewerNode() {
  const name = `node-linux-${process.arch}`;
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'lubdub/node');
  const binary = join(cache, 'node_modules', name, 'bin/node');
  const install = ['npm', 'install', '--prefix', cache, '--no-save', '--no-audit', '--no-fund'];
  return existsSync(binary) || step([...install, `${name}@${newerNode}`]) ? binary : undefined;
}

function build() {
  heading('set-up and build');
  if (!must('npm packages', ensureNpmPackages())) return false;
  // The compiler emits in spite of errors: what can run still tells something.
  must('build', step(['npm', 'run', '--silent', 'build']));
  return true;
}

async function runReplay() {
  if (!build() || !must('Debian packages for the lab', ensureDebianPackages())) return;
  await runTests('replay', testsBelow('lab').filter(isReplay));
}

async function runAll(kind) {
  if (kind === 'replay') return runReplay();
  if (!build()) return;
  heading('pure build and lint');
  must('pure build', step(['npm', 'run', '--silent', 'build:pure']));
  must('lint', step(['npm', 'run', '--silent', 'lint']));
  await runQuick(process.execPath);
  if (kind === 'quick') return;
  if (kind === 'ci') {
    const node = fetchNewerNode();
    if (must(`Node.js ${newerNode}`, node !== undefined))
      await runQuick(node, ` (Node.js ${newerNode})`);
  }
  await runLab();
}

/** Demo and benchmarks: the same set-up, quietly, then the program with the rest of the words. */
async function play(path, words) {
  if (!ensureNpmPackages() || !step(['npm', 'run', '--silent', 'build'])) return 1;
  if (!ensureDebianPackages()) return 1;
  return (await runNode(process.execPath, [path, ...words])) ?? 1;
}

/** Needs nothing of the system: packages and build alone. */
async function fuzz(words) {
  if (!ensureNpmPackages() || !step(['npm', 'run', '--silent', 'build'])) return 1;
  return (
    (await runNode(process.execPath, ['--expose-gc', 'dist/test/fuzz/fuzz.js', ...words])) ?? 1
  );
}

const [kind = 'all', ...words] = process.argv.slice(2);
if (kind === 'demo') process.exitCode = await play('dist/test/lab/demo.js', words);
else if (kind === 'interop') process.exitCode = await play('dist/test/lab/interop/main.js', words);
else if (kind === 'fuzz') process.exitCode = await fuzz(words);
else if (kind === 'bench') {
  const [name = 'takeover', ...rest] = words;
  process.exitCode = await play(`dist/test/bench/${name}.bench.js`, rest);
} else {
  await runAll(kind);
  heading('done');
  for (const each of trouble) console.log(`failed: ${each}`);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
}
