// A key is rolled on a live pair: SIGHUP after each change of authkeys, no restart, no late death,
// and the address never moves.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { Pair, vip } from './pair.js';
import { nowMs, waitFor } from './wait.js';

const waitMs = 10_000;

const logOf = (program: Pair['alpha']): string =>
  program.log.lines.map((line) => line.text).join('\n');

describe('rolling a key on a live pair', () => {
  let pair: Pair;
  before(async () => {
    pair = await Pair.start({
      media: ['bcast eth0', 'serial /dev/ttyS0'],
      authkeys: ['auth 1\n1 sha1 first\n', 'auth 1\n1 sha1 first\n'],
    });
  });
  after(() => pair.close());

  const signsWith = (program: Pair['alpha'], key: number) =>
    program.waitForStatus(`key ${key} signing`, waitMs, (status) => status.signingKey === key);

  it('changes every signature without a death, a restart or a move of the address', async () => {
    const began = nowMs();
    const nodes = [pair.alpha, pair.beta];
    const pids = nodes.map((each) => each.daemonPids().join());
    const write = (program: Pair['alpha'], text: string): void => {
      program.host.write('ha.d/authkeys', text, 0o600);
      assert.equal(program.killDaemon('SIGHUP'), 1);
    };
    const rereads = (program: Pair['alpha']): number =>
      program.log.lines.filter((line) => /Rereading authentication file/.test(line.text)).length;
    const step = async (text: string, key: number): Promise<void> => {
      for (const node of nodes) {
        const known = rereads(node);
        write(node, text);
        await waitFor(
          'keys read anew',
          waitMs,
          () => rereads(node) > known,
          () => node.explain(),
        );
      }
      for (const node of nodes) await signsWith(node, key);
    };
    await step('auth 1\n1 sha1 first\n2 sha256 second\n', 1);
    await step('auth 2\n1 sha1 first\n2 sha256 second\n', 2);
    await step('auth 2\n2 sha256 second\n', 2);
    for (const [index, node] of nodes.entries()) {
      const status = await node.waitForStatus('both alive', waitMs, (seen) =>
        seen.nodes.every((each) => each.state === 'active'),
      );
      assert.deepEqual(status.messages.refused, {}, node.explain());
      assert.doesNotMatch(logOf(node), /is dead|Late heartbeat/, node.explain());
      assert.equal(node.daemonPids().join(), pids[index]);
    }
    assert.deepEqual(await pair.holders(), ['alpha']);
    assert.ok(await pair.alpha.neverLost(vip, began));
  });

  it('waits for the other node when only one has the new key', async () => {
    const { alpha, beta } = pair;
    alpha.host.write('ha.d/authkeys', 'auth 3\n2 sha256 second\n3 sha1 third\n', 0o600);
    alpha.killDaemon('SIGHUP');
    await alpha.log.waitFor(/until node beta has key 3/, waitMs);
    assert.equal((await alpha.status())?.signingKey, 2);
    beta.host.write('ha.d/authkeys', 'auth 3\n2 sha256 second\n3 sha1 third\n', 0o600);
    beta.killDaemon('SIGHUP');
    for (const node of [alpha, beta]) await signsWith(node, 3);
    assert.doesNotMatch(logOf(alpha) + logOf(beta), /is dead/);
  });

  it('keeps the keys in force when the file is broken', async () => {
    const { alpha } = pair;
    alpha.host.write('ha.d/authkeys', 'auth 9\n', 0o600);
    alpha.killDaemon('SIGHUP');
    await alpha.log.waitFor(/the running configuration stays in force/, waitMs);
    assert.equal((await alpha.status())?.signingKey, 3);
  });
});
