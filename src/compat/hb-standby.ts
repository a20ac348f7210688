#!/usr/bin/env node
// The classic command hb_standby.

import { runClassicMove } from './hb-move.js';

process.exitCode = await runClassicMove('standby', process.argv.slice(2));
