#!/usr/bin/env node
// mach_down NODE, which heartbeat's rc.d/status calls when a node is dead, to take its groups. The
// daemon has done that by the time a script hears of the death, so nothing is left to do; a script
// that somebody changed, and that calls this among other things, goes on working.

process.exitCode = 0;
