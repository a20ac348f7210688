// The real machine of the director: files, the kernel's table, checks on the network, the clock.

import { failure, type Result } from '../base/result.js';
import { watchKernel } from '../kernel/events.js';
import { type IpvsTable, openIpvsTable } from '../kernel/ipvs.js';
import { createCheckRunner } from '../runtime/checks/run-check.js';
import { readNow } from '../runtime/clock.js';
import { loadDirectorFile } from '../runtime/load-files.js';
import type { DirectorMachine } from './director-machine.js';

function openTable(): Result<IpvsTable, string> {
  const table = openIpvsTable();
  return table.ok ? table : failure(table.code, table.detail);
}

export const realMachine: DirectorMachine = {
  loadConfig: loadDirectorFile,
  openTable,
  createCheckRunner,
  watchKernel: (listener) => watchKernel(listener),
  readNow,
};
