// What a Debian server of the lab is: how it is made ready and started in the namespace, and the
// checks of it in the words of ldirectord.cf.

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The real server of all tests here, in both families. */
export const address4 = '10.66.0.1';
export const address6 = 'fd66::1';
export const both: readonly string[] = [address4, address6];

export interface ServerCheck {
  readonly name: string;
  readonly port: number;
  /** Directives of the virtual service; `@REAL@` is the real server's address as in a URL. */
  readonly good: readonly string[];
  /** The same service with something about it that is not as it should be. */
  readonly wrong: readonly string[];
  /** Where `wrong` is asked; the same port otherwise. */
  readonly wrongPort?: number;
  readonly protocol?: 'udp';
  readonly isDatagram?: boolean;
}

export interface DebianServer {
  /** Debian's package, for messages. */
  readonly name: string;
  /** Writes files below the folder and runs what has to run once; returns the command line. */
  prepare(disk: Disk): Promise<readonly string[]>;
  readonly checks: readonly ServerCheck[];
}

/** A folder of one server, readable by whatever user the server runs as. */
export class Disk {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
    this.makeFolder('');
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Anybody may write here: the servers have users of their own. */
  makeFolder(name: string): string {
    mkdirSync(this.path(name), { recursive: true });
    chmodSync(this.path(name), 0o777);
    return this.path(name);
  }

  write(name: string, lines: readonly string[], mode = 0o644): string {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), `${lines.join('\n')}\n`, { mode });
    return this.path(name);
  }
}
