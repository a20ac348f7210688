// Stands up a small lab and waits to be killed; the harness test looks at what remains.

import { Lab } from './lab.js';

const lab = new Lab();
await lab.network.addSwitch('lan');
await lab.addCable();
const host = await lab.addHost({
  name: 'leaver',
  interfaces: [{ device: 'eth0', switchName: 'lan', mac: '02:00:00:09:00:09' }],
});
await host.run(['touch', `/run/lab-${process.argv[2] ?? 'mark'}`]);
host.start(['sleep', '1000']);
process.stdout.write('standing\n');
setInterval(() => undefined, 1000);
