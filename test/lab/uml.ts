// Debian's user-mode Linux: a whole kernel with IPVS that runs as a program, at nearly the
// machine's own speed, while the emulated machine is ten times slower. Its root is this machine's,
// read-only below a throw-away overlay. It has one processor; several run side by side.

import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { boundToUs, Program } from './process.js';
import { packProject, quote, type VmOptions, type VmResult } from './vm.js';

const modules = [
  ...['ipv6', 'veth', 'bridge', 'dummy', 'ipip', 'ip_vs', 'ip_vs_rr', 'ip_vs_wrr', 'ip_vs_lc'],
  ...['ip_vs_wlc', 'ip_vs_sh', 'ip_vs_dh', 'ip_vs_sed', 'ip_vs_nq', 'ip_vs_lblc', 'ip_vs_lblcr'],
  ...['ip_vs_mh', 'ip_vs_fo', 'ip_vs_ovf'],
];

const modulesFolder = '/usr/lib/uml/modules';
/** Stands between what the kernel says at its start and what the command says. */
const beginMark = '-- the machine is up --';
/** linux/magic.h: the kernel's memory is a file, which should never be written to a disk. */
const TMPFS_MAGIC = 0x01021994;

/** First process: the root becomes an overlay. Full paths: the host's /proc is there first. */
const initScript = (out: string): string =>
  [
    '#!/bin/sh',
    '/bin/mount -t proc proc /proc && /bin/mount -t tmpfs tmpfs /mnt',
    'v=$(uname -r)',
    `insmod ${modulesFolder}/$v/kernel/fs/overlayfs/overlay.ko`,
    'mkdir /mnt/up /mnt/work /mnt/new; n=/mnt/new',
    'mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/up,workdir=/mnt/work $n || exit 1',
    'mount -t proc proc $n/proc; mount -t sysfs sys $n/sys; mount -t devtmpfs dev $n/dev',
    'for d in run tmp; do mount -t tmpfs $d $n/$d; done',
    'mkdir -p $n/dev/pts $n/dev/shm $n/out $n/run/lock $n/lib/modules; chmod 1777 $n/tmp',
    'mount -t devpts devpts $n/dev/pts; mount -t tmpfs shm $n/dev/shm',
    `mount -t hostfs none -o ${out} $n/out; mount --bind ${modulesFolder} $n/lib/modules`,
    'exec chroot $n /bin/sh /out/guest.sh',
    '',
  ].join('\n');

function guestScript(argv: readonly string[], env: Readonly<Record<string, string>>): string {
  const project = quote(process.cwd());
  return [
    'export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    `export HOME=/root LANG=C.UTF-8 PATH=${quote(dirname(process.execPath))}:$PATH`,
    ...Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}`),
    'ln -sf /proc/self/fd /dev/fd; ln -sf /proc/self/fd/0 /dev/stdin',
    'ln -sf /proc/self/fd/1 /dev/stdout; ln -sf /proc/self/fd/2 /dev/stderr',
    'ip link set lo up; hostname lab; echo 1 > /proc/sys/kernel/printk',
    `modprobe -a ${modules.join(' ')} 2>/dev/null`,
    `mkdir -p ${project}; tar -xf /out/project.tar -C ${project}`,
    `cd ${project}; echo '${beginMark}'`,
    `{ ${argv.map(quote).join(' ')}; echo $? > /out/code; } 2>&1 < /dev/null`,
    'busybox poweroff -f',
    '',
  ].join('\n');
}

export function hasUml(): boolean {
  return existsSync('/usr/bin/linux.uml') && existsSync(modulesFolder);
}

async function memoryFolder(): Promise<string> {
  const isMemory = await statfs('/dev/shm').then(
    ({ type }) => type === TMPFS_MAGIC,
    () => false,
  );
  return isMemory ? '/dev/shm' : tmpdir();
}

/**
 * Its processes are traced children, which outlive a killed kernel: in a process namespace of
 * their own they do not. Only root may make one so simply.
 */
const inOwnNamespace = (argv: readonly string[]): string[] =>
  process.getuid?.() === 0
    ? ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc', ...argv]
    : [...argv];

/** Boots a kernel, runs one command in the current folder and returns how it ended. */
export async function runInUml(
  argv: readonly string[],
  options: VmOptions = {},
): Promise<VmResult> {
  const out = resolve(options.out ?? mkdtempSync(join(tmpdir(), `lubdub-${process.pid}-uml-`)));
  mkdirSync(out, { recursive: true });
  const codeFile = join(out, 'code');
  rmSync(codeFile, { force: true });
  await packProject(process.cwd(), out);
  await writeFile(
    join(out, 'guest.sh'),
    guestScript(argv, { ...options.env, LUBDUB_LAB_WHERE: 'uml' }),
  );
  await writeFile(join(out, 'init'), initScript(out));
  chmodSync(join(out, 'init'), 0o755);
  let isUp = false;
  const machine = new Program(
    boundToUs(
      inOwnNamespace([
        ...['linux.uml', `mem=${options.memoryMiB ?? 2048}M`, 'root=/dev/root', 'ro', 'quiet'],
        ...['rootfstype=hostfs', 'rootflags=/', `init=${join(out, 'init')}`],
        ...['con0=null,fd:1', 'con=null', 'ssl=null'],
      ]),
    ),
    { ...process.env, TMPDIR: await memoryFolder() },
    (line) => {
      if (isUp) options.onLine?.(line.trimEnd());
      if (line.includes(beginMark)) isUp = true;
    },
  );
  const limit = setTimeout(() => machine.child.kill('SIGKILL'), options.limitMs ?? 600_000);
  await machine.ended;
  clearTimeout(limit);
  const code = existsSync(codeFile) ? Number(readFileSync(codeFile, 'utf8')) : 124;
  if (options.out === undefined) rmSync(out, { recursive: true, force: true });
  return { code, output: machine.output };
}

/** Whether such a kernel comes up here at all: not every machine lets it trace processes. */
export async function umlWorks(): Promise<boolean> {
  if (!hasUml()) return false;
  const { code } = await runInUml(['test', '-e', '/proc/net/ip_vs'], { limitMs: 60_000 });
  return code === 0;
}
