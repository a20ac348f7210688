// Set-up on a fresh machine: npm packages, the build, Debian's packages for the lab. Plain
// JavaScript, because it has to run before there is a compiler. Never starts a daemon.

import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** What each program of the lab comes in; the last four are for its emulated machines. */
const labPackages = {
  ip: 'iproute2',
  socat: 'socat',
  tcpdump: 'tcpdump',
  nginx: 'nginx-light',
  vsftpd: 'vsftpd',
  ipvsadm: 'ipvsadm',
  nft: 'nftables',
  busybox: 'busybox-static',
  keepalived: 'keepalived',
  cl_status: 'heartbeat',
  stonith: 'cluster-glue',
  'ocf-tester': 'resource-agents',
  ifconfig: 'net-tools',
  fuser: 'psmisc',
  exim4: 'exim4-daemon-light',
  dovecot: 'dovecot-core',
  '/usr/lib/dovecot/imap': 'dovecot-imapd',
  '/usr/lib/dovecot/pop3': 'dovecot-pop3d',
  slapd: 'slapd',
  unbound: 'unbound',
  mariadbd: 'mariadb-server',
  '/usr/share/postgresql-common/pg_wrapper': 'postgresql',
  freeradius: 'freeradius',
  squid: 'squid',
  kamailio: 'kamailio',
  'linux.uml': 'user-mode-linux',
  'qemu-system-x86_64': 'qemu-system-x86',
  depmod: 'kmod',
  cpio: 'cpio',
};

/** Runs a command with its output on ours; true when it succeeded. */
export function step(words, options = {}) {
  const [file, ...rest] = words;
  const done = spawnSync(file, rest, { cwd: root, stdio: 'inherit', ...options });
  return done.status === 0;
}

/** A name on the search path, or a path. */
function hasCommand(name) {
  if (name.startsWith('/')) return existsSync(name);
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function lockedPackages(path) {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')).packages ?? {}) : {};
}

/** True when node_modules is not what package-lock.json says; npm records what it installed. */
function isStale() {
  const installed = lockedPackages(join(root, 'node_modules/.package-lock.json'));
  return Object.entries(lockedPackages(join(root, 'package-lock.json'))).some(
    ([path, entry]) =>
      path !== '' && entry.optional !== true && installed[path]?.version !== entry.version,
  );
}

export function ensureNpmPackages() {
  return !isStale() || step(['npm', 'ci', '--no-audit', '--no-fund']);
}

function missingPackages() {
  return Object.entries(labPackages)
    .filter(([command]) => !hasCommand(command))
    .map(([, name]) => name);
}

/** Installs with a policy that forbids package scripts to start services, and takes it away. */
function install(names) {
  const policy = '/usr/sbin/policy-rc.d';
  const isOurs = !existsSync(policy);
  if (isOurs) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const stdio = ['ignore', 'ignore', 'inherit'];
    step(['apt-get', 'update', '-qq'], { env, stdio });
    return step(['apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...names], {
      env,
      stdio,
    });
  } finally {
    if (isOurs) rmSync(policy);
  }
}

/** True when the lab has what it needs; else says exactly what to install. */
export function ensureDebianPackages() {
  const missing = missingPackages();
  if (missing.length === 0) return true;
  if (process.getuid() === 0 && hasCommand('apt-get')) {
    console.log(`installing ${missing.join(' ')}`);
    if (install(missing) && missingPackages().length === 0) return true;
  }
  console.error(
    `The lab needs Debian packages that are not here. Run as root:\n` +
      `  apt-get install --no-install-recommends ${missing.join(' ')}`,
  );
  return false;
}
