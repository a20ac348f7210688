// Loading the native module: once, and with a plain word when it is missing.

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { openSys } from '#src/kernel/sys.js';

test('a call gives its result, or minus the error number', () => {
  const sys = openSys();
  assert.ok(sys.ok);
  const EBADF = 9;
  const ENODEV = 19;
  assert.equal(sys.value.close(-1), -EBADF);
  assert.equal(sys.value.ifNameToIndex('no-such-if'), -ENODEV);
  assert.equal(sys.value.ifNameToIndex('lo'), 1);
  assert.equal(openSys(), sys);
});

test('without the package the failure says what to install', async () => {
  // A copy of the program in a place where no packages are.
  const folder = mkdtempSync(join(tmpdir(), 'lubdub-sys-'));
  try {
    const built = fileURLToPath(new URL('../../../', import.meta.url));
    for (const part of ['base', 'kernel', 'wire']) {
      cpSync(join(built, part), join(folder, part), { recursive: true });
    }
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    // The copy has the type of what it is a copy of.
    const copy: { openSys: typeof openSys } = await import(
      pathToFileURL(join(folder, 'kernel/sys.js')).href
    );
    const sys = copy.openSys();
    assert.equal(sys.ok ? '' : sys.code, 'unsupported');
    assert.match(sys.ok ? '' : sys.detail, /install the package koffi .*@koromix\/koffi-linux-/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
