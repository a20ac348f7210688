// `lubdub config show`: what an ldirectord.cf means, names resolved and defaults filled in. It
// needs no rights beyond reading and no daemon; secrets are shown, as they stand in the file.

import { describeDiagnostics } from '../config/diagnostic.js';
import { configMeaning } from '../director/config-meaning.js';
import { loadDirectorFile } from '../runtime/load-files.js';

export interface ConfigShowOptions {
  readonly path: string;
  readonly write: (text: string) => void;
  readonly complain: (text: string) => void;
}

/** 0 shown, 2 the file has errors, 3 it cannot be read. Diagnostics go to standard error. */
export async function runConfigShow({ path, write, complain }: ConfigShowOptions): Promise<number> {
  const { config, diagnostics } = await loadDirectorFile(path, { files: 'exist', isShown: true });
  if (diagnostics.length > 0) complain(`${describeDiagnostics(diagnostics)}\n`);
  if (config === undefined) {
    return diagnostics.some((each) => each.code === 'cannot-read') ? 3 : 2;
  }
  write(`${JSON.stringify(configMeaning(config), undefined, 2)}\n`);
  return 0;
}
