/**
 * Tests of full disks and read-only folders, in a separate mount namespace: lychd reports the reason
 * and keeps or restores the previous state.
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import {
  BINARY,
  binaryTest,
  exampleCodex,
  Home,
  missingProgram,
  missingRoot,
  WITHOUT_SYSTEMD,
} from "./binary.ts";

const MISSING = missingRoot() ?? missingProgram("unshare") ?? missingProgram("mount") ??
  cannotUnshare();
const NO_SPACE = /^lychd: \S+: no space left on the device; nothing was changed\n$/;
const READ_ONLY = /^lychd: \S+: the file system is read-only; nothing was changed\n$/;

/** The result of a run. `state` has a line for each file of the home: mode, path, digest. */
interface Step {
  readonly label: string;
  readonly code: number;
  readonly stderr: string;
  readonly state: string;
}

/**
 * Runs a script in a separate mount namespace. In it, `try LABEL ARGS…` runs lychd and records its
 * stderr and the files of the home, except the lock and the notes of restarts.
 */
async function steps(home: Home, script: string): Promise<Step[]> {
  const prelude = `set -eu
export HOME=${home.dir}/full
mkdir -p "$HOME"
state() { (cd "$HOME" && find . -type f ! -name .lychd-lock ! -name '.lychd-notes*' ! -name filler \\
  -printf '%m %p ' -exec sha256sum {} \\; | sort | sed 's/ *$//' | base64 -w0); }
try() { label=$1; shift
  set +e; stderr=$("${BINARY}" "$@" ${WITHOUT_SYSTEMD.join(" ")} 2>&1 >/dev/null); code=$?; set -e
  echo "$label|$code|$(printf '%s\\n' "$stderr" | base64 -w0)|$(state)"; }
note() { echo "$1|0||$(state)"; }
A="render --codex ${home.dir}/a"; B="render --codex ${home.dir}/b"
`;
  const result = await home.run(["-m", "sh", "-c", prelude + script], "unshare");
  strictEqual(result.code, 0, result.stderr);
  return result.stdout.trim().split("\n").map((line) => {
    const [label = "", code, text = "", state = ""] = line.split("|");
    return { label, code: Number(code), stderr: atob(text), state: atob(state) };
  });
}

function newHome(): Home {
  const home = new Home();
  home.codex("a", exampleCodex("a"));
  home.codex("b", exampleCodex("b"));
  return home;
}

binaryTest("a render on a disk that fills up keeps the previous state", async () => {
  await using home = newHome();
  const all = await steps(
    home,
    `mount -t tmpfs -o size=4m tmpfs "$HOME"
try first $A; try second $B; try third $A
for free in $(seq 0 12 180); do
  : > "$HOME/filler"; dd if=/dev/zero of="$HOME/filler" bs=4k 2>/dev/null || true
  truncate -s -$((free * 4096)) "$HOME/filler"
  try $free $B
  rm "$HOME/filler"
  try back $A
done`,
  );
  checkRefusals(all, NO_SPACE);
}, MISSING);

binaryTest("a render on a disk without free inodes keeps the previous state", async () => {
  await using home = newHome();
  const all = await steps(
    home,
    `mount -t tmpfs -o size=4m,nr_inodes=80 tmpfs "$HOME"
try first $A; try second $B; try third $A
for free in $(seq 0 20); do
  n=0; mkdir "$HOME/.filler"; while ( : > "$HOME/.filler/$n" ) 2>/dev/null; do n=$((n + 1)); done
  i=0; while [ $i -lt $free ]; do i=$((i + 1)); rm "$HOME/.filler/$((n - i))"; done
  try $free $B
  rm -r "$HOME/.filler"
  try back $A
done`,
  );
  checkRefusals(all.map((step) => ({ ...step, state: withoutFiller(step.state) })), NO_SPACE);
}, MISSING);

