// `npm run bench -- crash [--vips 1] [--repeats N]`: the outage when a whole director dies, at the
// quickest settings that both programs are quiet with: ours at a keepalive of 10 ms and a dead time
// of 40 ms in real time, keepalived with adverts each 10 ms. The method is that of `takeover`.

import { parseArgs } from 'node:util';
import { tableText } from './figures.js';
import { benchPairs } from './takeover-pair.js';

const { values } = parseArgs({
  options: {
    vips: { type: 'string', default: '1' },
    repeats: { type: 'string', default: '5' },
  },
});

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => process.exit(130));
}
try {
  const trials = await benchPairs({
    settings: [{ name: '10/40 ms', keepalive: '10ms', deadtimeMs: 40 }],
    advertSeconds: ['0.01'],
    vips: values.vips.split(',').map(Number),
    repeats: Number(values.repeats),
    isGroupedOnly: true,
  });
  process.stdout.write(`\n${tableText(trials, 'keepalived')}`);
  process.exitCode = 0;
} catch (error) {
  process.stdout.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
}
process.exit();
