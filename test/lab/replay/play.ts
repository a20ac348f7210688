// Plays one recorded scenario against the real daemon: does what each step says, waits until the
// kernel's table is the wanted one, and compares all that a step expects.

import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ChangedStep, changedStep } from '../../conformance/ldirectord-differences.js';
import {
  type RecordedAction,
  type RecordedCase,
  type RecordedStep,
  savedLines,
} from '../../conformance/ldirectord-recorded.js';
import { nowMs, waitFor } from '../wait.js';
import { judgeMail, judgeStep, type Seen, type SeenCommand } from './judge.js';
import { CONFIG_DIR, type Place } from './place.js';

const program = fileURLToPath(new URL('../../../compat/ldirectord', import.meta.url));

/** The corpus' own rule: reached in time, and then the same for so long. */
const KEEP_MS = 3000;
/** "From shortly after the action on", for steps in which nothing may change. */
const SHORTLY_MS = 3000;
/**
 * Often enough for intervals of two seconds. This process also is every server of the scenarios:
 * what it looks at must not make them late.
 */
const LOOK_MS = 500;
/** A process is gone, and a file with it, a moment after its last change of the table. */
const AFTERMATH_MS = 20_000;

export class Play {
  readonly #recorded: RecordedCase;
  readonly #place: Place;
  readonly #slowness: number;
  #commands: SeenCommand[] = [];
  #logged = 0;
  #mailed = 0;
  readonly #outputLines = new Map<string, number>();

  constructor(recorded: RecordedCase, place: Place, slowness: number) {
    this.#recorded = recorded;
    this.#place = place;
    this.#slowness = slowness;
  }

  get #dir(): string {
    return join(this.#place.folder, 'case');
  }

