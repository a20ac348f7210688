// The mail of a MailTo resource, as text.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { composeMail } from '#src/resources/builtin/mail-to.js';

const at = new Date('2026-11-25T03:12:44Z');

describe('the mail of a MailTo resource', () => {
  it('says in its subject what happens, when and where, in the words of the original', () => {
    const mail = { to: ['a@example.org', 'root'], subject: 'Web Farm' };
    const [to, subject] = composeMail(mail, 'start', at, 'mom').split('\n');
    assert.equal(to, 'To: a@example.org, root');
    const words = 'Web Farm Takeover in progress at 2026-11-25 03:12:44 UTC on mom';
    assert.equal(subject, `Subject: ${words}`);
    assert.match(composeMail(mail, 'stop', at, 'mom'), /Migrating resource away at .* from mom/);
  });

  it('cannot be given further headers by its subject', () => {
    const text = composeMail({ to: ['root'], subject: 'x\nBcc: y' }, 'start', at, 'mom');
    assert.doesNotMatch(text.split('\n\n')[0] ?? '', /^Bcc/m);
  });

  it('encodes a subject that is not ASCII', () => {
    const text = composeMail({ to: ['root'], subject: 'Grüße' }, 'start', at, 'mom');
    assert.match(text, /^Subject: =\?UTF-8\?B\?[A-Za-z0-9+/=]+\?=$/m);
  });
});
