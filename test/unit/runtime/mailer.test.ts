// Mails against a scripted mail server, and what happens when there is none.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMailer, type Mail } from '#src/runtime/mailer.js';
import { listen } from '../../listeners/listener.js';

const mail: Mail = {
  to: 'ops@lab.example, duty@lab.example',
  from: undefined,
  subject: 'Deleted real server: 10.0.0.2:80 (10.0.0.1:80)',
  body: 'ldirectord host: lab\nDaemon-Status: running\n',
  smtp: '127.9.6.1',
};

test('each address is a recipient, and mails go out in their order', async () => {
  const mails: (readonly string[])[] = [];
  const server = await listen('127.9.6.1', 'tcp/0', () => ({
    kind: 'smtp',
    onMail: (lines) => mails.push(lines),
  }));
  const sent: string[] = [];
  const mailer = createMailer(
    { sent: ({ subject }) => sent.push(subject), failed: (_mail, why) => sent.push(why) },
    server.port,
  );
  mailer.send({ ...mail, from: 'lvs <lvs@lab.example>' });
  mailer.send({ ...mail, subject: 'second' });
  await mailer.flush(10_000);
  await server.close();
  assert.deepEqual(sent, [mail.subject, 'second']);
  const [first = []] = mails;
  assert.equal(first[0], 'MAIL FROM:<lvs@lab.example>');
  assert.deepEqual(
    first.filter((line) => line.startsWith('RCPT')),
    ['RCPT TO:<ops@lab.example>', 'RCPT TO:<duty@lab.example>'],
  );
  assert.ok(first.includes(`Subject: ${mail.subject}`), first.join('\n'));
  assert.ok(first.includes('Daemon-Status: running'));
});

test('a mail server that is away is told as a failure', async () => {
  const server = await listen('127.9.6.2', 'tcp/0', () => ({ kind: 'smtp' }));
  await server.close();
  const why: string[] = [];
  const mailer = createMailer(
    { sent: () => assert.fail('nobody took it'), failed: (_mail, reason) => why.push(reason) },
    server.port,
  );
  mailer.send({ ...mail, smtp: '127.9.6.2' });
  await mailer.flush(10_000);
  assert.match(why[0] ?? '', /ECONNREFUSED/);
});
