#!/usr/bin/env node
// The classic command `ldirectord`, with the original's arguments and exit codes.

import { runLdirectordCommand } from '../ldirectord/ldirectord-command.js';

process.exitCode = await runLdirectordCommand(process.argv.slice(2), process.env);
