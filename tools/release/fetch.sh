#!/usr/bin/env bash
# Downloads a program of the list `toolchain`, refuses an archive with another digest, and unpacks it.
#
#   tools/release/fetch.sh NAME FILE
set -euo pipefail
die() { echo "fetch: $*; nothing was unpacked" >&2; exit 1; }

name=$1 file=$2
list=$(cd "$(dirname "$0")" && pwd)/toolchain
read -r _ digest member source < <(grep "^$name " "$list") || die "$list has no $name"
[[ $digest =~ ^[0-9a-f]{64}$ ]] ||
    die "$list has no digest of $name: fill it in with the command that its comment shows"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case $source in
    npm:*) archive=$(cd "$work" && npm pack --silent "${source#npm:}") || die "cannot get $source" ;;
    *) archive=archive.zip
        curl --proto '=https' --tlsv1.2 -fsSL -o "$work/$archive" "$source" || die "cannot get $source" ;;
esac
echo "$digest  $work/$archive" | sha256sum --check --status ||
    die "$source does not have the digest in $list"

mkdir -p "$(dirname "$file")"
case $archive in
    *.zip) unzip -p "$work/$archive" "$member" ;;
    *) tar -xOzf "$work/$archive" "$member" ;;
esac >"$file"
chmod 755 "$file"
