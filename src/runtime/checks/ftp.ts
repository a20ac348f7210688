// The ftp check, spoken by basic-ftp: log in, fetch the file of `request` and match it. The data
// connection is passive: the real server need not be able to connect back to the director.

import { Writable } from 'node:stream';
import type { FtpCheck } from '../../checks/check-spec.js';
import { type CheckVerdict, down, up } from '../../checks/check-verdict.js';
import { BODY_BYTES_MAX } from '../../checks/http-answer.js';
import { downOfError } from './check-error.js';
import { matchReceive } from './receive-match.js';
import type { CheckContext } from './run-check.js';

/** Keeps the first bytes of what is written and lets the rest go by. */
class Catcher extends Writable {
  readonly #chunks: Buffer[] = [];
  #length = 0;

  override _write(chunk: Buffer, _encoding: string, next: () => void): void {
    if (this.#length < BODY_BYTES_MAX) this.#chunks.push(chunk);
    this.#length += chunk.length;
    next();
  }

  text(): string {
    return Buffer.concat(this.#chunks).subarray(0, BODY_BYTES_MAX).toString('utf8');
  }
}

export async function runFtpCheck(
  spec: FtpCheck,
  { signal, waitFor }: CheckContext,
): Promise<CheckVerdict> {
  if (spec.port === 0) return down('no port to ask: set checkport');
  const { Client, FTPError } = await import('basic-ftp');
  // The deadline is the runner's; the client's own counts silence and not the whole.
  const client = new Client(0);
  const close = (): void => client.close();
  signal.addEventListener('abort', close, { once: true });
  try {
    waitFor('connect');
    await client.connect(spec.address, spec.port);
    waitFor('login');
    const login = spec.login === '' ? 'anonymous' : spec.login;
    const answer = await client.login(login, spec.password).catch((cause: unknown) => {
      // A server that refuses the login may serve the file all the same, and the file decides.
      if (cause instanceof FTPError && spec.path !== '/') return cause;
      throw cause;
    });
    if (spec.path === '/') {
      if (spec.receive === '') return up(`FTP ${answer.code}`);
      return down('FTP: receive is given, but request names no file');
    }
    await client.send('TYPE I', answer instanceof FTPError);
    waitFor(`file ${spec.path}`);
    const file = new Catcher();
    await client.downloadTo(file, spec.path);
    return judgeFile(spec, file.text());
  } catch (cause) {
    return downOfError(cause, 'FTP: ');
  } finally {
    signal.removeEventListener('abort', close);
    client.close();
  }
}

function judgeFile(spec: FtpCheck, text: string): CheckVerdict {
  const match = matchReceive(spec.receive, text);
  if (match === undefined || match.kind === 'matched') return up(`FTP file ${spec.path}`);
  if (match.kind === 'refused') return down(`FTP: receive: ${match.reason}`);
  return down(`FTP: file ${spec.path} does not match receive`);
}
