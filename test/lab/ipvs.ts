// Decides where a lab that needs IPVS can run: on this kernel, or in the emulated machine.

import { existsSync } from 'node:fs';
import { boundToUs, Program, run } from './process.js';
import { runInVm, type VmOptions } from './vm.js';

export type Where = 'host' | 'vm';

/** Where this process itself runs. */
export const here: Where = process.env.LUBDUB_LAB_WHERE === 'vm' ? 'vm' : 'host';

export const isRoot: boolean = process.getuid?.() === 0;

/** True when this kernel has IPVS and we may use it; loads the module where that is allowed. */
export async function hasIpvs(): Promise<boolean> {
  if (!isRoot) return false;
  if (!existsSync('/proc/net/ip_vs')) await run(['modprobe', '-aq', 'ip_vs'], { anyCode: true });
  return existsSync('/proc/net/ip_vs');
}

export interface Ran {
  readonly where: Where;
  readonly code: number;
}

/** Runs a command where IPVS is, its output line by line to `onLine`. */
export async function runWherePossible(
  argv: readonly string[],
  options: VmOptions & { readonly onLine: (line: string) => void },
): Promise<Ran> {
  if (await hasIpvs()) {
    const program = new Program(boundToUs(argv), process.env, options.onLine);
    return { where: 'host', code: await program.ended };
  }
  return { where: 'vm', code: (await runInVm(argv, options)).code };
}
