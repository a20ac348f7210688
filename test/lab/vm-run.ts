// `node dist/test/lab/vm-run.js [-u] [-t SECONDS] -- COMMAND…`: one command in the emulated
// machine, or with -u in user-mode Linux, for trials by hand. Its exit code is the command's.

import { runInUml } from './uml.js';
import { runInVm } from './vm.js';

const isUml = process.argv[2] === '-u';
const words = process.argv.slice(isUml ? 3 : 2);
const dashes = words.indexOf('--');
const command = words.slice(dashes + 1);
const seconds = words[0] === '-t' ? Number(words[1]) : 300;

if (command.length === 0) {
  process.stderr.write('usage: vm-run [-u] [-t SECONDS] -- COMMAND [ARGUMENT…]\n');
  process.exit(2);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => process.exit(130));
}
const { code, output } = await (isUml ? runInUml : runInVm)(command, {
  limitMs: seconds * 1000,
  onLine: (line) => process.stdout.write(`${line}\n`),
});
if (code === 124) process.stderr.write(`${output}\nthe machine was stopped\n`);
process.exit(code);
