// MailTo: tells people by mail that a group moves. A mail is news and no service: it is handed to
// the machine's own mail program beside the takeover, and a failure is a line of the log.

import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { hostname } from 'node:os';
import { logLine } from '../../base/log-line.js';
import type { BuiltInSpec } from '../../config/builtin-arguments.js';
import type { ResourceOutcome } from '../../config/resource-order.js';
import { lastWords, runProgram } from '../run-program.js';
import { type BuiltInOrder, type BuiltInParts, done, running, stopped } from './builtin.js';

type Mail = Extract<BuiltInSpec, { kind: 'mail' }>;

/** Every mail system for Linux brings a program of this name and these options. */
const PROGRAMS: readonly string[] = ['/usr/sbin/sendmail', '/usr/lib/sendmail'];
const DEADLINE_MS = 60_000;
/** A burst of moves sends no more than this at once; a mail too many is dropped and said. */
const MAILS_AT_ONCE_MAX = 8;

let underWay = 0;

export async function runMailTo(
  spec: Mail,
  { word, verb }: BuiltInOrder,
  { markers, log }: BuiltInParts,
): Promise<ResourceOutcome> {
  const isStarted = (await markers.get(word)) !== undefined;
  if (verb === 'status') return isStarted ? running : stopped;
  if (verb === 'start') await markers.set(word);
  else await markers.clear(word);
  // Asked again for what is so already, nobody needs a second mail.
  if (isStarted === (verb === 'start')) return done;
  void send(spec, composeMail(spec, verb, new Date(), hostname())).then((trouble) => {
    if (trouble === undefined) return;
    log(logLine('WARN', 'mail-not-sent', `no mail to ${spec.to.join(', ')}: ${trouble}`));
  });
  return done;
}

/** The words of the subject are those of heartbeat's script: mail filters know them. */
export function composeMail(
  { to, subject }: Pick<Mail, 'to' | 'subject'>,
  verb: 'start' | 'stop',
  at: Date,
  node: string,
): string {
  const date = at.toISOString().replace('T', ' ').slice(0, 19);
  const what =
    verb === 'start'
      ? `Takeover in progress at ${date} UTC on ${node}`
      : `Migrating resource away at ${date} UTC from ${node}`;
  const line = headerText(`${subject} ${what}`);
  return [
    `To: ${to.join(', ')}`,
    `Subject: ${line}`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Auto-Submitted: auto-generated',
    '',
    `${subject}: ${what}`,
    '',
  ].join('\n');
}

/** One line in any case; what is not ASCII as RFC 2047 section 2 writes it. */
function headerText(text: string): string {
  const bare = text.replace(/\p{Cc}+/gu, ' ');
  const isAscii = /^[\x20-\x7e]*$/.test(bare);
  return isAscii ? bare : `=?UTF-8?B?${Buffer.from(bare, 'utf8').toString('base64')}?=`;
}

async function findProgram(): Promise<string | undefined> {
  for (const path of PROGRAMS) {
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      // The next place may have it.
    }
  }
  return undefined;
}

/** The reason when it was not handed over. */
async function send({ to }: Mail, text: string): Promise<string | undefined> {
  if (underWay >= MAILS_AT_ONCE_MAX) return `${underWay} mails are under way already`;
  underWay++;
  try {
    const path = await findProgram();
    if (path === undefined) return `no mail program: there is no ${PROGRAMS[0]}`;
    const args = ['-i', '--', ...to];
    const run = { path, args, environment: {}, deadlineMs: DEADLINE_MS, input: text };
    const end = await runProgram(run);
    if (end.exitCode === 0) return undefined;
    return [`exit code ${end.exitCode}`, end.reason, lastWords(end)].filter(Boolean).join('; ');
  } finally {
    underWay--;
  }
}
