/** The directives that the containers of Soulstones and Watchers share. */
import { directive, type Section } from "../rune/mod.ts";
import type { Passing } from "./passthrough.ts";

/** The restart policy: five seconds after a crash, then at growing intervals of up to five minutes. */
export const RESTART: Section = {
  Restart: directive("on-failure"),
  RestartSec: directive(5),
  RestartSteps: directive(6),
  RestartMaxDelaySec: directive(300),
};

/**
 * Clears the failure of a container that was stopped on request, whatever its exit status. The stop job
 * still waits while this command runs. See docs/adr/0014 for the reasons.
 *
 * Source: systemd.exec(5) for `$SERVICE_RESULT`. systemd 257 and 262 apply a cleared result before they
 * set the state of the unit.
 */
export const CLEAR_REQUESTED_STOP = {
  ExecStopPost: directive(
    '-/bin/sh -c "test $$SERVICE_RESULT = success || ' +
      "! systemctl --user list-jobs --plain --no-legend %n | grep -q ' stop ' || " +
      'systemctl --user reset-failed %n"',
  ),
} satisfies Section;

/** The comment on {@linkcode QUIET}. */
export const QUIET_COMMENT = {
  "Service.StandardOutput": ["Podman prints only ids here."],
};

/** The comments on the directives that the containers share. */
export const CONTAINER_COMMENTS = {
  ...QUIET_COMMENT,
  "Service.ExecStopPost": ["A requested stop is not a failure, even if the container was killed."],
};

/**
 * Keeps the ids that Podman prints out of the journal, but not its errors. A container writes to the
 * journal by itself, unless its log driver passes its output through Podman.
 */
export function outputOf(quadlet: Passing["quadlet"]): Section {
  const driver = quadlet["Container"]?.["LogDriver"];
  if (typeof driver === "string" && driver.startsWith("passthrough")) return {};
  return QUIET;
}

/** The output of a service without a container. */
export const QUIET: Section = {
  StandardOutput: directive("null"),
  // The default is where StandardOutput= goes.
  StandardError: directive("journal"),
};

/** Seconds that systemd gives Podman to clean up after a container has stopped. */
export const STOP_GRACE_SECONDS = 30;