  #fill(text: string): string {
    return text.replaceAll('@DIR@', CONFIG_DIR);
  }

  /** Every complaint, each with its step. */
  async run(): Promise<readonly string[]> {
    for (const [file, content] of Object.entries(this.#recorded.files)) this.#write(file, content);
    const complaints: string[] = [];
    for (const [index, step] of this.#recorded.steps.entries()) {
      const found = await this.#step(changedStep(this.#recorded.name, index, step));
      complaints.push(...found.map((text) => `step ${index + 1}: ${text}`));
    }
    return complaints;
  }

  async #step(step: ChangedStep): Promise<readonly string[]> {
    this.#commands = [];
    for (const action of step.do) await this.#take(action);
    const wanted = this.#fill([...step.expect.ipvs].sort().join('\n'));
    const isReached =
      step.stable_s === undefined
        ? await this.#settle(wanted, (step.within_s ?? 20) * 1000 * this.#slowness)
        : await this.#stay(wanted, step.stable_s * 1000);
    const seen = await this.#look(step, isReached);
    return judgeStep(step.expect, seen, (text) => this.#fill(text));
  }

  /** Eventually within the limit the table is as wanted, and then stays so. */
  async #settle(wanted: string, limitMs: number): Promise<boolean> {
    const end = nowMs() + limitMs;
    for (;;) {
      if (!(await this.#becomes(wanted, end - nowMs()))) return false;
      if (await this.#holds(wanted, KEEP_MS)) return true;
      if (nowMs() > end) return false;
    }
  }

  async #stay(wanted: string, spanMs: number): Promise<boolean> {
    if (!(await this.#becomes(wanted, SHORTLY_MS * this.#slowness))) return false;
    return this.#holds(wanted, spanMs);
  }

  #isTable(wanted: string): boolean {
    const table = this.#place.table.read();
    return table.ok && savedLines(table.value).join('\n') === wanted;
  }

  async #becomes(wanted: string, limitMs: number): Promise<boolean> {
    const end = nowMs() + Math.max(0, limitMs);
    while (!this.#isTable(wanted)) {
      if (nowMs() > end) return false;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return true;
  }

  async #holds(wanted: string, spanMs: number): Promise<boolean> {
    const end = nowMs() + spanMs;
    while (nowMs() < end) {
      if (!this.#isTable(wanted)) return false;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return true;
  }

  async #look(step: RecordedStep, isReached: boolean): Promise<Seen> {
    const { expect } = step;
    const table = await this.#ipvsadm(['-Sn']);
    const thresholds =
      expect.thresholds === undefined ? '' : await this.#ipvsadm(['-Ln', '--thresholds']);
    // What the step expects of the process may come a moment later than the table.
    await this.#aftermath(
      () => this.#daemons().length > 0 === expect.daemon && this.#hasPidFile() === expect.pidfile,
    );
    await this.#aftermath(() => {
      const mails = this.#place.mails.slice(this.#mailed);
      return judgeMail(expect, { mails }).length === 0;
    });
    return {
      isReached,
      ipvs: table
        .split('\n')
        .filter((line) => line !== '')
        .sort(),
      thresholds: thresholds
        .split('\n')
        .filter((line) => /^\s*->\s+\S*\d/.test(line))
        .map((line) => line.trim().replace(/\s+/g, ' ')),
      hasDaemon: this.#daemons().length > 0,
      hasPidFile: this.#hasPidFile(),
      commands: this.#commands,
      log: this.#newLog(),
      outputs: this.#newOutputs(),
      mails: this.#newMails(),
    };
  }

  #newMails(): readonly (readonly string[])[] {
    const fresh = this.#place.mails.slice(this.#mailed);
    this.#mailed += fresh.length;
    return fresh;
  }

  async #aftermath(claim: () => boolean): Promise<void> {
    const end = nowMs() + AFTERMATH_MS;
    while (!claim() && nowMs() < end) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }

  async #ipvsadm(args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.#place.inside.run(['ipvsadm', ...args]);
    if (code !== 0) throw new Error(`ipvsadm ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  #newLog(): readonly string[] {
    const paths = [join(this.#place.folder, 'log/ldirectord.log'), join(this.#dir, 'own.log')];
    const lines = paths.flatMap((path) =>
      existsSync(path)
        ? readFileSync(path, 'utf8')
            .split('\n')
            .filter((line) => line !== '')
        : [],
    );
    const fresh = lines.slice(this.#logged);
    this.#logged = lines.length;
    return fresh;
  }

  /** Files of `outputs`: all lines; those of fallback and callback commands: the new ones. */
  #newOutputs(): Readonly<Record<string, readonly string[]>> {
    const outputs: Record<string, readonly string[]> = {};
    for (const name of this.#recorded.outputs ?? []) {
      const path = join(this.#dir, name);
      const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
      const lines = text.split('\n').filter((line) => line !== '');
      const isByCommand = name === 'fb.txt' || name === 'cb.txt';
      outputs[name] = isByCommand ? lines.slice(this.#outputLines.get(name) ?? 0) : lines;
      this.#outputLines.set(name, lines.length);
    }
    return outputs;
  }

  async #take(action: RecordedAction): Promise<void> {
    switch (action.do) {
      case 'ldirectord':
        return this.#command(action.argv ?? []);
      case 'signal':
        return this.#signal(action.signal ?? '');
      case 'real':
        return this.#place.setListener(action.real ?? '', action.listen ?? '', action.set ?? {});
      case 'link':
        return this.#place.setLink(action.real ?? '', action.state ?? 'up');
      case 'write':
        this.#write(action.file ?? '', action.content ?? '');
        return;
      case 'remove':
        rmSync(join(this.#dir, action.file ?? ''));
        return;
      case 'ipvsadm':
        await this.#ipvsadm(action.args ?? []);
        return;
      case 'wait':
        return new Promise((resolve) => setTimeout(resolve, (action.seconds ?? 0) * 1000));
    }
  }

  /** A rewritten file gets a newer time, by whole seconds. */
  #write(file: string, content: string): void {
    const path = join(this.#dir, file);
    const before = existsSync(path) ? statSync(path).mtimeMs : 0;
    mkdirSync(dirname(path), { recursive: true });
    const text = this.#fill(content);
    writeFileSync(path, text);
    if (text.startsWith('#!')) chmodSync(path, 0o755);
    const after = statSync(path).mtimeMs / 1000;
    const newer = Math.max(Math.ceil(after), Math.ceil(before / 1000) + 2);
    if (before > 0) utimesSync(path, newer, newer);
  }

  async #command(argv: readonly string[]): Promise<void> {
    const [first, ...rest] = argv.map((word) => this.#fill(word));
    const words =
      first === 'RAW'
        ? rest
        : [
            join(CONFIG_DIR, this.#recorded.config),
            ...(first === undefined ? [] : [first, ...rest]),
          ];
    const given = Object.entries(this.#recorded.env ?? {});
    const ca = join(this.#place.folder, 'ca.pem');
    const env = Object.fromEntries(given.map(([name, value]) => [name, value.replace('@CA@', ca)]));
    const ran = await this.#place.inside.run([program, ...words], { env });
    const plain = (text: string): readonly string[] =>
      text
        .replaceAll(CONFIG_DIR, '@DIR@')
        .replaceAll(program, '@LDIRECTORD@')
        .split('\n')
        .filter((line, at, all) => line !== '' || at < all.length - 1);
    this.#commands.push({
      argv: ['@LDIRECTORD@', ...words.map((word) => word.replaceAll(CONFIG_DIR, '@DIR@'))],
      exit: ran.code,
      stdout: plain(ran.stdout),
      stderr: plain(ran.stderr),
    });
  }

  #pidFile(): string {
    return join(this.#place.folder, `run/ldirectord.${this.#recorded.config}.pid`);
  }

  #hasPidFile(): boolean {
    return existsSync(this.#pidFile());
  }

  /** Processes of ldirectord in the director's network, whoever started them. */
  #daemons(): readonly number[] {
    const home = statSync(`/run/netns/${this.#place.director}`).ino;
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => {
        try {
          if (readlinkSync(`/proc/${pid}/ns/net`) !== `net:[${home}]`) return false;
          return /director-main|ldirectord/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
        } catch {
          // It has ended meanwhile.
          return false;
        }
      });
  }

  async #signal(signal: string): Promise<void> {
    const text = existsSync(this.#pidFile()) ? readFileSync(this.#pidFile(), 'utf8') : '';
    const pid = Number(text.trim()) || this.#daemons()[0];
    if (pid === undefined || pid === 0) return;
    process.kill(pid, `SIG${signal}`);
    if (signal === 'KILL') await waitFor('its end', 10_000, () => !this.#daemons().includes(pid));
  }

  /** Ends what the scenario left running. */
  async end(): Promise<void> {
    for (const pid of this.#daemons()) process.kill(pid, 'SIGKILL');
    await this.#aftermath(() => this.#daemons().length === 0);
  }
}
