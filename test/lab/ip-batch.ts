// One long-lived `ip -batch -` in a network namespace, fed line by line. Starting a process for
// each change costs a tenth of a second in the emulated machine; a fault has to come at once.

import type { ChildProcess } from 'node:child_process';
import { start } from './process.js';

export class IpBatch {
  private readonly child: ChildProcess;
  private errors = '';
  private markers = 0;
  private readonly waiting = new Map<string, (errors: string) => void>();

  /** `prefix` enters the namespace; it may create it, which then lives as long as this process. */
  constructor(prefix: readonly string[]) {
    this.child = start([...prefix, 'ip', '-force', '-batch', '-']);
    this.child.stdin?.on('error', () => undefined);
    this.child.stdout?.resume();
    this.child.stderr?.on('data', (bytes: Buffer) => this.hear(bytes.toString()));
    this.child.on('exit', () => {
      for (const answer of this.waiting.values()) answer('ip ended');
      this.waiting.clear();
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Hands the lines over without waiting; the kernel carries them out in order. */
  send(...lines: readonly string[]): void {
    this.child.stdin?.write(lines.map((line) => `${line}\n`).join(''));
  }

  /**
   * Waits until every line so far was carried out. ip buffers its standard output but not its
   * complaints, so the end of a batch is marked by asking for a device that cannot exist.
   */
  async settle(): Promise<void> {
    this.markers += 1;
    const marker = `labmark${this.markers}`;
    const heard = new Promise<string>((resolve) => this.waiting.set(marker, resolve));
    this.send(`link show dev ${marker}`);
    const errors = await heard;
    if (errors !== '') throw new Error(`ip refused: ${errors}`);
  }

  async run(...lines: readonly string[]): Promise<void> {
    this.send(...lines);
    await this.settle();
  }

  end(): void {
    this.child.stdin?.end();
    this.child.kill('SIGKILL');
  }

  private hear(text: string): void {
    this.errors += text;
    for (const [marker, answer] of this.waiting) {
      const line = this.errors.split('\n').find((each) => each.includes(`"${marker}"`));
      if (line === undefined) continue;
      const at = this.errors.indexOf(line);
      const before = this.errors.slice(0, at);
      this.errors = this.errors.slice(at + line.length);
      this.waiting.delete(marker);
      answer(
        before
          .split('\n')
          .filter((each) => each.trim() !== '' && !each.startsWith('Command failed'))
          .join('; '),
      );
    }
  }
}
