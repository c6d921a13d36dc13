#!/bin/sh
# Waits until the Vessel (the front door) has no request under way at the engine that is about to stop.
# Part of lychd; do not edit. ExecStop= of each Soulstone runs it with the name of the Soulstone, before
# Podman stops the container.
#
# lease-NAME exists while the Vessel may send requests. stop-NAME asks it to finish those under way and
# to remove the lease. systemd removes the whole folder when the Vessel ends, so nothing waits then.
name=$1
folder=$XDG_RUNTIME_DIR/lychd-vessel
lease=$folder/lease-$name

# A shutdown waits for no request. At its end systemd does not answer any more.
is_shutdown() {
    case $(systemctl --user is-system-running 2>/dev/null) in
        initializing | starting | running | degraded | maintenance) return 1 ;;
    esac
}

# Without a main process the engine has ended by itself: there is nothing to finish.
[ -n "$MAINPID" ] && [ -e "$lease" ] && ! is_shutdown || exit 0

: >"$folder/stop-$name" || exit 0
tick=0
while [ -e "$lease" ] && [ "$tick" -lt 400 ]; do
    sleep 0.1
    tick=$((tick + 1))
    [ $((tick % 10)) -ne 0 ] || ! is_shutdown || break
done
rm -f "$folder/stop-$name"
