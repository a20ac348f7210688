// Takes the services of an ldirectord.cf out of the kernel's table when no checker is left that
// could do it: after a checker and a daemon were killed together. Services with cleanstop=no stay,
// as they would at an orderly stop; what is not in the file is not ours.

import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { failure, ok, type Result } from '../base/result.js';
import { openIpvsTable } from '../kernel/ipvs.js';
import { loadDirectorFile } from '../runtime/load-files.js';
import { type IpvsRequest, ipvsKeyText } from '../wire/ipvs-table.js';

/** As ldirectord looks for its file: below the configuration folder, below its `conf`, as given. */
async function findFile(configDir: string, config: string): Promise<string> {
  for (const path of [join(configDir, config), join(configDir, 'conf', config)]) {
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return config;
}

/** The number of services taken out; a kernel without IPVS has none. */
export async function withdrawTable(
  configDir: string,
  config: string,
): Promise<Result<number, 'bad-configuration' | 'refused'>> {
  const table = openIpvsTable();
  if (!table.ok) return table.code === 'no-ipvs' ? ok(0) : failure('refused', table.detail);
  try {
    const observed = table.value.read();
    if (!observed.ok) return failure('refused', observed.detail);
    if (observed.value.length === 0) return ok(0);
    const loaded = await loadDirectorFile(await findFile(configDir, config));
    if (loaded.config === undefined) return failure('bad-configuration', `${config} is not valid`);
    const ours = new Set(
      loaded.config.virtuals
        .filter((virtual) => virtual.isCleanStop)
        .map((virtual) => ipvsKeyText(virtual.key)),
    );
    const requests = observed.value
      .filter((service) => ours.has(ipvsKeyText(service.key)))
      .map((service): IpvsRequest => ({ kind: 'delete-service', key: service.key }));
    const outcomes = table.value.apply(requests);
    if (!outcomes.ok) return failure('refused', outcomes.detail);
    const refused = outcomes.value.find((outcome) => outcome.errno !== 0);
    return refused === undefined ? ok(requests.length) : failure('refused', refused.reason);
  } finally {
    table.value.close();
  }
}
