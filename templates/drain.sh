#!/bin/sh
# Waits until the front door has no request under way at a Soulstone that is about to stop.
# Part of lychd; do not edit. `ExecStop=` of each Soulstone runs it before Podman stops the container.
#
# The front door keeps a file lease-NAME in its runtime folder while it may send requests. stop-NAME asks
# it to finish them. systemd removes the folder when the front door ends, so nothing waits for a dead one.

name=$1
folder=$XDG_RUNTIME_DIR/lychd-vessel
lease=$folder/lease-$name
left=40

# Without a main process the engine has crashed, and there is nothing to finish.
[ -n "$MAINPID" ] && [ -e "$lease" ] || exit 0
is_shutdown() { [ "$(systemctl --user is-system-running)" = stopping ]; }
is_shutdown && exit 0

: >"$folder/stop-$name" || exit 0
ticks=0
while [ -e "$lease" ]; do
    sleep 0.05
    ticks=$((ticks + 1))
    [ $((ticks % 20)) -eq 0 ] || continue
    left=$((left - 1))
    [ "$left" -gt 0 ] && ! is_shutdown || break
done
rm -f "$folder/stop-$name"
