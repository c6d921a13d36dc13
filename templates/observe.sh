#!/bin/sh
# Writes down the states of lychd's units as Prometheus metrics: $RUNTIME_DIRECTORY/units.txt.
# Made by lychd. lychd-observer.service runs it and says on stdin which units there are: on each line
# a unit and the labels of its metrics.
set -eu

units=$(cat)
# One question for all of them.
# shellcheck disable=SC2046     # words
states=$(systemctl --user show --timestamp=unix --property=Id,ActiveState,SubState,NRestarts,Result,Job \
    --property=ActiveEnterTimestamp,InactiveEnterTimestamp,InactiveExitTimestamp,StateChangeTimestamp \
    -- $(printf '%s\n' "$units" | cut -d' ' -f1))

# The first paragraph is the list of units, each further one is what systemd says of a unit.
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
            # Another time for each activation; none where there was none since the boot.
            if (sub(/^@/, "", is["ActiveEnterTimestamp"])) {
                activated = activated "lychd_coven_activated_timestamp_seconds{" labels[is["Id"]] "} " is["ActiveEnterTimestamp"] "\n"
            }
        } else {
            soulstone[is["Id"]] = labels[is["Id"]]
            tell_soulstone(labels[is["Id"]])
        }
    }
    # "failed" is also what restarts after a crash and has not been ready since: an engine that
    # crashes again and again must not look as if it were about to come. Nor does one stop whose end
    # nobody asked for: what a crash left behind is being cleared up.
    function tell_soulstone(of,    state, entered, names, n) {
        entered = is["InactiveEnterTimestamp"]
        if (is["ActiveState"] ~ /^(active|reloading|refreshing)$/) {
            state = "running"; entered = is["ActiveEnterTimestamp"]
        } else if (is["ActiveState"] == "activating" && is["SubState"] !~ /^auto-restart/ && is["NRestarts"] == 0) {
            state = "starting"; entered = is["InactiveExitTimestamp"]
        } else if (is["ActiveState"] == "deactivating" && is["Result"] !~ /^(success)?$/ && !is_asked_to_end(is["Id"])) {
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
        # None that was never started.
        if (sub(/^@/, "", entered)) {
            since = since "lychd_soulstone_state_since_timestamp_seconds{" of "} " entered "\n"
        }
    }
    # Whether a job waits for the end of a unit. The job of its start waits too while what a crash
    # left behind is cleared up.
    function is_asked_to_end(unit,    command, jobs, lines, words, n, i) {
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
    # Whether something is up, or about to be, that cannot run beside a unit. Only who has failed is
    # asked for: who runs is alone, and the answers are long.
    function is_replaced(unit,    command, conflicts, names, n, i) {
        if (active[unit] != "failed") return 0
        command = "systemctl --user show --property=Conflicts --value -- " unit
        command | getline conflicts
        close(command)
        n = split(conflicts, names, " ")
        for (i = 1; i <= n; i++) if (active[names[i]] ~ /^(active|activating|reloading|refreshing)$/) return 1
        return 0
    }
    function tell(name, means, samples) {
        printf "# HELP %s %s\n# TYPE %s gauge\n%s", name, means, name, samples
    }
    END {
        for (name in missing) {
            print "systemd tells nothing of " name >"/dev/stderr"
            failed = 1
        }
        if (failed) exit 1
        for (unit in soulstone) {
            replaced = replaced "lychd_soulstone_replaced{" soulstone[unit] "} " is_replaced(unit) "\n"
        }
        tell("lychd_soulstone_state", "Whether a Soulstone is in this state, by what systemd says of its service.", soulstones)
        tell("lychd_soulstone_restarts", "How often systemd restarted a Soulstone since somebody started it.", restarts)
        tell("lychd_soulstone_replaced", "Whether a Soulstone has failed, and something runs that cannot run beside it.", replaced)
        tell("lychd_soulstone_state_since_timestamp_seconds", "When a Soulstone came into its state.", since)
        tell("lychd_coven_active", "Whether the target of a Coven is active.", covens)
        tell("lychd_coven_activated_timestamp_seconds", "When the target of a Coven last became active.", activated)
        tell("lychd_observed_timestamp_seconds", "When this was written.", "lychd_observed_timestamp_seconds " now "\n")
    }
' >"$RUNTIME_DIRECTORY/units.txt.new"

# Who reads it sees all of it, or what was there before.
mv "$RUNTIME_DIRECTORY/units.txt.new" "$RUNTIME_DIRECTORY/units.txt"
