#!/usr/bin/env node
// req_resource KEY: asks the daemon for a group, unless its first resource runs here already.

import { writeFile } from 'node:fs/promises';
import { fifoPath } from '../heartbeat/paths.js';
import { openGroups } from './resource-groups.js';

const key = process.argv[2];
if (key === undefined) {
  process.stderr.write('usage: req_resource KEY\n');
  process.exitCode = 1;
} else {
  const groups = await openGroups();
  if ((await groups.isRunning(key)) !== true) {
    const fields = [`t=ip-request-resp`, `dest=${groups.localNode}`, `ipaddr=${key}`];
    const frame = ['>>>', ...fields, 'weown=yes', 'ok=OK', '<<<', ''].join('\n');
    const fifo = process.env.HA_FIFO ?? fifoPath(groups.stateDir);
    // Appended, and only to what is there: without a daemon there is no FIFO to read it.
    await writeFile(fifo, frame, { flag: 'a' });
  }
  groups.close();
}
