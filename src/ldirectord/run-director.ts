// The director as a process: configuration, kernel table, checks, log, control socket and signals
// around the engine. It maps effects to adapters and decides nothing that the engine could.

import { randomInt } from 'node:crypto';
import { hostname } from 'node:os';
import type { LogCode } from '../base/log-code.js';
import type { LogLevel } from '../base/log-line.js';
import { logLine } from '../base/log-line.js';
import { hasErrors } from '../config/diagnostic.js';
import type { DirectorConfig } from '../config/director-config.js';
import type { AdministrationEntry } from '../director/administration-entry.js';
import type { DirectorEffect, DirectorEvent } from '../director/director-event.js';
import type { DirectorStatus } from '../director/director-status.js';
import { createDirectorEngine } from '../director/engine.js';
import type { IpvsTable } from '../kernel/ipvs.js';
import type { CheckRunner } from '../runtime/checks/run-check.js';
import { type ControlServer, type JsonObject, serveControl } from '../runtime/control-socket.js';
import { type Driver, runEngine } from '../runtime/driver.js';
import type { Log } from '../runtime/log.js';
import { readAdministration } from './administration-file.js';
import {
  type AdministrationKeeping,
  configHashOf,
  createAdministrationKeeping,
  orderOf,
} from './administration-keeping.js';
import { watchConfig } from './config-watch.js';
import {
  answerDirectorQuestion,
  type DirectorControl,
  type RehearsalOutcome,
} from './director-control.js';
import { type LogPlace, openDirectorLog } from './director-log.js';
import {
  type DirectorMachine,
  type DirectorOptions,
  diagnosticLines,
  EXIT_CONFIG,
  EXIT_FAILED,
  EXIT_OK,
} from './director-machine.js';
import { takeSignals } from './director-signals.js';
import { removePidFile, writePidFile } from './pid-file.js';
import { createRehearsals, type Rehearsals } from './rehearsals.js';
import { createSideWork, type SideWork } from './side-work.js';
import { problemsOf, type ReloadOutcome, statusReport } from './status-report.js';

const AUTORELOAD_LOOK_MS = 1000;

/** Resolves with the exit code when the director has stopped. */
export async function runDirector(
  options: DirectorOptions,
  machine: DirectorMachine,
): Promise<number> {
  const fail = (exitCode: number, lines: readonly string[]): number => {
    options.tell({ kind: 'failed', exitCode, lines });
    return exitCode;
  };
  const loaded = await machine.loadConfig(options.configPath);
  const lines = diagnosticLines(loaded.diagnostics);
  if (loaded.config === undefined) return fail(EXIT_CONFIG, lines);
  const table = machine.openTable();
  if (!table.ok) return fail(EXIT_FAILED, [noTableText(table.code, table.detail)]);
  const path = options.instance.administrationFile;
  const { entries, trouble } = await readAdministration(path);
  const director = new DirectorProcess(options, machine, loaded.config, table.value, entries);
  if (trouble !== undefined) {
    director.log('ERROR', 'administration-not-kept', `${path} is not fully read: ${trouble}`);
  }
  for (const line of lines) director.log('WARN', 'config-warning', line);
  const served = await serveControl(options.instance.controlSocket, (question) =>
    answerDirectorQuestion(question, director),
  );
  if (!served.ok) {
    table.value.close();
    const why =
      served.code === 'in-use'
        ? `ldirectord for ${options.instance.config} is already running`
        : `the control socket cannot be opened: ${served.detail}`;
    return fail(EXIT_FAILED, [why]);
  }
  return director.run(served.value);
}

const servicesOf = (config: DirectorConfig): ReadonlySet<string> =>
  new Set(config.virtuals.map((virtual) => virtual.service));

function noTableText(code: string, detail: string): string {
  const what = code === 'no-ipvs' ? 'there is no table to keep' : 'the table cannot be opened';
  return `ldirectord does not start, because ${what}: ${detail}`;
}

