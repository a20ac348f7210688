// The helpers that heartbeat keeps in /usr/share/heartbeat for its scripts, and the files of compat
// that stand for them. The daemon links them below its run directory, where HA_NOARCHBIN
// tells scripts to look.

export const scriptHelpers: Readonly<Record<string, string>> = {
  ResourceManager: 'resource-manager.js',
  mach_down: 'mach-down.js',
  req_resource: 'req-resource.js',
  hb_standby: 'hb-standby.js',
  hb_takeover: 'hb-takeover.js',
};
