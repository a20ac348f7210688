// The commands start, stop, restart, try-restart, reload, force-reload and status with the exit
// codes and words of ldirectord 4.12. Only start and restart read the configuration: a mistake in
// the file must not make a running daemon unreachable.

import { access, appendFile, constants } from 'node:fs/promises';
import { logLine } from '../base/log-line.js';
import { askControl, type JsonObject } from '../runtime/control-socket.js';
import { ldirectordForm } from '../runtime/log-form.js';
import { version } from '../runtime/version.js';
import { type CommandLine, type DirectorCommand, parseCommandLine, USAGE } from './command-line.js';
import { DAEMON_SCRIPT, startDaemon } from './daemon-start.js';
import {
  type DirectorMachine,
  diagnosticLines,
  diagnosticReport,
  EXIT_CONFIG,
  EXIT_FAILED,
  EXIT_OK,
  type LoadedDirectorConfig,
} from './director-machine.js';
import {
  DEFAULT_CONFIG_DIR,
  DEFAULT_RUN_DIR,
  findConfig,
  type Instance,
  type InstancePlaces,
  instanceOf,
  stateDirOf,
} from './instance.js';
import { DEFAULT_LOGFILE, logfileOf } from './logfile.js';
import { isDirectorProcess, readPidFile } from './pid-file.js';
import { rehearseReload } from './reload-rehearsal.js';

/** Where words go and what the machine is; tests bring their own. */
export interface CommandParts {
  /** As called, for the log: `/usr/sbin/ldirectord`. */
  readonly program: string;
  out(text: string): void;
  err(text: string): void;
  /** Undefined: the real one, loaded when a command needs it. */
  readonly machine: DirectorMachine | undefined;
  readonly daemonScript: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const ownParts: CommandParts = {
  program: process.argv[1] ?? 'ldirectord',
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  machine: undefined,
  daemonScript: DAEMON_SCRIPT,
};

const EXIT_STOPPED = 3;
const EXIT_USAGE = 255;

/** How long a stop waits for the process to be gone; an orderly end takes milliseconds. */
const STOP_WAIT_MS = 10_000;
const STOP_LOOK_MS = 50;
/** Reloading resolves names; everything else is answered at once. */
const RELOAD_WAIT_MS = 30_000;
const ANSWER_WAIT_MS = 5000;

/** What is known of the instance's process. */
type Running =
  | { readonly kind: 'none' | 'stale' }
  /** `isWarm`: standing by, the table is not its own. */
  | {
      readonly kind: 'running';
      readonly pid: number;
      readonly isWarm: boolean;
      /** Which file is not in force, since when and why; empty when it is. */
      readonly refusal: string;
    };

/**
 * `argv` is what stands behind the program's name. LUBDUB_RUN_DIR and LUBDUB_CONFIG_DIR of the
 * environment stand in for the long options. Resolves with the exit code.
 */
export async function runLdirectordCommand(
  argv: readonly string[],
  env: Environment,
  parts: Partial<CommandParts> = {},
): Promise<number> {
  const all = { ...ownParts, ...parts };
  const line = parseCommandLine(argv);
  if (line.kind === 'help') {
    all.out(USAGE);
    return EXIT_OK;
  }
  if (line.kind === 'version') {
    all.out(`Linux Director v1.186-ha\nlubdub ${version}, the equivalent in Node.js\n`);
    return EXIT_OK;
  }
  if (line.kind === 'usage') {
    all.out(USAGE);
    return EXIT_USAGE;
  }
  return new Command(argv, line, env, all).run();
}

class Command {
  readonly #argv: readonly string[];
  readonly #line: Extract<CommandLine, { readonly kind: 'command' }>;
  readonly #parts: CommandParts;
  readonly #places: InstancePlaces;
  readonly #instance: Instance;
  #logfile: string = DEFAULT_LOGFILE;
  readonly #logLines: string[] = [];
  /** heartbeat looks for the word `running` on stdout, where ldirectord does not say it. */
  readonly #isAskedByHeartbeat: boolean;

  constructor(
    argv: readonly string[],
    line: Extract<CommandLine, { readonly kind: 'command' }>,
    env: Environment,
    parts: CommandParts,
  ) {
    this.#argv = argv;
    this.#line = line;
    this.#parts = parts;
    this.#isAskedByHeartbeat =
      env.HA_CURHOST !== undefined || parts.program.includes('/resource.d/');
    const runDir = line.runDir ?? env.LUBDUB_RUN_DIR ?? DEFAULT_RUN_DIR;
    this.#places = {
      configDir: line.configDir ?? env.LUBDUB_CONFIG_DIR ?? DEFAULT_CONFIG_DIR,
      runDir,
      stateDir: stateDirOf(line.stateDir ?? env.LUBDUB_STATE_DIR, runDir),
    };
    this.#instance = instanceOf(line.config, this.#places);
  }

