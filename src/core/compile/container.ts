/** The directives that the containers of Soulstones and Watchers share. */
import { directive, type Section } from "../rune/mod.ts";

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
export const CLEAR_REQUESTED_STOP: Section = {
  ExecStopPost: directive(
    '-/bin/sh -c "test $$SERVICE_RESULT = success || ' +
      "! systemctl --user list-jobs --plain --no-legend %n | grep -q ' stop ' || " +
      'systemctl --user reset-failed %n"',
  ),
};

/** The comment on {@linkcode CLEAR_REQUESTED_STOP}. */
export const STOP_COMMENT = {
  "Service.ExecStopPost": ["A requested stop is not a failure, even if the container was killed."],
};

/** Seconds that systemd gives Podman to clean up after a container has stopped. */
export const STOP_GRACE_SECONDS = 30;
