// Sends mails one after the other, in the background: by SMTP to a server of the configuration, or
// by the local mail program. Nothing waits for it; what cannot be sent is told to the log.

import { access, constants } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';

export interface Mail {
  /** As in the configuration: several with commas between. */
  readonly to: string;
  /** undefined: this user at this host. */
  readonly from: string | undefined;
  readonly subject: string;
  readonly body: string;
  /** Name or address; undefined for the local mail program. */
  readonly smtp: string | undefined;
}

export interface Mailer {
  send(mail: Mail): void;
  /** Resolves when all is sent or given up, at the latest after `limitMs`. */
  flush(limitMs: number): Promise<void>;
}

export interface MailerFace {
  sent(mail: Mail): void;
  failed(mail: Mail, reason: string): void;
}

/** A table that comes and goes makes a mail each; more than these help nobody. */
const QUEUE_MAX = 500;
/** For each part of the conversation with the mail server. */
const STEP_MS_MAX = 10_000;
/** For a mail as a whole. */
const MAIL_MS_MAX = 30_000;
const SMTP_PORT = 25;

/** In the order in which they are looked for. */
const SENDMAILS = ['/usr/sbin/sendmail', '/usr/lib/sendmail', '/usr/bin/sendmail'];

export function createMailer(face: MailerFace, smtpPort: number = SMTP_PORT): Mailer {
  const queue: Mail[] = [];
  let pumping: Promise<void> | undefined;
  const pump = async (): Promise<void> => {
    for (let mail = queue.shift(); mail !== undefined; mail = queue.shift()) {
      const one = mail;
      await within(deliver(one, smtpPort), MAIL_MS_MAX).then(
        () => face.sent(one),
        (cause: unknown) => face.failed(one, cause instanceof Error ? cause.message : `${cause}`),
      );
    }
    pumping = undefined;
  };
  return {
    send: (mail) => {
      if (queue.length >= QUEUE_MAX) {
        face.failed(mail, `${QUEUE_MAX} mails wait already`);
        return;
      }
      queue.push(mail);
      pumping ??= pump();
    },
    flush: async (limitMs) => {
      if (pumping !== undefined) await within(pumping, limitMs).catch(() => undefined);
    },
  };
}

function within<T>(work: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${limitMs / 1000} s`)), limitMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

async function deliver({ to, from, subject, body, smtp }: Mail, port: number): Promise<void> {
  // Loaded with the first mail: most directors never send one.
  const { createTransport } = await import('nodemailer');
  const sender = from ?? `${userInfo().username}@${hostname()}`;
  const message = { from: sender, to, subject, text: body };
  if (smtp === undefined) {
    const path = await findSendmail();
    if (path === undefined) throw new Error('there is no local mail program (sendmail)');
    await createTransport({ sendmail: true, path, newline: 'unix' }).sendMail(message);
    return;
  }
  const transport = createTransport({
    host: smtp,
    port,
    secure: false,
    name: hostname(),
    // Where the server offers it. A relay in one's own network has any certificate.
    tls: { rejectUnauthorized: false },
    connectionTimeout: STEP_MS_MAX,
    greetingTimeout: STEP_MS_MAX,
    socketTimeout: STEP_MS_MAX,
    dnsTimeout: STEP_MS_MAX,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    await transport.sendMail(message);
  } finally {
    transport.close();
  }
}

async function findSendmail(): Promise<string | undefined> {
  for (const path of SENDMAILS) {
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}
