// Serial heartbeats over a real UART: two emulated machines joined by a null-modem cable between
// their second serial ports, and by a wire. The cable is pulled and garbled; the wire is left
// alone, so that nobody may be taken for dead.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { deadtimeMs, type MachineName, machineNames, UartMachines, vip } from './uart-machines.js';
import { nowMs, waitFor } from './wait.js';

const bootMs = 180_000;
const noticeMs = 10 * deadtimeMs;
/** Neither a death nor a move of the address. */
const anyMove = /node \w+:? is dead|[Gg]iving up|[Tt]aking over|returning after partition/;
const peerOf = (name: MachineName): MachineName => (name === 'alpha' ? 'beta' : 'alpha');

describe('two machines joined by their UARTs and a wire', () => {
  const folder = mkdtempSync(join(tmpdir(), `lubdub-${process.pid}-`));
  const machines = new UartMachines(folder);
  let settledMs = 0;

  async function bothSay(what: string, limitMs: number, sinceMs: number): Promise<void> {
    for (const name of machineNames) {
      const pattern = new RegExp(`Link ${peerOf(name)}:${what}`);
      await waitFor(
        `${name} to say ${pattern}`,
        limitMs,
        () => machines.logs[name].find(pattern, sinceMs),
        () => machines.explain(),
      );
    }
  }

  before(async () => {
    await machines.boot();
    await bothSay('/dev/ttyS1 up', bootMs, 0);
    await bothSay('eth0 up', bootMs, 0);
    const held = new RegExp(`added ${vip.replaceAll('.', '\\.')}/`);
    await waitFor(
      `alpha to hold ${vip}`,
      bootMs,
      () => machines.logs.alpha.find(held),
      () => machines.explain(),
    );
    settledMs = nowMs();
  });

  after(async () => {
    await machines.end();
    rmSync(folder, { recursive: true, force: true });
  });

  function assertNobodyDied(): void {
    for (const name of machineNames) {
      const move = machines.logs[name].find(anyMove, settledMs);
      assert.equal(move, undefined, `${move?.text}\n${machines.explain()}`);
    }
  }

  async function spoilAndMend(condition: 'pulled' | 'noisy' | 'halved'): Promise<void> {
    const from = nowMs();
    machines.cable.condition = condition;
    await bothSay('/dev/ttyS1 dead', noticeMs, from);
    const mended = nowMs();
    machines.cable.condition = 'whole';
    await bothSay('/dev/ttyS1 up', noticeMs, mended);
    assertNobodyDied();
  }

  test('a pulled cable is a dead link to both until it is plugged in again', () =>
    spoilAndMend('pulled'));

  test('noise on the line is a dead link to both until it ends', () => spoilAndMend('noisy'));

  test('halves of messages are a dead link to both until it carries whole ones', () =>
    spoilAndMend('halved'));
});
