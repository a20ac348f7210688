// The radius check: one Access-Request with PAP; up when the server accepts and proves that it
// knows the secret.

import { createHash, randomBytes } from 'node:crypto';
import type { RadiusCheck } from '../../checks/check-spec.js';
import { type CheckVerdict, down, up } from '../../checks/check-verdict.js';
import { utf8Text } from '../../checks/dialogue.js';
import { emitAccessRequest, type Md5, parseAccessAnswer } from '../../wire/radius-packet.js';
import type { CheckContext } from './run-check.js';
import { openDatagrams } from './udp-exchange.js';

const md5: Md5 = (bytes) => createHash('md5').update(bytes).digest();

export async function runRadiusCheck(
  spec: RadiusCheck,
  context: CheckContext,
): Promise<CheckVerdict> {
  if (spec.port === 0) return down('no port to ask: set checkport');
  const opened = await openDatagrams(spec, context);
  if (!opened.ok) return opened.verdict;
  const request = {
    identifier: randomBytes(1)[0] ?? 0,
    authenticator: randomBytes(16),
    user: utf8Text(spec.login),
    password: utf8Text(spec.password),
    secret: utf8Text(spec.secret),
    nasAddress: opened.socket.address().address,
  };
  context.waitFor('answer');
  return new Promise((resolve) => {
    opened.onError(resolve);
    opened.onReceive((bytes) => {
      const answer = parseAccessAnswer(bytes, request, md5);
      if (answer === 'accept') resolve(up('RADIUS accept'));
      else if (answer !== undefined) resolve(down(`RADIUS ${answer}`));
      // Anybody can send an answer that is not proven; ours may still come.
      else context.waitFor('answer that proves the secret');
    });
    opened.send(emitAccessRequest(request, md5), true);
  });
}
