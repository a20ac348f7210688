#!/usr/bin/env node
// The classic command hb_addnode.

import { runMembersCommand } from './hb-members.js';

process.exitCode = await runMembersCommand('addnode', process.argv.slice(2));
