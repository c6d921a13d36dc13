#!/bin/sh
# Installs lychd for this user: one file, checked against the release's checksums. No root.
#   LYCHD_BIN   where to put it (default: ~/.local/bin)
#   LYCHD_URL   where to get it
set -eu
url=${LYCHD_URL:-@URL@}
bin=${LYCHD_BIN:-$HOME/.local/bin}
file=lychd-$(uname -m | sed 's/^arm64$/aarch64/')

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
for name in SHA256SUMS "$file"; do
    curl -fsSL -o "$name" "$url/$name" || { echo "install: there is no $url/$name" >&2; exit 1; }
done
grep "  $file\$" SHA256SUMS | sha256sum -c --quiet - || {
    echo "install: $file is not the file of the release; nothing was installed" >&2
    exit 1
}
chmod 755 "$file"
mkdir -p "$bin"
mv "$file" "$bin/lychd"
"$bin/lychd" --version
case ":$PATH:" in *":$bin:"*) ;; *) echo "install: $bin is not in your PATH" >&2 ;; esac
