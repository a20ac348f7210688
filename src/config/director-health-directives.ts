// The directives of ldirectord.cf that ldirectord does not know: what director-health.ts reads.

import type { DirectorRow } from './director-directive.js';

/** The same words for a bad value in both parts. */
const extension = (
  name: string,
  form: string,
  defaultText: string,
  purpose: string,
): DirectorRow => {
  const fault = `invalid ${name}`;
  return [name, 'both', 'none', 'special', form, defaultText, purpose, fault, fault];
};

export const healthDirectives: readonly DirectorRow[] = [
  extension('refusedcount', 'N', 'failurecount', 'The same when the real server refuses. *'),
  extension('timeoutcount', 'N', 'failurecount', 'The same when it does not answer in time. *'),
  extension('wrongcount', 'N', 'failurecount', 'The same when its answer is wrong. *'),
  extension(
    'risecount',
    'N',
    '1',
    'Good checks in a row after which a real server that was down is restored. *',
  ),
  extension(
    'fastinterval',
    'SECONDS',
    'checkinterval',
    'Time between two checks while a real server is in doubt; 0.5 is possible. *',
  ),
  extension('jitter', 'PERCENT', '0', 'Makes each wait longer or shorter by up to so much. *'),
  extension(
    'minpool',
    'N | N%',
    '0',
    'So many real servers stay in service, even if they are down. *',
  ),
  extension('slowstart', 'SECONDS', '0', 'Time in which the weight rises after a recovery. *'),
  extension(
    'deadaction',
    'quiesce | remove | expire',
    'by quiescent',
    'What becomes of a real server that is down. *',
  ),
  [
    'watchconn',
    'both',
    'none',
    'yes-no',
    'yes | no',
    'no',
    'Holds an idle connection to each real server and checks at once when it breaks. *',
  ],
  [
    'agentcheck',
    'both',
    'optional',
    'special',
    '"PROGRAM" | tcp:PORT | http:PORT/PATH | none',
    'none',
    'Who says which part of its weight a real server can carry now. *',
    'invalid agentcheck',
    'invalid agentcheck',
  ],
  extension('agentinterval', 'SECONDS', 'checkinterval', 'Time between two questions to it. *'),
];
