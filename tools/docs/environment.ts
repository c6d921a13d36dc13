/** The files and variables of lychd, for the manual page and the page of commands. */

export const FILES: readonly [string, string][] = [
  ["~/.config/lychd/lychd.toml", "Settings of the whole host. Optional."],
  ["~/.config/lychd/soulstones/**/*.toml", "The Soulstones."],
  ["~/.config/containers/systemd/lychd/", "The units that lychd writes, and its receipt."],
  ["~/.config/systemd/user/lychd-coven-*.target", "One target for each Coven."],
];

export const ENVIRONMENT: readonly [string, string][] = [
  ["LYCHD_CODEX", "The Codex folder, if --codex is not given."],
  ["XDG_CONFIG_HOME", "The folder for configuration, instead of ~/.config."],
  ["XDG_RUNTIME_DIR", "The runtime folder of the user session; lychd verifies units in it."],
  ["NO_COLOR, FORCE_COLOR", "Never or always print colors. By default only on a terminal."],
];
