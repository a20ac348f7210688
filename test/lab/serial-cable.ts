// A null-modem cable: two ptys and a relay between them that can stop forwarding. Each end stays
// open here too, because a pty whose last user closes it reports a hang-up, which a real
// cable's port does not do.

import { closeSync, constants, existsSync, openSync, readlinkSync } from 'node:fs';
import { boundToUs, start } from './process.js';
import { waitFor } from './wait.js';

interface End {
  readonly link: string;
  readonly child: ReturnType<typeof start>;
}

const readyMs = 20_000;

export class SerialCable {
  private readonly ends: readonly [End, End];
  private held: number[] = [];
  private isCut = false;
  private lost = 0;
  /** Bytes carried in both directions, so that a test can see that a cable is in use. */
  carried = 0;

  constructor(path: string) {
    this.ends = [this.makeEnd(`${path}-0`), this.makeEnd(`${path}-1`)];
    this.join(this.ends[0], this.ends[1]);
    this.join(this.ends[1], this.ends[0]);
  }

  private makeEnd(link: string): End {
    const pty = `pty,raw,echo=0,link=${link}`;
    const child = start(boundToUs(['socat', '-b', '4096', pty, 'STDIO']));
    child.stdin?.on('error', () => undefined);
    child.stderr?.resume();
    return { link, child };
  }

  private join(from: End, to: End): void {
    from.child.stdout?.on('data', (bytes: Buffer) => {
      if (this.isCut || Math.random() < this.lost) return;
      this.carried += bytes.length;
      to.child.stdin?.write(bytes);
    });
  }

  async ready(): Promise<void> {
    for (const end of this.ends) {
      await waitFor(`pty ${end.link}`, readyMs, () => existsSync(end.link));
      this.held.push(openSync(end.link, constants.O_RDWR | constants.O_NOCTTY));
    }
  }

  /** The device of an end, such as /dev/pts/3. */
  device(end: 0 | 1): string {
    return readlinkSync(this.ends[end].link);
  }

  /** Swallows this share of what comes in, piece by piece: messages arrive damaged or never. */
  lose(share: number): void {
    this.lost = share;
  }

  cut(): void {
    this.isCut = true;
  }

  mend(): void {
    this.isCut = false;
  }

  end(): void {
    for (const fd of this.held) closeSync(fd);
    this.held = [];
    for (const end of this.ends) end.child.kill('SIGKILL');
  }
}
