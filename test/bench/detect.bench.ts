// `npm run bench -- detect [--trials N] [--reals N] [--peers …]`: how long a killed server process
// is not noticed at an interval of a second, until the log says that the real server was taken out,
// beside keepalived and the original in one run. One JSON line a peer.

import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Program } from '../lab/process.js';
import { nowMs, waitFor } from '../lab/wait.js';
import { median, round } from './figures.js';
import { HealthFarm, type HealthPeer, realAddress, victimPath } from './health-farm.js';

const { values } = parseArgs({
  options: {
    trials: { type: 'string', default: '10' },
    reals: { type: 'string', default: '10' },
    rest: { type: 'string', default: '5' },
    peers: { type: 'string', default: 'keepalived,lubdub,lubdub; watchconn,ldirectord 4.12' },
  },
});

const limitMs = 60_000;

/** What each says of a real server that it takes out. */
const goneWords = (peer: HealthPeer, address: string): RegExp => {
  const at = address.replaceAll('.', '\\.');
  if (peer === 'keepalived') return new RegExp(`(?:Removing|Disabling) service \\[${at}\\]`);
  return new RegExp(`(?:Quiescent|Deleted) real server: ${at}:`);
};

const backWords = (peer: HealthPeer, address: string): RegExp => {
  const at = address.replaceAll('.', '\\.');
  if (peer === 'keepalived') return new RegExp(`(?:Adding|Enabling) service \\[${at}\\]`);
  return new RegExp(`(?:Restored|Added) real server: ${at}:`);
};

async function measure(peer: HealthPeer, reference: number | undefined): Promise<number> {
  const farm = new HealthFarm({
    services: 1,
    realsEach: Number(values.reals),
    checkTimeoutSeconds: 5,
  });
  try {
    await farm.build(false);
    const victim = realAddress(0, 0);
    const serve = async (...addresses: readonly string[]): Promise<Program> => {
      const server = farm.farm.start([process.execPath, victimPath, ...addresses]);
      const isUp = (): boolean => addresses.every((each) => server.output.includes(`${each}\n`));
      await waitFor('a server', limitMs, isUp);
      return server;
    };
    const others = Array.from({ length: Number(values.reals) - 1 }, (_, at) => at + 1);
    await serve(...others.map((at) => realAddress(0, at)));
    const killable = `${victimPath} ${victim}`;
    await serve(victim);
    const program = await farm.start(peer);
    const text = (): string => (program?.output ?? '') + farm.directorLog();
    await sleep(Number(values.rest) * 1000);
    const latencies: number[] = [];
    for (let trial = 0; trial < Number(values.trials); trial++) {
      // Any moment of the interval is as likely as any other.
      await sleep(1000 + Math.random() * 1000);
      const before = text().length;
      const killedMs = nowMs();
      farm.farm.kill(new RegExp(`${killable}$`));
      for (;;) {
        if (goneWords(peer, victim).test(text().slice(before))) break;
        if (nowMs() - killedMs > limitMs) throw new Error(`${peer}: not noticed\n${text()}`);
        await sleep(1);
      }
      latencies.push(nowMs() - killedMs);
      const gone = text().length;
      await serve(victim);
      const look = (): boolean => backWords(peer, victim).test(text().slice(gone));
      await waitFor('the victim to be back', limitMs, look, () => text().slice(-2000));
    }
    const middle = median(latencies);
    const line = {
      bench: 'detect',
      peer,
      reals: Number(values.reals),
      trials: latencies.length,
      medianMs: round(middle),
      worstMs: round(Math.max(...latencies)),
      toKeepalived: reference && Number((middle / reference).toPrecision(2)),
    };
    process.stdout.write(`${JSON.stringify(line)}\n`);
    return middle;
  } finally {
    await farm.close();
  }
}

let reference: number | undefined;
for (const name of values.peers.split(',')) {
  const peer = name.replace(';', ',') as HealthPeer;
  const middle = await measure(peer, reference);
  if (peer === 'keepalived') reference ??= middle;
}
process.exit();
