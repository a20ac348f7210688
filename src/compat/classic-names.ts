// The commands of heartbeat and ldirectord that are offered under their own names. npm never
// installs these: distributions own the names (`lubdub compat install` links them on demand).

export const classicNames = [
  'heartbeat',
  'ldirectord',
  'cl_respawn',
  'cl_status',
  'hb_addnode',
  'hb_delnode',
  'hb_standby',
  'hb_takeover',
] as const;

/** The file of this folder that a name stands for: what is executable in an npm package too. */
export const classicFile = (name: (typeof classicNames)[number]): string =>
  `${name.replace('_', '-')}.js`;
