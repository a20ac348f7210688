#!/usr/bin/env node
// The classic command hb_takeover.

import { runClassicMove } from './hb-move.js';

process.exitCode = await runClassicMove('takeover', process.argv.slice(2));
