// Runs resources as the heartbeat daemon does, on the lab host where it is started: arguments are
// `VERB WORD` pairs, each outcome is printed as a line of JSON.

import { openAddressTable } from '#src/kernel/addresses.js';
import { openAnnouncer } from '#src/kernel/announcer.js';
import { endProcess } from '#src/kernel/end-process.js';
import { createAddressResources } from '#src/resources/address-resource.js';
import { createDirectorResources } from '#src/resources/director-resource.js';
import { createResourceRunner } from '#src/resources/resource-runner.js';

const log = (): void => undefined;
const table = openAddressTable();
const announcer = openAnnouncer();
if (!table.ok || !announcer.ok) throw new Error('no access to the kernel');
const runDir = '/run/lubdub';
const runner = createResourceRunner({
  addresses: createAddressResources({ table: table.value, announcer: announcer.value, log }),
  directors: createDirectorResources({ configDir: '/etc/ha.d', runDir, stateDir: runDir, log }),
  table: table.value,
  announcer: announcer.value,
  runDir,
  scriptFolders: ['/etc/ha.d/resource.d', '/etc/init.d'],
  log,
});

const words = process.argv.slice(2);
for (let at = 0; at + 1 < words.length; at += 2) {
  const [verb, word = ''] = words.slice(at, at + 2);
  if (verb !== 'start' && verb !== 'stop' && verb !== 'status') throw new Error(`verb ${verb}`);
  const [script = '', ...args] = word.split('::');
  const environment = {
    HA_CURHOST: 'lab',
    HA_DIR: '/etc/ha.d',
    HA_FUNCS: '/etc/ha.d/shellfuncs',
    HA_LOGD: 'no',
    HA_LOGFACILITY: 'none',
    HA_LOGFILE: '/var/log/ha-log',
    OCF_ROOT: '/usr/lib/ocf',
    OCF_AGENTS: '/usr/lib/ocf/resource.d',
  };
  const outcome = await runner.run({ script, args, word }, verb, environment);
  process.stdout.write(`${JSON.stringify({ verb, word, ...outcome })}\n`);
}
endProcess(0);
