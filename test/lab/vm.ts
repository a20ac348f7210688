// A software-emulated machine whose Debian kernel has IPVS, for machines whose own kernel has
// none. Its root is this machine's root, read-only below a throw-away overlay, so what is
// installed and built here is there too. Needs no root once Debian's packages are installed.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { boundToUs, Program, run } from './process.js';
import { ensureVmImage } from './vm-image.js';

/** What the guest loads before the command; names it does not have are passed over. */
const modules = [
  ...['ip_vs', 'ip_vs_rr', 'ip_vs_wrr', 'ip_vs_lc', 'ip_vs_wlc', 'ip_vs_sh', 'ip_vs_dh'],
  ...['ip_vs_sed', 'ip_vs_nq', 'ip_vs_lblc', 'ip_vs_lblcr', 'ip_vs_mh', 'ip_vs_fo', 'ip_vs_ovf'],
  ...['nf_nat', 'ip_vs_ftp', 'veth', 'bridge', 'ipip', 'dummy', 'macvlan', 'af_packet'],
  ...['nf_tables', 'nft_nat', 'nft_masq', 'nft_chain_nat', 'nft_ct', 'softdog'],
];

export interface VmOptions {
  readonly memoryMiB?: number;
  readonly cpus?: number;
  readonly limitMs?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Folder that is /out in the guest, writable; a temporary one otherwise. */
  readonly out?: string;
  readonly onLine?: (line: string) => void;
}

export interface VmResult {
  /** Exit code of the command; 124 when the machine had to be stopped. */
  readonly code: number;
  readonly output: string;
}

export function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Shipped with the packages and read by nobody at run time. */
const notNeeded = ['*.d.ts', '*.d.cts', '*.map', '*.tsbuildinfo', '*.md', '*.cc', '*.hh', '*.tgz'];

/** Folders of the packages that the programs need at run time, as the lock file tells. */
function runtimePackages(project: string): readonly string[] {
  const lock: unknown = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8'));
  const packages =
    typeof lock === 'object' && lock !== null && 'packages' in lock ? lock.packages : {};
  return Object.entries(packages ?? {})
    .filter(([name, facts]) => name !== '' && facts.dev !== true && existsSync(join(project, name)))
    .map(([name]) => name);
}

/**
 * Packs the built project into one file. The guest reads single files of its root slowly (20 s for
 * the modules of one program), and a build meanwhile must not change what runs there.
 */
export async function packProject(project: string, out: string): Promise<void> {
  const packed = await run([
    ...['tar', '-C', project, '-cf', join(out, 'project.tar')],
    ...notNeeded.map((pattern) => `--exclude=${pattern}`),
    ...['package.json', 'dist', 'etc', ...runtimePackages(project)],
  ]);
  if (packed.code !== 0) throw new Error(`cannot pack the project: ${packed.stderr}`);
}

function guestScript(argv: readonly string[], modulesFolder: string, options: VmOptions): string {
  const exported = Object.entries({ ...options.env, LUBDUB_LAB_WHERE: 'vm' });
  return [
    'export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    `export HOME=/root LANG=C.UTF-8 PATH=${quote(process.execPath.replace(/\/[^/]*$/, ''))}:$PATH`,
    ...exported.map(([name, value]) => `export ${name}=${quote(value)}`),
    'mkdir -p /dev/pts /dev/shm /run/lock /lib/modules',
    'mount -t devpts devpts /dev/pts; mount -t tmpfs shm /dev/shm',
    'ln -sf /proc/self/fd /dev/fd; ln -sf /proc/self/fd/0 /dev/stdin',
    'ln -sf /proc/self/fd/1 /dev/stdout; ln -sf /proc/self/fd/2 /dev/stderr',
    `mount --bind ${quote(modulesFolder)} /lib/modules`,
    'ip link set lo up; hostname lab; echo 1 > /proc/sys/kernel/printk',
    `modprobe -a ${modules.join(' ')} 2>/dev/null`,
    'stty -F /dev/ttyS1 raw -echo',
    `tar -xf /out/project.tar -C ${quote(process.cwd())}`,
    `cd ${quote(process.cwd())}`,
    `{ ${argv.map(quote).join(' ')}; echo $? > /out/code; } > /dev/ttyS1 2>&1 < /dev/null`,
    'sync; busybox poweroff -f',
    '',
  ].join('\n');
}

/** Boots the machine, runs one command in the current folder and returns how it ended. */
export async function runInVm(argv: readonly string[], options: VmOptions = {}): Promise<VmResult> {
  const image = await ensureVmImage();
  const out = resolve(options.out ?? mkdtempSync(join(tmpdir(), `lubdub-${process.pid}-vm-`)));
  mkdirSync(out, { recursive: true });
  const codeFile = join(out, 'code');
  rmSync(codeFile, { force: true });
  await packProject(process.cwd(), out);
  writeFileSync(join(out, 'guest.sh'), guestScript(argv, image.modules, options));
  const share = (path: string, tag: string, more: string): string[] => [
    '-virtfs',
    `local,path=${path},mount_tag=${tag},security_model=none,multidevs=remap${more}`,
  ];
  const machine = new Program(
    boundToUs([
      ...['qemu-system-x86_64', '-accel', 'tcg,thread=multi', '-cpu', 'max'],
      ...['-smp', String(options.cpus ?? 2), '-m', String(options.memoryMiB ?? 2048)],
      ...['-display', 'none', '-monitor', 'none', '-no-reboot', '-nic', 'none'],
      ...['-kernel', image.kernel, '-initrd', image.initrd],
      ...share('/', 'hostroot', ',readonly=on'),
      ...share(out, 'out', ''),
      ...['-serial', `file:${join(out, 'console')}`, '-serial', 'stdio'],
      ...['-append', 'console=ttyS0 quiet panic=-1 mitigations=off'],
    ]),
    process.env,
    options.onLine,
  );
  const end = (): void => {
    machine.child.kill('SIGKILL');
    if (options.out === undefined) rmSync(out, { recursive: true, force: true });
  };
  process.once('exit', end);
  const limit = setTimeout(() => machine.child.kill('SIGKILL'), options.limitMs ?? 600_000);
  await machine.ended;
  clearTimeout(limit);
  process.off('exit', end);
  const code = existsSync(codeFile) ? Number(readFileSync(codeFile, 'utf8')) : 124;
  const console = existsSync(join(out, 'console'))
    ? readFileSync(join(out, 'console'), 'utf8')
    : '';
  if (options.out === undefined) rmSync(out, { recursive: true, force: true });
  return {
    code,
    output: code === 124 ? `${machine.output}${console.slice(-4000)}` : machine.output,
  };
}
