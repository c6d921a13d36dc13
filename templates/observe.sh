#!/bin/sh
# Writes the states of lychd's units as Prometheus metrics to $RUNTIME_DIRECTORY/units.txt, and copies
# those of the front door to vessel.txt.
# Part of lychd; do not edit. lychd-observer.service runs it. Each line of stdin has a unit and the
# labels of its metrics.
set -eu

# The front door has no file any more after it has ended.
if cp "${RUNTIME_DIRECTORY%/*}/lychd-vessel/metrics.txt" "$RUNTIME_DIRECTORY/vessel.txt.new" 2>/dev/null; then
    mv "$RUNTIME_DIRECTORY/vessel.txt.new" "$RUNTIME_DIRECTORY/vessel.txt"
else
    rm -f "$RUNTIME_DIRECTORY/vessel.txt"
fi

units=$(cat)
# One call for all units.
# shellcheck disable=SC2046     # words
states=$(systemctl --user show --timestamp=unix --property=Id,ActiveState,SubState,NRestarts,Result,Job \
    --property=ActiveEnterTimestamp,InactiveEnterTimestamp,InactiveExitTimestamp,StateChangeTimestamp \
    -- $(printf '%s\n' "$units" | cut -d' ' -f1))

# The first paragraph is the list of units; each other paragraph has the properties of one unit.
printf '%s\n\n%s\n' "$units" "$states" | awk -v now="$(date +%s)" '
    BEGIN { RS = ""; FS = "\n" }
    NR == 1 {
        for (i = 1; i <= NF; i++) {
            name = $i
            sub(/ .*/, "", name)
            labels[name] = substr($i, length(name) + 2)
            missing[name]
        }
        next
    }
    {
        split("", is)
        for (i = 1; i <= NF; i++) {
            key = $i
            sub(/=.*/, "", key)
            is[key] = substr($i, length(key) + 2)
        }
        if (!(is["Id"] in labels)) next
        delete missing[is["Id"]]
        active[is["Id"]] = is["ActiveState"]
        if (is["Id"] ~ /\.target$/) {
            covens = covens "lychd_coven_active{" labels[is["Id"]] "} " (is["ActiveState"] == "active") "\n"
            # Changes with each activation; empty if there was none since the boot.
            if (sub(/^@/, "", is["ActiveEnterTimestamp"])) {
                activated = activated "lychd_coven_activated_timestamp_seconds{" labels[is["Id"]] "} " is["ActiveEnterTimestamp"] "\n"
            }
        } else {
            soulstone[is["Id"]] = labels[is["Id"]]
            add_soulstone(labels[is["Id"]])
        }
    }
    # A Soulstone that restarts after a crash is "failed" until it is ready again: an engine that
    # crashes repeatedly must not look as if it were starting. A stop without a request is the
    # cleanup after a crash, so it is "failed" too.
    function add_soulstone(of,    state, entered, names, n) {
        entered = is["InactiveEnterTimestamp"]
        if (is["ActiveState"] ~ /^(active|reloading|refreshing)$/) {
            state = "running"; entered = is["ActiveEnterTimestamp"]
        } else if (is["ActiveState"] == "activating" && is["SubState"] !~ /^auto-restart/ && is["NRestarts"] == 0) {
            state = "starting"; entered = is["InactiveExitTimestamp"]
        } else if (is["ActiveState"] == "deactivating" && is["Result"] !~ /^(success)?$/ && !is_stop_requested(is["Id"])) {
            state = "failed"; entered = is["StateChangeTimestamp"]
        } else if (is["ActiveState"] == "deactivating") {
            state = "stopping"; entered = is["StateChangeTimestamp"]
        } else if (is["ActiveState"] ~ /^(activating|failed)$/) {
            state = "failed"
        } else {
            state = "stopped"
        }
        n = split("running starting stopping stopped failed", names, " ")
        for (i = 1; i <= n; i++) {
            soulstones = soulstones "lychd_soulstone_state{" of ",state=\"" names[i] "\"} " (names[i] == state) "\n"
        }
        restarts = restarts "lychd_soulstone_restarts{" of "} " (is["NRestarts"] + 0) "\n"
        # Empty if the Soulstone was never started.
        if (sub(/^@/, "", entered)) {
            since = since "lychd_soulstone_state_since_timestamp_seconds{" of "} " entered "\n"
        }
    }
    # True if a job waits for the stop of a unit. During the cleanup after a crash, the job of a start
    # waits too.
    function is_stop_requested(unit,    command, jobs, lines, words, n, i) {
        if (!is["Job"]) return 0
        command = "systemctl --user list-jobs --plain --no-legend -- " unit
        command | getline jobs
        close(command)
        n = split(jobs, lines, "\n")
        for (i = 1; i <= n; i++) {
            split(lines[i], words, " ")
            if (words[2] == unit && words[3] ~ /^(stop|restart)$/) return 1
        }
        return 0
    }
    # True if a conflicting unit is active or starting. Only failed units are checked: running ones
    # have no active conflicts, and the lists are long.
    function is_replaced(unit,    command, conflicts, names, n, i) {
        if (active[unit] != "failed") return 0
        command = "systemctl --user show --property=Conflicts --value -- " unit
        command | getline conflicts
        close(command)
        n = split(conflicts, names, " ")
        for (i = 1; i <= n; i++) if (active[names[i]] ~ /^(active|activating|reloading|refreshing)$/) return 1
        return 0
    }
    function print_metric(name, help, samples) {
        printf "# HELP %s %s\n# TYPE %s gauge\n%s", name, help, name, samples
    }
    END {
        for (name in missing) {
            print "systemd returned no state of " name >"/dev/stderr"
            failed = 1
        }
        if (failed) exit 1
        for (unit in soulstone) {
            replaced = replaced "lychd_soulstone_replaced{" soulstone[unit] "} " is_replaced(unit) "\n"
        }
        print_metric("lychd_soulstone_state", "1 if the service of a Soulstone is in this state.", soulstones)
        print_metric("lychd_soulstone_restarts", "Automatic restarts of a Soulstone since its last start.", restarts)
        print_metric("lychd_soulstone_replaced", "1 if a Soulstone has failed and a conflicting unit is active or starting.", replaced)
        print_metric("lychd_soulstone_state_since_timestamp_seconds", "Time of the last change of state of a Soulstone.", since)
        print_metric("lychd_coven_active", "1 if the target of a Coven is active.", covens)
        print_metric("lychd_coven_activated_timestamp_seconds", "Time of the last activation of the target of a Coven.", activated)
        print_metric("lychd_observed_timestamp_seconds", "Time at which this file was written.", "lychd_observed_timestamp_seconds " now "\n")
    }
' >"$RUNTIME_DIRECTORY/units.txt.new"

# Readers see the whole new file or the whole old one.
mv "$RUNTIME_DIRECTORY/units.txt.new" "$RUNTIME_DIRECTORY/units.txt"
