// A software-emulated machine whose Debian kernel has IPVS, for machines whose own kernel has
// none. Its root is this machine's root, read-only below a throw-away overlay, so what is
// installed and built here is there too. Needs no root once Debian's packages are installed.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { boundToUs, Program, run } from './process.js';
import { ensureVmImage, type VmImage } from './vm-image.js';

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
  /** What the guest loads; what IPVS and the lab need otherwise. */
  readonly modules?: readonly string[];
  /** Socket of a null-modem cable, which is the guest's ttyS1 then. */
  readonly cable?: string;
  /** A wire to one other machine, by datagrams between two sockets; the guest's eth0. */
  readonly wire?: { readonly own: string; readonly peer: string; readonly mac: string };
}

/** A machine that was started. */
export interface RunningVm {
  readonly ended: Promise<VmResult>;
  /** Power loss. */
  kill(): void;
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

/** A cable has the second line for itself; then the first one is both console and output. */
const outputLine = (options: VmOptions): string =>
  options.cable === undefined ? '/dev/ttyS1' : '/dev/ttyS0';

function guestScript(argv: readonly string[], modulesFolder: string, options: VmOptions): string {
  const tty = outputLine(options);
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
    `modprobe -a ${(options.modules ?? modules).join(' ')} 2>/dev/null`,
    `stty -F ${tty} raw -echo`,
    `tar -xf /out/project.tar -C ${quote(process.cwd())}`,
    `cd ${quote(process.cwd())}`,
    `{ ${argv.map(quote).join(' ')}; echo $? > /out/code; } > ${tty} 2>&1 < /dev/null`,
    'sync; busybox poweroff -f',
    '',
  ].join('\n');
}

function serialLines(out: string, { cable }: VmOptions): string[] {
  if (cable === undefined) return ['-serial', `file:${join(out, 'console')}`, '-serial', 'stdio'];
  return [
    ...['-serial', 'stdio', '-serial', 'chardev:cable'],
    ...['-chardev', `socket,id=cable,path=${cable},reconnect=1`],
  ];
}

function networkCard({ wire }: VmOptions): string[] {
  if (wire === undefined) return ['-nic', 'none'];
  const end = (side: string, path: string): string => `${side}.type=unix,${side}.path=${path}`;
  const sockets = `${end('local', wire.own)},${end('remote', wire.peer)}`;
  return [
    ...['-netdev', `dgram,id=wire,${sockets}`],
    ...['-device', `virtio-net-pci,netdev=wire,mac=${wire.mac},romfile=`],
  ];
}

function startMachine(image: VmImage, out: string, options: VmOptions): Program {
  const share = (path: string, tag: string, more: string): string[] => [
    '-virtfs',
    `local,path=${path},mount_tag=${tag},security_model=none,multidevs=remap${more}`,
  ];
  return new Program(
    boundToUs([
      ...['qemu-system-x86_64', '-accel', 'tcg,thread=multi', '-cpu', 'max'],
      ...['-smp', String(options.cpus ?? 2), '-m', String(options.memoryMiB ?? 2048)],
      ...['-display', 'none', '-monitor', 'none', '-no-reboot', ...networkCard(options)],
      ...['-kernel', image.kernel, '-initrd', image.initrd],
      ...share('/', 'hostroot', ',readonly=on'),
      ...share(out, 'out', ''),
      ...serialLines(out, options),
      ...['-append', 'console=ttyS0 quiet panic=-1 mitigations=off'],
    ]),
    process.env,
    options.onLine,
  );
}

/** Boots a machine that runs one command in the current folder and then switches itself off. */
export async function startVm(
  argv: readonly string[],
  options: VmOptions = {},
): Promise<RunningVm> {
  const image = await ensureVmImage();
  const out = resolve(options.out ?? mkdtempSync(join(tmpdir(), `lubdub-${process.pid}-vm-`)));
  mkdirSync(out, { recursive: true });
  const codeFile = join(out, 'code');
  rmSync(codeFile, { force: true });
  await packProject(process.cwd(), out);
  writeFileSync(join(out, 'guest.sh'), guestScript(argv, image.modules, options));
  const machine = startMachine(image, out, options);
  const kill = (): void => {
    machine.child.kill('SIGKILL');
  };
  const end = (): void => {
    kill();
    if (options.out === undefined) rmSync(out, { recursive: true, force: true });
  };
  process.once('exit', end);
  const limit = setTimeout(kill, options.limitMs ?? 600_000);
  const ended = machine.ended.then((): VmResult => {
    clearTimeout(limit);
    process.off('exit', end);
    const code = existsSync(codeFile) ? Number(readFileSync(codeFile, 'utf8')) : 124;
    const path = join(out, 'console');
    const console = existsSync(path) ? readFileSync(path, 'utf8') : '';
    if (options.out === undefined) rmSync(out, { recursive: true, force: true });
    const more = code === 124 ? console.slice(-4000) : '';
    return { code, output: `${machine.output}${more}` };
  });
  return { ended, kill };
}

/** Boots the machine, runs one command in the current folder and returns how it ended. */
export async function runInVm(argv: readonly string[], options: VmOptions = {}): Promise<VmResult> {
  return (await startVm(argv, options)).ended;
}
