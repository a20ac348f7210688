// Child processes of the lab. Each one is bound to the life of this process by the kernel
// (parent death signal), so that even a SIGKILL of the runner leaves nothing behind.

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** Output kept of one program; older text is dropped, the lab only shows ends. */
const outputCharsMax = 2_000_000;

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly limitMs?: number;
  /** A failing command is an error unless its exit code is what the test looks at. */
  readonly anyCode?: boolean;
}

/** Prefixes a command so that the kernel kills it when this process is gone. */
export function boundToUs(argv: readonly string[]): string[] {
  return ['setpriv', '--pdeathsig', 'KILL', ...argv];
}

function split(argv: readonly string[]): [string, string[]] {
  const [file, ...rest] = argv;
  if (file === undefined) throw new Error('a command needs a word');
  return [file, rest];
}

export function start(argv: readonly string[], env?: NodeJS.ProcessEnv): ChildProcess {
  const [file, rest] = split(argv);
  return spawn(file, rest, { stdio: ['pipe', 'pipe', 'pipe'], env: env ?? process.env });
}

/** Runs a command to its end and gives code and output. */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = start(argv, options.env);
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (bytes: Buffer) => {
      stdout += bytes.toString();
    });
    child.stderr?.on('data', (bytes: Buffer) => {
      stderr += bytes.toString();
    });
    const limit = setTimeout(() => child.kill('SIGKILL'), options.limitMs ?? 60_000);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(limit);
      const exit = code ?? 128;
      if (exit !== 0 && options.anyCode !== true) {
        const why = signal === null ? `exit ${exit}` : signal;
        reject(new Error(`${argv.join(' ')}: ${why}\n${stderr || stdout}`));
      } else resolve({ code: exit, stdout, stderr });
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
  });
}

/** A program that keeps running: its output is kept and can be followed line by line. */
export class Program {
  readonly child: ChildProcess;
  output = '';
  exitCode: number | undefined;
  readonly ended: Promise<number>;

  constructor(argv: readonly string[], env?: NodeJS.ProcessEnv, onLine?: (line: string) => void) {
    this.child = start(argv, env);
    this.ended = new Promise((resolve) => {
      this.child.on('error', (error) => {
        this.keep(`${error.message}\n`);
        this.exitCode = 127;
        resolve(127);
      });
      this.child.on('exit', (code) => {
        this.exitCode = code ?? 128;
        resolve(this.exitCode);
      });
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      if (stream !== null) this.follow(stream, onLine);
    }
    this.child.stdin?.on('error', () => undefined);
  }

  private keep(text: string): void {
    this.output = (this.output + text).slice(-outputCharsMax);
  }

  private follow(stream: Readable, onLine?: (line: string) => void): void {
    createInterface({ input: stream }).on('line', (line) => {
      this.keep(`${line}\n`);
      onLine?.(line);
    });
  }

  get isRunning(): boolean {
    return this.exitCode === undefined;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number> {
    if (this.isRunning) this.child.kill(signal);
    return this.ended;
  }
}
