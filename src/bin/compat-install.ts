// `lubdub compat install DIR`: links the classic command names into a folder of the caller's.

import { lstat, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { classicFile, classicNames } from '../compat/classic-names.js';

const compatFolder = fileURLToPath(new URL('../compat/', import.meta.url));

const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

/** 0 linked, 1 something is in the way (then nothing was linked), 2 no such folder. */
export async function runCompatInstall(folder: string): Promise<number> {
  const place = await stat(folder).catch(() => undefined);
  if (place?.isDirectory() !== true) {
    process.stderr.write(`lubdub: ${folder} is not a folder: make it first (mkdir -p ${folder})\n`);
    return 2;
  }
  // All are looked at before the first is linked: half a set of commands would be worse than none.
  const inTheWay: string[] = [];
  for (const name of classicNames) {
    if (await exists(join(folder, name))) inTheWay.push(join(folder, name));
  }
  if (inTheWay.length > 0) {
    for (const path of inTheWay) process.stderr.write(`lubdub: ${path} exists already\n`);
    process.stderr.write('lubdub: nothing was linked; remove these or name another folder\n');
    return 1;
  }
  for (const name of classicNames) {
    // To the file itself: npm packs no symbolic links, so dist's own are not there once installed.
    const target = join(compatFolder, classicFile(name));
    await symlink(target, join(folder, name));
    process.stdout.write(`${join(folder, name)} -> ${target}\n`);
  }
  return 0;
}
