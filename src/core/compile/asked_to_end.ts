/**
 * The `ExecStopPost=` of every container: what was asked to end has not failed, however it ended. That
 * somebody asked is seen by the job that still waits for it; what ended well is not looked at. Why here
 * and not in who reads the states: docs/adr/0014.
 *
 * Source: systemd.exec(5) for `$SERVICE_RESULT`; that a result can be cleared before the state is
 * decided on was seen with systemd 257 and 262.
 */
export const ASKED_TO_END = '-/bin/sh -c "test $$SERVICE_RESULT = success || ' +
  "! systemctl --user list-jobs --plain --no-legend %n | grep -q ' stop ' || " +
  'systemctl --user reset-failed %n"';