binaryTest("a first render on a disk that is too small leaves nothing", async () => {
  await using home = newHome();
  const all = await steps(
    home,
    `for size in 4 8 16 32 64 128 192 256 320 384 448 1024; do
  mount -t tmpfs -o size=\${size}k tmpfs "$HOME"
  try $size $A
  umount "$HOME"
done`,
  );
  const last = all.at(-1);
  strictEqual(last?.code, 0, last?.stderr);
  strictEqual(all[0]?.code, 1);
  for (const { label, code, stderr, state } of all) {
    if (code === 0) strictEqual(state, last.state, label);
    else {
      strictEqual(code, 1, label);
      match(stderr, NO_SPACE, label);
      strictEqual(state, "", label);
    }
  }
}, MISSING);

binaryTest("a purge needs no space on the disk", async () => {
  await using home = newHome();
  const all = await steps(
    home,
    `for size in 4m 4m,nr_inodes=80; do
  mount -t tmpfs -o size=$size tmpfs "$HOME"
  try render $A; try render $B
  : > "$HOME/filler"; dd if=/dev/zero of="$HOME/filler" bs=4k 2>/dev/null || true
  n=0; while [ $n -lt 80 ] && ( : > "$HOME/filler.$n" ) 2>/dev/null; do n=$((n + 1)); done
  try purge purge --yes
  rm "$HOME"/filler*
  note purged
  umount "$HOME"
done`,
  );
  for (const { label, code, stderr, state } of all) {
    strictEqual(code, 0, stderr);
    if (label === "purged") strictEqual(state, "");
  }
  strictEqual(all.length, 8);
}, MISSING);

binaryTest("a read-only folder is reported, and the previous state is kept", async () => {
  await using home = newHome();
  const all = await steps(
    home,
    `try first $A; try second $B; try third $A
for folder in containers/systemd/lychd systemd/user systemd/user/default.target.d . ; do
  place="$HOME/.config/$folder"
  mount --bind "$place" "$place"; mount -o remount,bind,ro "$place"
  try "$folder" $B; try "$folder" rollback; try "$folder" purge --yes
  umount "$place"
  note back
done`,
  );
  const before = all[2]?.state;
  ok(before);
  strictEqual(all.length, 3 + 4 * 4);
  for (const { label, code, stderr, state } of all.slice(3)) {
    strictEqual(state, before, label);
    if (label === "back") continue;
    strictEqual(code, 1, label);
    match(stderr, READ_ONLY, label);
  }
}, MISSING);

/** Checks pairs of steps after the first three: a render that may fail, and a render of the third state. */
function checkRefusals(all: readonly Step[], reason: RegExp): void {
  const [first, second, third, ...pairs] = all;
  for (const step of [first, second, third]) strictEqual(step?.code, 0, step?.stderr);
  const refused = pairs.filter((step) => step.label !== "back" && step.code !== 0);
  ok(refused.length >= 3, "no render was refused");
  strictEqual(pairs.at(-2)?.code, 0, "every render was refused");
  for (const { label, code, stderr, state } of pairs) {
    if (label === "back") deepStrictEqual([code, state], [0, third?.state], stderr);
    else if (code === 0) strictEqual(state, second?.state, `${label} free`);
    else {
      strictEqual(code, 1, `${label} free: ${stderr}`);
      match(stderr, reason, `${label} free`);
      strictEqual(state, third?.state, `${label} free`);
    }
  }
}

function withoutFiller(state: string): string {
  return state.split("\n").filter((line) => !line.includes("/.filler/")).join("\n");
}

/** Returns the reason to skip a test that mounts: some containers do not allow it, even for root. */
function cannotUnshare(): string | undefined {
  if (BINARY === "") return undefined;
  const { success } = new Deno.Command("unshare", {
    args: ["-m", "sh", "-c", "mount -t tmpfs tmpfs /mnt"],
    stdout: "null",
    stderr: "null",
  }).outputSync();
  return success ? undefined : "no file system can be mounted here";
}