class DirectorProcess implements DirectorControl {
  readonly #options: DirectorOptions;
  readonly #machine: DirectorMachine;
  readonly #table: IpvsTable;
  readonly #checks: CheckRunner;
  readonly #driver: Driver<DirectorEvent, DirectorStatus>;
  readonly #waiting = new Map<number, (isDone: boolean, text: string) => void>();
  readonly #rehearsals: Rehearsals;
  #log: Log;
  #config: DirectorConfig;
  #configLoadedAt: number;
  #lastReload: ReloadOutcome | undefined;
  #reloading: Promise<unknown> = Promise.resolve();
  #lastQuestion = 0;
  #isTableTold = false;
  #stopped: () => void = () => undefined;
  readonly #side: SideWork;
  readonly #administration: AdministrationKeeping;

  constructor(
    options: DirectorOptions,
    machine: DirectorMachine,
    config: DirectorConfig,
    table: IpvsTable,
    administration: readonly AdministrationEntry[],
  ) {
    this.#options = options;
    this.#machine = machine;
    this.#config = config;
    this.#table = table;
    this.#checks = machine.createCheckRunner();
    this.#configLoadedAt = machine.readNow().wall;
    this.#log = openDirectorLog(options.instance.name, this.#logPlace(config), this.#least());
    this.#side = createSideWork(options.instance, config, {
      log: (level, code, text) => this.log(level, code, text),
      maintenanceChanged: (endpoints) =>
        this.#driver.offer({ kind: 'maintenance-changed', endpoints }),
      suspected: (names) => this.#driver.offer({ kind: 'servers-suspected', names }),
      watchKernel: machine.watchKernel,
    });
    this.#administration = createAdministrationKeeping(options.instance, administration, {
      failed: (text) => this.log('ERROR', 'administration-not-kept', text),
      wallMs: () => machine.readNow().wall,
    });
    this.#administration.configure(configHashOf(config));
    this.#rehearsals = createRehearsals({
      isWarm: () => this.mode() === 'warm',
      load: () => machine.loadConfig(options.configPath),
      read: () => table.read(),
      ask: (event) => this.#driver.offer(event),
    });
    this.#driver = runEngine<DirectorEvent, DirectorEffect, DirectorStatus>(
      createDirectorEngine(config, {
        mode: options.isWarm ? 'warm' : 'active',
        areChecksReady: false,
        seed: randomInt(2 ** 32),
        administration,
      }),
      (effect) => this.#carryOut(effect),
      () => machine.readNow(),
    );
  }

  #least(): LogLevel {
    return this.#options.isDebug ? 'debug' : 'info';
  }

  #logPlace(config: DirectorConfig): LogPlace {
    if (this.#options.isForeground) return { kind: 'stderr' };
    return { kind: 'configured', logfile: config.logfile };
  }

  log(level: LogLevel, code: LogCode, text: string): void {
    this.#log.write(logLine(level, code, text));
  }

  async run(control: ControlServer): Promise<number> {
    const { isForeground, isWarm, instance } = this.#options;
    const how = isForeground ? `with pid: ${process.pid}` : 'as daemon';
    const mode = isWarm ? ', standing by' : '';
    this.log('info', 'director-started', `Starting Linux Director v1.186-ha ${how}${mode}`);
    if (!isWarm) await this.#writePidFile();
    const ignoreSignals = this.#options.takesSignals
      ? takeSignals({ stop: (name) => this.stop(name), reload: () => void this.reload() })
      : () => undefined;
    const unwatch = watchConfig(this.#options.configPath, AUTORELOAD_LOOK_MS, {
      isWanted: () => true,
      onChange: () => void this.#takeFileChange(),
    });
    const end = new Promise<void>((resolve) => {
      this.#stopped = resolve;
    });
    this.#driver.offer({ kind: 'started' });
    // The kernel answers at once, so that the first plan has been carried out by now.
    this.#options.tell({ kind: 'table', problems: problemsOf(this.#driver.snapshot()) });
    if (this.#driver.snapshot().isSettled) this.#tellSettled();
    this.#isTableTold = true;
    this.#side.setActive(!isWarm);
    void this.#administration.share();
    await this.#checks.prepare(servicesOf(this.#config));
    this.#driver.offer({ kind: 'checks-ready' });
    await end;
    unwatch();
    await this.#side.stop();
    ignoreSignals();
    this.#driver.stop();
    this.#checks.stop();
    this.#table.close();
    for (const answer of [...this.#waiting.values()]) answer(false, 'the director has stopped');
    await this.#administration.done();
    await removePidFile(instance.pidFile);
    await this.#log.flush();
    await control.close();
    return EXIT_OK;
  }

  async #writePidFile(): Promise<void> {
    if (this.#options.isForeground) return;
    const { pidFile } = this.#options.instance;
    await writePidFile(pidFile).catch((cause: unknown) => {
      this.log('ERROR', 'pid-file', `cannot write ${pidFile}: ${String(cause)}`);
    });
  }

  #carryOut(effect: DirectorEffect): void {
    switch (effect.kind) {
      case 'read-table': {
        const read = this.#table.read();
        const answer = read.ok ? read : ({ ok: false, reason: read.detail } as const);
        this.#driver.offer({ kind: 'table-read', id: effect.id, answer });
        return;
      }
      case 'apply': {
        const applied = this.#table.apply(effect.requests);
        const answer = applied.ok ? applied : ({ ok: false, reason: applied.detail } as const);
        this.#driver.offer({ kind: 'requests-applied', id: effect.id, answer });
        return;
      }
      case 'run-check':
        this.#checks.start(effect.id, effect.spec, (verdict) => {
          this.#driver.offer({ kind: 'check-finished', id: effect.id, verdict });
        });
        return;
      case 'cancel-check':
        this.#checks.cancel(effect.id);
        return;
      case 'log':
        this.#log.write(effect.line);
        return;
      case 'send-mail':
      case 'run-command':
      case 'note-check':
        this.#side.carryOut(effect);
        return;
      case 'rehearsed':
        this.#rehearsals.take(effect.id, effect.rehearsal);
        return;
      case 'administration-changed':
        this.#administration.take(effect.entries, effect.news);
        return;
      case 'answer':
        this.#waiting.get(effect.id)?.(effect.isDone, effect.text);
        this.#waiting.delete(effect.id);
        return;
      case 'settled':
        if (this.#isTableTold) this.#tellSettled();
        return;
      case 'exit':
        this.#stopped();
        return;
      default:
        effect satisfies never;
    }
  }

  async #takeFileChange(): Promise<void> {
    const { configPath } = this.#options;
    const { isAutoReload } = this.#config;
    const text = `Configuration file '${configPath}' has changed on disk`;
    this.log('info', 'config-file-changed', text);
    const what = isAutoReload ? 'reread' : 'ignore';
    this.log('info', 'config-file-changed', ` - ${what} new configuration`);
    if (isAutoReload) await this.reload();
    this.#side.tellChange(configPath);
  }

  /** Who is told finds the log complete. */
  #tellSettled(): void {
    void this.#log.flush().then(() => this.#options.tell({ kind: 'settled' }));
  }

  #ask(event: (id: number) => DirectorEvent): Promise<{ isDone: boolean; text: string }> {
    const id = ++this.#lastQuestion;
    return new Promise((resolve) => {
      this.#waiting.set(id, (isDone, text) => resolve({ isDone, text }));
      this.#driver.offer(event(id));
    });
  }

  async activate(): Promise<{ isDone: boolean; text: string }> {
    const answer = await this.#ask((id) => ({ kind: 'activated', id }));
    this.#side.setActive(true);
    await this.#writePidFile();
    return answer;
  }

  async deactivate(): Promise<{ isDone: boolean; text: string }> {
    const answer = await this.#ask((id) => ({ kind: 'deactivated', id }));
    this.#side.setActive(false);
    await removePidFile(this.#options.instance.pidFile);
    return answer;
  }

  /** One at a time; each reads the file as it is when its turn comes. */
  reload(): Promise<ReloadOutcome> {
    const turn = this.#reloading.then(() => this.#reloadNow());
    this.#reloading = turn.catch(() => undefined);
    return turn;
  }

  rehearseReload(): Promise<RehearsalOutcome> {
    return this.#rehearsals.reload();
  }

  compare(): Promise<RehearsalOutcome> {
    return this.#rehearsals.compare();
  }

  async #reloadNow(): Promise<ReloadOutcome> {
    const { configPath } = this.#options;
    const text = 'Reloading Linux Director Daemon config on signal';
    this.log('info', 'director-reloading', text);
    const loaded = await this.#machine.loadConfig(configPath);
    const lines = diagnosticLines(loaded.diagnostics);
    const atWallMs = this.#machine.readNow().wall;
    const isBad = loaded.config === undefined || hasErrors(loaded.diagnostics);
    for (const line of lines) this.log(isBad ? 'ERROR' : 'WARN', 'config-diagnostic', line);
    if (loaded.config === undefined || isBad) {
      this.log('ERROR', 'reload-refused', `${configPath} has errors: the old one stays in force`);
      this.#lastReload = { isDone: false, atWallMs, lines };
      return this.#lastReload;
    }
    const { config } = loaded;
    await this.#checks.prepare(servicesOf(config));
    this.#takeConfig(config, atWallMs);
    const answer = await this.#ask((id) => ({ kind: 'config-changed', id, config }));
    const all = answer.isDone ? lines : [...lines, answer.text];
    this.#lastReload = { isDone: answer.isDone, atWallMs, lines: all };
    return this.#lastReload;
  }

  #takeConfig(config: DirectorConfig, atWallMs: number): void {
    if (config.logfile !== this.#config.logfile && !this.#options.isForeground) {
      void this.#log.flush();
      this.#log = openDirectorLog(
        this.#options.instance.name,
        this.#logPlace(config),
        this.#least(),
      );
    }
    this.#config = config;
    this.#configLoadedAt = atWallMs;
    this.#side.configure(config, true);
    this.#administration.configure(configHashOf(config));
    void this.#administration.share();
  }

  async administer(question: JsonObject): Promise<{ isDone: boolean; text: string }> {
    const order = orderOf(question, hostname());
    if (typeof order === 'string') return { isDone: false, text: order };
    const answer = await this.#ask((id) => ({ kind: 'administered', id, order }));
    if (!answer.isDone) return answer;
    const told = await this.#administration.done();
    const standby = this.mode() === 'warm' ? '; this director stands by' : '';
    return { isDone: true, text: `${answer.text}${standby}; ${told}` };
  }

  hearAdministration(question: JsonObject): void {
    const entries = this.#administration.hear(question);
    this.#driver.offer({ kind: 'administration-heard', entries });
    this.#administration.answer(question);
  }

  shareAdministration(): void {
    void this.#administration.share();
  }

  stop(signal: string): void {
    this.#driver.offer({ kind: 'shutdown-asked', signal });
  }

  report(): ReturnType<typeof statusReport> {
    const facts = {
      instance: this.#options.instance.name,
      configPath: this.#options.configPath,
      configLoadedAtWallMs: this.#configLoadedAt,
      lastReload: this.#lastReload,
      configHash: this.#administration.configHash(),
      peer: this.#administration.peer(),
    };
    return statusReport(this.#driver.snapshot(), facts, this.#machine.readNow());
  }

  mode(): DirectorStatus['mode'] {
    return this.#driver.snapshot().mode;
  }
}