  async run(): Promise<number> {
    const path = await findConfig(this.#instance, this.#places);
    const running = await this.#running();
    if (path === undefined && (running.kind === 'none' || needsConfig(this.#line.command))) {
      return this.#noConfig();
    }
    this.#logfile = path === undefined ? DEFAULT_LOGFILE : await logfileOf(path);
    const words = [this.#parts.program, ...this.#argv].join(' ');
    this.#log(`Invoking ldirectord invoked as: ${words} `);
    const exitCode = await this.#carryOut(path ?? '', running);
    if (exitCode !== EXIT_OK) {
      const text = `Exiting from ldirectord ${this.#line.command}`;
      this.#log(`Exiting with exit_status ${exitCode}: ${text}`);
    }
    await this.#flushLog();
    return exitCode;
  }

  async #noConfig(): Promise<number> {
    const text = `Config file ${this.#instance.config} not found`;
    this.#parts.err(`${text}\n`);
    this.#log(text);
    this.#log('Exiting with exit_status 1: Initialisation Error');
    await this.#flushLog();
    return EXIT_FAILED;
  }

  #carryOut(path: string, running: Running): Promise<number> {
    switch (this.#line.command) {
      case 'start':
        return this.#start(path, running);
      case 'stop':
        return this.#stop(running);
      case 'restart':
        return this.#restart(path, running);
      case 'try-restart':
        if (running.kind !== 'running') return Promise.resolve(EXIT_OK);
        return this.#restart(path, running);
      case 'reload':
      case 'force-reload':
        if (!this.#line.isDryRun) return this.#reload(path, running);
        return rehearseReload(this.#instance.controlSocket, this.#parts);
      case 'status':
        return Promise.resolve(this.#status(path, running));
    }
  }

  /** The control socket knows best; the pid file is asked when nobody answers there. */
  async #running(): Promise<Running> {
    const answer = await this.#ask('status', ANSWER_WAIT_MS);
    if (typeof answer?.pid === 'number') {
      const isWarm = answer.mode === 'warm';
      return { kind: 'running', pid: answer.pid, isWarm, refusal: refusalText(answer) };
    }
    const file = await readPidFile(this.#instance.pidFile);
    if (file.kind === 'absent') return { kind: 'none' };
    if (file.kind === 'stale') return { kind: 'stale' };
    return { kind: 'running', pid: file.pid, isWarm: false, refusal: '' };
  }

  async #ask(command: string, waitMs: number): Promise<JsonObject | undefined> {
    const answer = await askControl(this.#instance.controlSocket, { command }, waitMs);
    return answer.ok ? answer.value : undefined;
  }

  async #start(path: string, running: Running): Promise<number> {
    if (running.kind === 'running') {
      return running.isWarm && !this.#line.isWarm ? this.#activate() : EXIT_OK;
    }
    const machine = await this.#machine();
    const loaded = await machine.loadConfig(path);
    this.#tellDiagnostics(loaded);
    if (loaded.config === undefined) return EXIT_CONFIG;
    if (this.#line.isDebug || loaded.config.isSupervised) return this.#runHere(path);
    const outcome = await startDaemon(
      {
        config: this.#line.config,
        configDir: this.#places.configDir,
        runDir: this.#places.runDir,
        stateDir: this.#places.stateDir,
        isWarm: this.#line.isWarm,
      },
      this.#parts.daemonScript,
    );
    if (outcome.kind === 'failed') {
      for (const text of outcome.lines) this.#say(text);
      return outcome.exitCode;
    }
    for (const text of outcome.problems) this.#say(text);
    if (outcome.kind === 'still-checking') {
      this.#log('the table is set up; some first checks are still going on');
    }
    return EXIT_OK;
  }

  /** The daemon logs warnings itself; an error ends here, so that it has to be logged here. */
  #tellDiagnostics({ config, diagnostics }: LoadedDirectorConfig): void {
    for (const text of diagnosticReport(diagnostics)) this.#parts.err(`${text}\n`);
    if (config === undefined) for (const text of diagnosticLines(diagnostics)) this.#log(text);
  }

  async #runHere(path: string): Promise<number> {
    await this.#flushLog();
    const { runDirector } = await import('./run-director.js');
    return runDirector(
      {
        instance: this.#instance,
        configPath: path,
        isForeground: true,
        isDebug: this.#line.isDebug,
        isWarm: this.#line.isWarm,
        takesSignals: true,
        tell: (news) => {
          if (news.kind === 'failed') for (const text of news.lines) this.#say(text);
        },
      },
      await this.#machine(),
    );
  }

  async #machine(): Promise<DirectorMachine> {
    return this.#parts.machine ?? (await import('./machine.js')).realMachine;
  }

  async #activate(): Promise<number> {
    const answer = await this.#ask('activate', ANSWER_WAIT_MS);
    if (answer?.ok === true) return EXIT_OK;
    this.#say(`not active: ${String(answer?.error ?? 'no answer from the daemon')}`);
    return EXIT_FAILED;
  }

  async #stop(running: Running): Promise<number> {
    if (running.kind !== 'running') return EXIT_OK;
    const answer = await this.#ask('stop', ANSWER_WAIT_MS);
    if (answer?.ok !== true) signalProcess(running.pid, 'SIGTERM');
    for (let waited = 0; waited < STOP_WAIT_MS; waited += STOP_LOOK_MS) {
      if (!(await isDirectorProcess(running.pid))) return EXIT_OK;
      await new Promise((resolve) => setTimeout(resolve, STOP_LOOK_MS));
    }
    this.#say(`ldirectord with pid ${running.pid} has not ended within ${STOP_WAIT_MS / 1000} s`);
    return EXIT_FAILED;
  }

