// Debian's heartbeat 3.0.6 on a lab host, with the configuration that the host has, as the peer to
// be measured against.

import { cpSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from '../lab/host.js';

const daemon = '/usr/libexec/heartbeat/heartbeat';
const package306 = '/etc/ha.d';
const startMs = 30_000;
/** The package's folders below /run, which its service script makes elsewhere. */
const makeRunFolders = `set -e
mkdir -p /run/heartbeat/ccm /run/heartbeat/crm /run/heartbeat/dopd /run/resource-agents
chown hacluster:haclient /run/heartbeat /run/heartbeat/*
chmod 750 /run/heartbeat/*; chmod 755 /run/heartbeat`;

export async function startOriginal(host: Host): Promise<void> {
  // Its own scripts, beside the configuration that is there.
  cpSync(package306, join(host.disk, 'ha.d'), { recursive: true, force: false });
  cpSync('/var/lib/heartbeat', join(host.disk, 'heartbeat'), { recursive: true });
  await host.run(['sh', '-c', makeRunFolders]);
  const words = ['env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root', daemon];
  const shell = '"$@" >> /var/log/stdout 2>&1 < /dev/null';
  await host.run(['sh', '-c', shell, 'start', ...words], { limitMs: startMs });
}
