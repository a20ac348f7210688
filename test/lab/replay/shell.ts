// A shell that stays, fed with one command after the other. The player is a large process, and
// forking a large process in a user-mode kernel copies it page by page: a small shell forks.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { boundToUs, type Finished, Program } from '../process.js';

const MARK = '-- ended:';

/** The player, which is every server of the scenarios, is ahead of all others by so much. */
export const AHEAD = 10;
const usual = ['nice', '-n', String(AHEAD)];

const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

export class Shell {
  readonly #folder: string = mkdtempSync(join(tmpdir(), 'replay-shell-'));
  readonly #program: Program;
  #ended: (code: number) => void = () => undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /** `enter` is what stands before `sh`; in the namespaces that it enters the commands run. */
  constructor(enter: readonly string[] = []) {
    this.#program = new Program(boundToUs([...usual, ...enter, 'sh']), process.env, (line) => {
      if (line.startsWith(MARK)) this.#ended(Number(line.slice(MARK.length)));
    });
    void this.#program.ended.then(() => this.#ended(127));
  }

  /** Carried out when its turn comes; never rejects. */
  run(
    argv: readonly string[],
    more: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {},
  ): Promise<Finished> {
    const turn = this.#turn.then(() => this.#runNow(argv, more.input ?? '', more.env ?? {}));
    this.#turn = turn;
    return turn;
  }

  async #runNow(
    argv: readonly string[],
    input: string,
    env: Readonly<Record<string, string>>,
  ): Promise<Finished> {
    if (!this.#program.isRunning) return { code: 127, stdout: '', stderr: this.#program.output };
    const [out, err] = [join(this.#folder, 'out'), join(this.#folder, 'err')];
    const given = Object.entries(env).map(([name, value]) => `${name}=${quote(value)}`);
    const words = [...given, ...argv.map(quote)].join(' ');
    const code = await new Promise<number>((resolve) => {
      this.#ended = resolve;
      const script = `${words} >${out} 2>${err} <<'END-OF-INPUT'\n${input}END-OF-INPUT\n`;
      this.#program.child.stdin?.write(`${script}echo "${MARK} $?"\n`);
    });
    const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');
    return { code, stdout: read(out), stderr: read(err) };
  }

  async close(): Promise<void> {
    this.#program.child.stdin?.end();
    await this.#program.stop('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
