// The last step of the build: the classic names, without a suffix as their users type them, and
// the executable bits. A link rather than a file of that name, because Node.js tells a module's
// kind by the suffix of the real file.

import { chmodSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { scriptHelpers } from '../heartbeat/script-helpers.js';
import { classicFile, classicNames } from './classic-names.js';

const folder = import.meta.dirname ?? new URL('.', import.meta.url).pathname;

for (const name of classicNames) {
  const target = classicFile(name);
  chmodSync(join(folder, target), 0o755);
  rmSync(join(folder, name), { force: true });
  symlinkSync(target, join(folder, name));
}
for (const file of Object.values(scriptHelpers)) chmodSync(join(folder, file), 0o755);
chmodSync(join(folder, '../bin/lubdub.js'), 0o755);
