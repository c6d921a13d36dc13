#!/bin/sh
# Installs lychd for this user: one file, checked against the checksums of the release and, if gh is
# logged in, against GitHub's attestation of who made it. No root.
#   LYCHD_BIN   where to put it (default: ~/.local/bin)
#   LYCHD_URL   where to get it: an https URL, or a folder of this host
set -eu
die() { echo "install: $*; nothing was installed" >&2; exit 1; }

release=@URL@
url=${LYCHD_URL:-$release}
bin=${LYCHD_BIN:-$HOME/.local/bin}
case $bin in /*) ;; *) bin=$PWD/$bin ;; esac
case "$(uname -sm)" in
    "Linux x86_64" | "Linux aarch64") file=lychd-$(uname -m) ;;
    *) die "lychd needs Linux on x86_64 or aarch64; this is $(uname -sm)" ;;
esac
for tool in curl sha256sum; do
    command -v "$tool" >/dev/null || die "$tool is missing: install curl and coreutils"
done
[ ! -d "$bin/lychd" ] || die "$bin/lychd is a folder: move it away, or set LYCHD_BIN"

mkdir -p "$bin"
# Download into the target folder, so that the final move is atomic.
work=$(mktemp -d "$bin/.lychd-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
cd "$work"
for name in SHA256SUMS "$file"; do
    case $url in
        /*) cp "$url/$name" "$name" ;;
        *) curl --proto '=https' --tlsv1.2 -fsSL -o "$name" "$url/$name" ;;
    esac || die "cannot get $url/$name"
done
grep "  $file\$" SHA256SUMS | sha256sum -c --quiet - || die "the checksum of $file does not match the release"
case $release in
    https://github.com/*/*/releases/*)
        repository=$(echo "$release" | cut -d / -f 4,5)
        maker="--repo $repository --signer-workflow $repository/.github/workflows/release.yml"
        # Older versions of gh have no such command.
        if gh attestation verify --help >/dev/null 2>&1 && gh auth token >/dev/null 2>&1; then
            # shellcheck disable=SC2086 # These are several words.
            gh attestation verify "$file" $maker >&2 || die "gh cannot verify that $repository made $file"
        else
            echo "install: gh is missing or not logged in; to verify later: gh attestation verify $bin/lychd $maker" >&2
        fi ;;
esac
chmod 755 "$file"
version=$(./"$file" --version) || die "$file does not run on this machine"
mv "$file" "$bin/lychd"
echo "installed lychd $version in $bin"
case ":$PATH:" in *":$bin:"*) ;; *) echo "install: $bin is not in your PATH" >&2 ;; esac
