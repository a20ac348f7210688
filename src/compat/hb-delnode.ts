#!/usr/bin/env node
// The classic command hb_delnode.

import { runMembersCommand } from './hb-members.js';

process.exitCode = await runMembersCommand('delnode', process.argv.slice(2));
