// `node dist/test/lab/vm-run.js [-t SECONDS] -- COMMAND…`: one command in the emulated machine,
// for trials by hand. Its exit code is the command's.

import { runInVm } from './vm.js';

const words = process.argv.slice(2);
const dashes = words.indexOf('--');
const command = words.slice(dashes + 1);
const seconds = words[0] === '-t' ? Number(words[1]) : 300;

if (command.length === 0) {
  process.stderr.write('usage: vm-run [-t SECONDS] -- COMMAND [ARGUMENT…]\n');
  process.exit(2);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => process.exit(130));
}
const { code, output } = await runInVm(command, {
  limitMs: seconds * 1000,
  onLine: (line) => process.stdout.write(`${line}\n`),
});
if (code === 124) process.stderr.write(`${output}\nthe machine was stopped\n`);
process.exit(code);
