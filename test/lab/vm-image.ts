// Kernel and initial file system of the emulated machine, made once from Debian's kernel package
// (downloaded and unpacked, never installed) and kept in the user's cache folder.

import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { run } from './process.js';

export interface VmImage {
  readonly kernel: string;
  readonly initrd: string;
  readonly modules: string;
}

/** Changes whenever what is written below changes, so that an old cache is made anew. */
const imageVersion = 2;

const initScript = `#!/bin/sh
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
while read m; do insmod /mod/$m; done < /order
o=trans=virtio,version=9p2000.L,msize=512000
mount -t 9p -o $o,ro,cache=loose hostroot /ro
mount -t tmpfs -o size=80% tmpfs /rw; mkdir /rw/up /rw/work
mount -t overlay overlay -o lowerdir=/ro,upperdir=/rw/up,workdir=/rw/work /new
mkdir -p /new/out /new/run /new/tmp; mount -t 9p -o $o,rw out /new/out
mount --move /dev /new/dev; mount --move /sys /new/sys; mount --move /proc /new/proc
mount -t tmpfs tmpfs /new/run
exec switch_root /new /bin/sh /out/guest.sh
`;

export function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'lubdub');
}

async function downloadKernel(folder: string): Promise<void> {
  const { stdout } = await run(['apt-cache', 'depends', 'linux-image-amd64']);
  const name = /Depends: (\S+)/.exec(stdout)?.[1];
  if (name === undefined) {
    throw new Error('no kernel package is known here: run `apt-get update` as root and try again');
  }
  // apt's own unprivileged user may not write to a home folder.
  const user = process.getuid?.() === 0 ? ['-o', 'APT::Sandbox::User=root'] : [];
  await run(
    ['sh', '-c', 'cd "$1" && shift && exec apt-get download -q "$@"', 'sh', folder, ...user, name],
    {
      limitMs: 600_000,
    },
  );
  const file = readdirSync(folder).find((each) => each.endsWith('.deb'));
  if (file === undefined) throw new Error('apt-get download left no package');
  await run(['dpkg', '-x', join(folder, file), join(folder, 'kernel')], { limitMs: 300_000 });
  rmSync(join(folder, file));
}

async function makeInitrd(folder: string, version: string): Promise<void> {
  const root = join(folder, 'initrd');
  for (const each of ['bin', 'mod', 'proc', 'sys', 'dev', 'ro', 'rw', 'new']) {
    mkdirSync(join(root, each), { recursive: true });
  }
  copyFileSync(
    (await run(['sh', '-c', 'command -v busybox'])).stdout.trim(),
    join(root, 'bin/busybox'),
  );
  for (const each of ['sh', 'mount', 'insmod', 'switch_root', 'mkdir']) {
    symlinkSync('busybox', join(root, 'bin', each));
  }
  const order: string[] = [];
  for (const each of ['virtio_pci', '9pnet_virtio', '9p', 'overlay']) {
    const needs = await run([
      ...['modprobe', '-d', join(folder, 'kernel'), '-S', version, '--show-depends', each],
    ]);
    for (const [, path] of needs.stdout.matchAll(/^insmod (\S+)/gm)) {
      if (path === undefined || order.includes(basename(path))) continue;
      copyFileSync(path, join(root, 'mod', basename(path)));
      order.push(basename(path));
    }
  }
  writeFileSync(join(root, 'order'), `${order.join('\n')}\n`);
  writeFileSync(join(root, 'init'), initScript);
  chmodSync(join(root, 'init'), 0o755);
  const pack = 'cd "$1" && find . | cpio -o -H newc 2>/dev/null | gzip -1 > ../initrd.gz';
  await run(['sh', '-c', pack, 'sh', root]);
  rmSync(root, { recursive: true });
}

function kernelVersion(folder: string): string {
  const [version] = readdirSync(join(folder, 'kernel/lib/modules'));
  if (version === undefined) throw new Error(`no modules in ${folder}`);
  return version;
}

/** Makes the image when the cache has none; a half-made one never gets the final name. */
export async function ensureVmImage(): Promise<VmImage> {
  const final = join(cacheFolder(), `vm-${imageVersion}`);
  if (!existsSync(final)) {
    const folder = `${final}.${process.pid}`;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    try {
      await downloadKernel(folder);
      const version = kernelVersion(folder);
      await run(['depmod', '-b', join(folder, 'kernel'), version], { limitMs: 300_000 });
      await makeInitrd(folder, version);
      renameSync(folder, final);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return {
    kernel: join(final, `kernel/boot/vmlinuz-${kernelVersion(final)}`),
    initrd: join(final, 'initrd.gz'),
    modules: join(final, 'kernel/lib/modules'),
  };
}
