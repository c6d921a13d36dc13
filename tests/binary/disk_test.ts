/**
 * Disks that are full and folders that are read-only, made in a mount namespace of their own: lychd
 * says why, and the state is that of before.
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { ALONE, BINARY, binaryTest, Home, household, lacking, notRoot } from "./binary.ts";

const MISSING = notRoot() ?? lacking("unshare") ?? lacking("mount") ?? cannotUnshare();
const NO_SPACE = /^lychd: \S+: no space is left on the device; nothing was changed\n$/;
const READ_ONLY = /^lychd: \S+: the file system is read-only; nothing was changed\n$/;

/** What one run said and left; `state` has a line for each file: digest, mode, path. */
interface Step {
  readonly label: string;
  readonly code: number;
  readonly said: string;
  readonly state: string;
}

/**
 * Runs a script in a mount namespace of its own. In it, `try LABEL ARGS…` runs lychd and notes what
 * it said and what the home then holds, the lock and notes of restarts apart.
 */
async function steps(home: Home, script: string): Promise<Step[]> {
  const prelude = `set -eu
export HOME=${home.dir}/full
mkdir -p "$HOME"
state() { (cd "$HOME" && find . -type f ! -name .lychd-lock ! -name '.lychd-notes*' ! -name filler \\
  -printf '%m %p ' -exec sha256sum {} \\; | sort | sed 's/ *$//' | base64 -w0); }
try() { label=$1; shift
  set +e; said=$("${BINARY}" "$@" ${ALONE.join(" ")} 2>&1 >/dev/null); code=$?; set -e
  echo "$label|$code|$(printf '%s\\n' "$said" | base64 -w0)|$(state)"; }
note() { echo "$1|0||$(state)"; }
A="render --codex ${home.dir}/a"; B="render --codex ${home.dir}/b"
`;
  const said = await home.run(["-m", "sh", "-c", prelude + script], "unshare");
  strictEqual(said.code, 0, said.stderr);
  return said.stdout.trim().split("\n").map((line) => {
    const [label = "", code, text = "", state = ""] = line.split("|");
    return { label, code: Number(code), said: atob(text), state: atob(state) };
  });
}

function newHome(): Home {
  const home = new Home();
  home.codex("a", household("a"));
  home.codex("b", household("b"));
  return home;
}

binaryTest("a disk that fills up during a render leaves the state of before", async () => {
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

binaryTest("a disk without room for another file leaves the state of before", async () => {
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
  strictEqual(last?.code, 0, last?.said);
  strictEqual(all[0]?.code, 1);
  for (const { label, code, said, state } of all) {
    if (code === 0) strictEqual(state, last.state, label);
    else {
      strictEqual(code, 1, label);
      match(said, NO_SPACE, label);
      strictEqual(state, "", label);
    }
  }
}, MISSING);

binaryTest("a folder that is read-only is told, and the state is that of before", async () => {
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
  for (const { label, code, said, state } of all.slice(3)) {
    strictEqual(state, before, label);
    if (label === "back") continue;
    strictEqual(code, 1, label);
    match(said, READ_ONLY, label);
  }
}, MISSING);

/** Steps after the third come in pairs: one that may be refused, and one back to the third's state. */
function checkRefusals(all: readonly Step[], reason: RegExp): void {
  const [first, second, third, ...pairs] = all;
  for (const step of [first, second, third]) strictEqual(step?.code, 0, step?.said);
  const refused = pairs.filter((step) => step.label !== "back" && step.code !== 0);
  ok(refused.length >= 3, "no render was refused");
  strictEqual(pairs.at(-2)?.code, 0, "every render was refused");
  for (const { label, code, said, state } of pairs) {
    if (label === "back") deepStrictEqual([code, state], [0, third?.state], said);
    else if (code === 0) strictEqual(state, second?.state, `${label} free`);
    else {
      strictEqual(code, 1, `${label} free: ${said}`);
      match(said, reason, `${label} free`);
      strictEqual(state, third?.state, `${label} free`);
    }
  }
}

function withoutFiller(state: string): string {
  return state.split("\n").filter((line) => !line.includes("/.filler/")).join("\n");
}

/** Some containers let not even root do that. */
function cannotUnshare(): string | undefined {
  if (BINARY === "") return undefined;
  const { success } = new Deno.Command("unshare", {
    args: ["-m", "sh", "-c", "mount -t tmpfs tmpfs /mnt"],
    stdout: "null",
    stderr: "null",
  }).outputSync();
  return success ? undefined : "no file system can be mounted here";
}