  /** A file with a mistake, or none of ours, must not cost the running daemon its life. */
  async #restart(path: string, running: Running): Promise<number> {
    const machine = await this.#machine();
    const loaded = await machine.loadConfig(path);
    if (loaded.config === undefined) {
      this.#tellDiagnostics(loaded);
      return EXIT_CONFIG;
    }
    const stopped = await this.#stop(running);
    return stopped === EXIT_OK ? this.#start(path, { kind: 'none' }) : stopped;
  }

  async #reload(path: string, running: Running): Promise<number> {
    if (running.kind !== 'running') {
      this.#log(`ldirectord is stopped for ${path || this.#instance.config}`);
      return EXIT_FAILED;
    }
    const answer = await this.#ask('reload', RELOAD_WAIT_MS);
    if (answer === undefined) {
      signalProcess(running.pid, 'SIGHUP');
      return EXIT_OK;
    }
    // Warnings are in the log.
    if (answer.ok === true) return EXIT_OK;
    const lines = answer.lines;
    if (Array.isArray(lines)) for (const text of lines) this.#parts.err(`${String(text)}\n`);
    this.#parts.err('not reloaded: the running daemon keeps its configuration\n');
    return EXIT_CONFIG;
  }

  #status(path: string, running: Running): number {
    const { pidFile } = this.#instance;
    // As found, not as typed; as typed when the file is gone.
    const config = path || this.#instance.config;
    if (running.kind === 'running' && running.refusal !== '') {
      this.#parts.err(`${running.refusal}\n`);
    }
    if (running.kind === 'running' && !running.isWarm) {
      const text = `ldirectord for ${config} is running with pid: ${running.pid}`;
      this.#say(text);
      if (this.#isAskedByHeartbeat) this.#parts.out(`${text}\n`);
      return EXIT_OK;
    }
    const isWarm = running.kind === 'running';
    const standingBy = isWarm ? ` (standing by with pid: ${running.pid})` : '';
    this.#parts.out(`ldirectord is stopped for ${config}${standingBy}\n`);
    if (running.kind !== 'stale') return EXIT_STOPPED;
    this.#say(`ldirectord stale pid file ${pidFile} for ${config}`);
    return EXIT_FAILED;
  }

  /** To stderr and to the log, as the original does with what concerns the operator. */
  #say(text: string): void {
    this.#parts.err(`${text}\n`);
    this.#log(text);
  }

  #log(text: string): void {
    this.#logLines.push(text);
  }

  async #flushLog(): Promise<void> {
    const lines = this.#logLines.splice(0);
    if (lines.length === 0 || !(await isWritable(this.#logfile))) return;
    await writeCommandLog(this.#instance.name, this.#logfile, lines);
  }
}

/** Without the log library when it is a file: a status every few seconds should cost little. */
async function writeCommandLog(
  instance: string,
  logfile: string,
  texts: readonly string[],
): Promise<void> {
  const lines = texts.map((text) => logLine('info', 'command', text));
  if (logfile.startsWith('/')) {
    const form = ldirectordForm(instance, process.pid);
    const now = new Date();
    const all = lines.map((line) => `${form(line, now).replace(/[\n\r]/g, ' ')}\n`).join('');
    await appendFile(logfile, all, { mode: 0o640 }).catch(() => undefined);
    return;
  }
  const { openDirectorLog } = await import('./director-log.js');
  const log = openDirectorLog(instance, { kind: 'configured', logfile }, 'info');
  for (const line of lines) log.write(line);
  await log.flush();
}

function refusalText({ config, configError, configRefusedAt, configLoadedAt }: JsonObject): string {
  if (typeof configError !== 'string') return '';
  const before = `in force is what was loaded at ${String(configLoadedAt)}`;
  return `${String(config)} was refused at ${String(configRefusedAt)}: ${configError}; ${before}`;
}

const needsConfig = (command: DirectorCommand): boolean =>
  command === 'start' || command === 'restart' || command === 'try-restart';

function signalProcess(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // ESRCH: it is gone already.
  }
}

/** A user who may ask for the status need not be able to write the log. */
async function isWritable(logfile: string): Promise<boolean> {
  if (!logfile.startsWith('/')) return true;
  const mayWrite = await access(logfile, constants.W_OK).then(
    () => true,
    (cause: NodeJS.ErrnoException) => cause.code === 'ENOENT',
  );
  return mayWrite;
}
