// The sub-commands of `lubdub` about real servers: names, options, examples; each is loaded when it
// is called.

import { type Command, Option } from 'commander';

const EXIT_DONE = 'Exit status: 0 done, 1 refused or not in time, 3 no director can be reached.';

const write = (text: string): void => void process.stdout.write(text);
const complain = (text: string): void => void process.stderr.write(`lubdub: ${text}\n`);

const runDirOption = (): Option =>
  new Option('--run-dir <dir>', 'folder of sockets and pid files')
    .env('LUBDUB_RUN_DIR')
    .default('/run/lubdub');

interface WordOptions {
  readonly service?: string;
  readonly timeout?: string;
  readonly reason?: string;
  readonly config?: string;
  readonly wait?: boolean;
  readonly runDir: string;
}

const SAYS = {
  drain: 'give a real server no new connections, and take it out when the old ones have gone',
  disable: 'take a real server out of the table at once',
  enable: 'let health alone decide on a real server again',
  weight: 'give a real server another weight than its file says',
} as const;

const EXAMPLES = {
  drain: `  lubdub drain 10.0.0.2 --wait --reason "new kernel"
  lubdub drain 10.0.0.2:80 --service 192.0.2.1:80 --timeout 30m`,
  disable: '  lubdub disable 10.0.0.2 --reason "disk is failing"',
  enable: `  lubdub enable 10.0.0.2
  lubdub enable 10.0.0.2:80 --service 192.0.2.1:80`,
  weight: `  lubdub weight 10.0.0.2 10
  lubdub weight 10.0.0.2:80 0 --reason "load test"`,
} as const;

function addWord(program: Command, state: keyof typeof SAYS): void {
  const command = program
    .command(state)
    .description(SAYS[state])
    .argument('<server>', 'ADDRESS for all its ports, ADDRESS:PORT, or a name');
  if (state === 'weight') command.argument('<n>', '0 to 65535; 0 is no new connections');
  command
    .option('--service <service>', 'in this virtual service alone: its address and port, or name')
    .option('--reason <text>', 'shown in status and log')
    .option('--config <name>', 'the configuration; default: all directors that run here');
  if (state === 'drain') {
    command
      .option('--timeout <time>', 'take it out after this, whatever is left: 90s, 30m, 2h')
      .option('--wait', 'wait until its connections have gone, and show how many are left');
  }
  command
    .addOption(runDirOption())
    .addHelpText('after', `\nExamples:\n${EXAMPLES[state]}\n\n${EXIT_DONE}`)
    .action(async (server: string, ...rest: readonly unknown[]) => {
      // commander gives the arguments, then the options, then the command.
      const weight = state === 'weight' ? String(rest[0]) : undefined;
      const options = command.opts<WordOptions>();
      const { runAdminister } = await import('./administer-command.js');
      const exitCode = await runAdminister({ ...options, state, server, weight, write, complain });
      process.exitCode = exitCode;
    });
}

function addDiff(program: Command): void {
  program
    .command('diff')
    .description("compare the kernel's table with the one that is wanted, as ipvsadm lines")
    .argument('[config]', 'an ldirectord.cf; default: all directors that run here')
    .addOption(runDirOption())
    .addHelpText(
      'after',
      `
Lines with - are in the kernel and should not be, lines with + should be and are not. The running
director repairs its services once in a check interval; a difference that stays was refused.

Examples:
  lubdub diff
  lubdub diff ldirectord.cf || lubdub status

Exit status: 0 equal, 1 different, 2 it cannot be told.`,
    )
    .action(async (config: string | undefined, { runDir }: { readonly runDir: string }) => {
      const { runDiff } = await import('./diff-command.js');
      process.exitCode = await runDiff({ config, runDir, write, complain });
    });
}

function addPreflight(program: Command): void {
  program
    .command('preflight')
    .description('say whether this director could take over now')
    .argument('[config]', 'an ldirectord.cf')
    .option('--json', 'as one JSON object (schema lubdub/preflight/v1)')
    .option('--config-dir <dir>', 'folder of the configuration', '/etc/ha.d')
    .addOption(runDirOption())
    .addHelpText(
      'after',
      `
Looks at kernel modules, sysctls, interfaces for the VIPs, the director and its checks, and whether
the other director has the same configuration. Each line is ok, warn or bad, with what to type.

Examples:
  lubdub preflight
  lubdub preflight ldirectord.cf --json | jq '.findings[] | select(.level == "bad")'

Exit status: 0 it could, 1 it could not.`,
    )
    .action(async (config: string | undefined, options: PreflightWords) => {
      const { runPreflight } = await import('./preflight-command.js');
      const json = options.json === true;
      process.exitCode = await runPreflight({ ...options, config, json, write, complain });
    });
}

interface PreflightWords {
  readonly json?: boolean;
  readonly configDir: string;
  readonly runDir: string;
}

interface RealServerWords {
  readonly method?: string;
  readonly variant?: string;
  readonly gateway?: string;
  readonly config?: string;
  readonly configDir: string;
}

function addRealServer(program: Command): void {
  const group = program.command('realserver').description('set up and judge real servers');
  group
    .command('print')
    .description('print the commands that a Linux real server needs')
    .argument('<address>', 'of the real server, as in ldirectord.cf')
    .option('--method <method>', 'nat, dr or tun; default: as ldirectord.cf forwards to it')
    .option('--variant <variant>', 'of dr: arp, arptables or redirect', 'arp')
    .option('--gateway <address>', "of nat: the director's address on that network")
    .option('--config <name>', 'an ldirectord.cf')
    .option('--config-dir <dir>', 'folder of the configuration', '/etc/ha.d')
    .addHelpText(
      'after',
      `
Examples:
  lubdub realserver print 10.0.0.2 --method dr
  lubdub realserver print 10.0.0.2 --method dr --variant redirect
  lubdub realserver print 10.0.0.2 --method nat --gateway 10.0.0.1 | ssh 10.0.0.2 sh -e

Exit status: 0 printed, 2 there is nothing to print.`,
    )
    .action(async (server: string, words: RealServerWords) => {
      const { runRealServerPrint } = await import('./real-server-command.js');
      const { method, variant, gateway, config, configDir } = words;
      const more = { server, method, variant, gateway, config, configDir };
      process.exitCode = await runRealServerPrint({ ...more, write, complain });
    });
  group
    .command('verify')
    .description('ask by ARP who answers for each VIP, and name a real server that does')
    .option('--config <name>', 'an ldirectord.cf')
    .option('--config-dir <dir>', 'folder of the configuration', '/etc/ha.d')
    .addHelpText(
      'after',
      `
Examples:
  lubdub realserver verify
  lubdub realserver verify --config ldirectord.cf

Exit status: 0 the right one answers, 1 a wrong one does, 2 it cannot be asked.`,
    )
    .action(async ({ config, configDir }: RealServerWords) => {
      const { runRealServerVerify } = await import('./real-server-command.js');
      process.exitCode = await runRealServerVerify({ config, configDir, write, complain });
    });
}

export function addDirectorCommands(program: Command): void {
  addRealServer(program);
  addPreflight(program);
  addDiff(program);
  for (const state of ['drain', 'disable', 'enable', 'weight'] as const) addWord(program, state);
}
