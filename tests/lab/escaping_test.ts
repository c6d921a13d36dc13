/**
 * Tests of escaping: every string in a Codex arrives byte for byte, or is refused with a report.
 *
 * Ten thousand strings pass through lychd, the real generator and systemd. In the services a script
 * that prints its arguments replaces Podman. Some strings pass through real containers.
 */
import assert from "node:assert/strict";
import { join } from "node:path/posix";
import fc from "fast-check";
import { compile } from "../../src/core/compile/mod.ts";
import { readCodex } from "../../src/core/codex/mod.ts";
import {
  clear,
  engine,
  type Fields,
  install,
  must,
  request,
  splitCodexFiles,
  start,
  tomlString,
  withRendered,
} from "./host_codex.ts";
import { labTest, labUp, lichExec, lichShell, putTree, shellQuote } from "./lab.ts";
import { CHARACTER } from "../character.ts";

const STRINGS = 12_000;
const UNITS = 25;
/** The units are distributed over several Codices, because of the size limit of a Codex. */
const CODICES = 5;
const CONTAINERS = 5;
const IMAGE = "localhost/escaping:1";

/** Pieces with a special meaning to a program in the chain. */
const SPECIAL = [
  ..."%$\"'\\ ;#[]{}=\n\t\r\u0001\u007f-~*?&|<>()!`@:,./aé😀\u00a0\u2028",
  "%h",
  "%%",
  "%n",
  "${HOME}",
  "$HOME",
  "$$",
  "\\n",
  "\\x41",
  "\\\\",
  "[Service]",
  "\nExecStartPre=",
  "--",
  "<(",
  "''",
  '""',
  " ",
  "\u0000",
];

/** Strings of all kinds: special pieces, any Unicode, short and long ones. */
const strings: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.array(fc.constantFrom(...SPECIAL), { maxLength: 12 }).map((p) => p.join("")),
  },
  { weight: 3, arbitrary: fc.string({ unit: CHARACTER, maxLength: 12 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("", ";", "-", "a".repeat(3000), "%".repeat(500), "\\".repeat(7)),
  },
);

/** Strings that a former version lost or changed. */
const REGRESSIONS = [
  "a\r\nb",
  "50%off",
  "$HOME ${HOME} $$x",
  '{"a": "\\n"}',
  "tab\there",
  "line\nfeed",
  " edges ",
  "'\"\\",
];

/** Turns a string into a folder name: without slashes, and within the length limit. */
function asFileName(text: string): string {
  return [...text.replaceAll("/", "_")].slice(0, 40).join("");
}

/** A kind of value in a Codex, and its share of the strings. */
interface Place {
  readonly name: "exec" | "env" | "label" | "volume" | "description";
  readonly share: number;
}

const PLACES: readonly Place[] = [
  { name: "exec", share: 0.45 },
  { name: "env", share: 0.3 },
  { name: "label", share: 0.15 },
  { name: "volume", share: 0.09 },
  { name: "description", share: 0.01 },
];

type Values = Record<Place["name"], string[]>;

/** Returns the fields of a Soulstone with `values`. */
function fieldsOf(values: Values): Fields {
  return {
    ...values.description.length > 0 ? { description: values.description[0] } : {},
    exec: ["first", ...values.exec],
    env: Object.fromEntries(values.env.map((v, i) => [`V${i}`, v])),
    volumes: values.volume.map((v, i) => `/host/${v}:/in${i}`),
    quadlet: { Container: { Label: values.label.map((v, i) => `l${i}=${v}`) } },
  };
}

/** Returns the value that must arrive: the same, except that `exec` replaces `{port}`. */
function arriving(place: Place["name"], value: string, port: number): string {
  return place === "exec"
    ? value.replace(/\{\{port\}\}|\{port\}/g, (m) => m === "{port}" ? String(port) : "{port}")
    : value;
}

/**
 * Removes the values that lychd refuses, and counts them. Fails if lychd refuses a value that
 * {@link mayRefuse} does not allow.
 */
async function accepted(
  values: Values,
  port: number,
): Promise<{ values: Values; refused: number }> {
  const kept: Values = { exec: [], env: [], label: [], volume: [], description: [] };
  let refused = 0;
  for (const { name } of PLACES) {
    const refusedHere = await refusedValues(name, values[name], port);
    for (const value of refusedHere) {
      assert.ok(mayRefuse(name, value), `refused for no reason: ${name} ${JSON.stringify(value)}`);
    }
    kept[name] = values[name].filter((value) => !refusedHere.has(value));
    refused += values[name].length - kept[name].length;
  }
  return { values: kept, refused };
}

/** Returns the values of `list` for which lychd reports an error, with each value on its own line. */
async function refusedValues(
  place: Place["name"],
  list: readonly string[],
  port: number,
): Promise<Set<string>> {
  const refused = new Set<string>();
  const tables = place === "description" ? list.map((value) => [value]) : [list];
  for (const values of tables) {
    const head = ["[a]", `image = "${IMAGE}"`, `port = ${port}`, ...OPENING[place].slice(0, -1)];
    const lines = values.map((value, i) => lineOf(place, value, i));
    const text = [...head, OPENING[place].at(-1), ...lines, CLOSING[place]].join("\n");
    const bytes = new TextEncoder().encode(text);
    const read = readCodex({ folder: "codex", files: [{ path: "soulstones/a.toml", bytes }] });
    const compiled = (await compile(read.codex)).findings;
    for (const finding of [...read.findings, ...compiled]) {
      if (finding.severity !== "error") continue;
      const value = values[finding.place.start.line - head.length - 2];
      assert.ok(value !== undefined, `no value at the place of ${finding.message}`);
      refused.add(value);
    }
  }
  return refused;
}

/** The lines before and after the lines of values. */
const OPENING: Readonly<Record<Place["name"], readonly string[]>> = {
  exec: ['exec = ["first",'],
  env: ["[a.env]"],
  label: ["quadlet.Container.Label = ["],
  volume: ["volumes = ["],
  description: ["# the description"],
};
const CLOSING: Readonly<Record<Place["name"], string>> = {
  exec: "]",
  env: "",
  label: "]",
  volume: "]",
  description: "",
};

function lineOf(place: Place["name"], value: string, index: number): string {
  switch (place) {
    case "exec":
      return `${tomlString(value)},`;
    case "env":
      return `V${index} = ${tomlString(value)}`;
    case "label":
      return `${tomlString(`l${index}=${value}`)},`;
    case "volume":
      return `${tomlString(`/host/${value}:/in${index}`)},`;
    case "description":
      return `description = ${tomlString(value)}`;
  }
}

/** Returns true if lychd may refuse a value. */
function mayRefuse(place: Place["name"], value: string): boolean {
  // systemd ignores lines that contain one, as this test has shown.
  if (/\p{Noncharacter_Code_Point}/u.test(value)) return true;
  switch (place) {
    case "exec":
      return value === "" || value === ";" || /[\0\u0080]/.test(value);
    case "env":
      return /[\0\u0080]|\r\n/.test(value);
    case "label":
      return /[\0\u0080]/.test(value);
    case "volume":
      // deno-lint-ignore no-control-regex
      return /[\u0000-\u001f\u007f-\u009f:\u2028\u2029]/.test(value);
    case "description":
      // deno-lint-ignore no-control-regex
      return /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029]/.test(value) ||
        value === "" || value !== value.trim() || value.endsWith("\\");
  }
}

function sample(seed: number): Values[] {
  const all = fc.sample(strings, { numRuns: STRINGS, seed });
  let from = 0;
  const units: Values[] = Array.from(
    { length: UNITS },
    () => ({ exec: [], env: [], label: [], volume: [], description: [] }),
  );
  for (const place of PLACES) {
    const count = Math.round(STRINGS * place.share);
    all.slice(from, from + count).forEach((value, i) => units[i % UNITS]?.[place.name].push(value));
    from += count;
  }
  return units;
}

/** Splits a text of words, each followed by NUL. */
function words(bytes: Uint8Array): string[] {
  const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  return text.split("\0").slice(0, -1);
}

/** Returns the values of an option on a Podman command line. */
function optionValues(args: readonly string[], option: string): string[] {
  return args.flatMap((arg, i) => arg === option ? [args[i + 1] ?? ""] : []);
}

labTest("ten thousand strings arrive byte for byte through the generator and systemd", async () => {
  await labUp();
  await using shell = lichShell();
  const seed = Number(Deno.env.get("LYCHD_SEED") ?? Date.now() % 2 ** 31);
  // deno-lint-ignore no-console
  console.log(`seed ${seed}: repeat it with LYCHD_SEED=${seed}`);
  const expected = new Map<string, Values>();
  const descriptions = new Map<string, string>();
  const codices: Record<string, Fields>[] = Array.from({ length: CODICES }, () => ({}));
  let refused = 0;
  let total = 0;
  for (const [i, values] of sample(seed).entries()) {
    const port = 20_000 + i;
    const codex = codices[i % CODICES] ?? {};
    const kept = await accepted(values, port);
    refused += kept.refused;
    // Each description needs its own unit.
    kept.values.description.forEach((description, k) => {
      const name = `d${i}-${k}`;
      descriptions.set(name, description);
      codex[name] = { image: IMAGE, port: 30_000 + i * 50 + k, description };
      total++;
    });
    const unitValues: Values = { ...kept.values, description: [] };
    expected.set(`u${i}`, unitValues);
    codex[`u${i}`] = { image: IMAGE, port, ...fieldsOf(unitValues) };
    total += Object.values(unitValues).flat().length;
  }

  await clear(shell);
  for (const [i, codex] of codices.entries()) {
    await withRendered(splitCodexFiles(codex), async (tree) => {
      await putTree(join(tree, "containers", "systemd", "lychd"), `/home/lich/escaping/in/${i}`);
    });
  }
  await must(shell, PREPARE);
  await must(
    shell,
    `cd ~/escaping && for u in ${[...expected.keys()].join(" ")}; do
    systemctl --user start soulstone-$u.service || exit 1
  done`,
  );

  for (const [name, values] of expected) {
    const port = 20_000 + Number(name.slice(1));
    const dump = await lichExec(["cat", `escaping/out/soulstone-${name}`]);
    const args = words(dump.stdoutBytes);
    const image = args.lastIndexOf(IMAGE);
    const context = `${name}, seed ${seed}`;
    assert.deepEqual(args.slice(image + 1), [
      "first",
      ...values.exec.map((v) => arriving("exec", v, port)),
    ], context);
    const before = args.slice(0, image);
    assert.deepEqual(
      new Set(optionValues(before, "--env")),
      new Set(values.env.map((v, i) => `V${i}=${v}`)),
      context,
    );
    const labels = new Set(optionValues(before, "--label"));
    for (const [i, value] of values.label.entries()) {
      assert.ok(labels.has(`l${i}=${value}`), context);
    }
    assert.deepEqual(
      optionValues(before, "-v"),
      values.volume.map((v, i) => `/host/${v}:/in${i}`),
      context,
    );
  }
  for (const [name, description] of descriptions) {
    const { stdout } = await shell.run(
      `systemctl --user show --property=Description --value soulstone-${name}.service`,
    );
    assert.equal(stdout.replace(/\n$/, ""), description, `${name}, seed ${seed}`);
  }
  // deno-lint-ignore no-console
  console.log(`${total} strings arrived, ${refused} were refused, 0 were changed`);
  assert.ok(total >= 10_000, `only ${total}`);
  await must(
    shell,
    "rm -rf ~/escaping; rm -f ~/.config/systemd/user/soulstone-*; systemctl --user daemon-reload",
  );
});

/** Generates the services, replaces Podman by a script that prints its arguments, and loads them. */
const PREPARE = `cd ~/escaping && mkdir -p out ~/.config/systemd/user
  cat > dump <<'SCRIPT'
#!/bin/sh
# Read the name of the unit from the cgroup, because no argument can be trusted.
unit=$(sed -n 's|^0::.*/||p' /proc/self/cgroup)
cat /proc/$$/cmdline > "$HOME/escaping/out/\${unit%.service}"
SCRIPT
  chmod +x dump
  QUADLET_UNIT_DIRS=$(echo "$PWD"/in/* | tr ' ' :) /usr/libexec/podman/quadlet -user $PWD/services $PWD/services $PWD/services 2>quadlet.log
  for unit in services/soulstone-*.service; do
    # Only the command line of the service is needed.
    sed -e "s|^ExecStart=/usr/bin/podman |ExecStart=$PWD/dump |" \\
        -e '/^ExecStop/d; /^Type=/d; /^NotifyAccess=/d; /^Restart/d; /^BindsTo=/d; /^After=/d; /^Requires/d; /^Conflicts=/d' \\
        -e 's|^\\[Service\\]|[Service]\\nType=oneshot|' "$unit" > ~/.config/systemd/user/"\${unit##*/}"
  done
  systemctl --user daemon-reload`;

labTest("two hundred strings arrive byte for byte in real containers", async () => {
  await labUp();
  await using shell = lichShell();
  const seed = Number(Deno.env.get("LYCHD_SEED") ?? Date.now() % 2 ** 31) + 1;
  const table: Record<string, Fields> = {};
  const expected = new Map<string, Values>();
  const all = [...REGRESSIONS, ...fc.sample(strings, { numRuns: 260, seed })];
  for (let i = 0; i < CONTAINERS; i++) {
    const mine = all.filter((_, k) => k % CONTAINERS === i);
    const values: Values = {
      exec: mine.slice(0, 24),
      env: [...REGRESSIONS, ...mine.slice(24, 44)],
      label: mine.slice(44, 48),
      volume: mine.slice(48).map(asFileName).filter((v) => !/^\.{0,2}$/.test(v)),
      description: [],
    };
    const kept = (await accepted(values, 8780 + i)).values;
    // Two mounts of a folder are one mount.
    kept.volume = [...new Set(kept.volume)];
    expected.set(`u${i}`, kept);
    table[`u${i}`] = engine(8780 + i, {
      ...fieldsOf(kept),
      groups: ["all"],
      exec: ["--port", "{port}", "--", ...kept.exec],
      volumes: kept.volume.map((v, k) => `~/hostile/${v}:/in${k}`),
    });
  }
  await must(shell, "rm -rf ~/hostile && mkdir ~/hostile");
  for (const { volume } of expected.values()) {
    for (const name of volume) await must(shell, `mkdir -p -- ~/hostile/${shellQuote(name)}`);
  }
  await install(shell, table);
  assert.equal((await start(shell, "lychd-coven-all.target")).code, 0);
  let count = 0;
  for (const [name, values] of expected) {
    const port = 8780 + Number(name.slice(1));
    const context = `${name}, seed ${seed}`;
    const argv = words(await request(shell, port, "/argv") ?? new Uint8Array());
    assert.deepEqual(
      argv.slice(argv.indexOf("--") + 1),
      values.exec.map((v) => arriving("exec", v, port)),
      context,
    );
    const env = new Set(words(await request(shell, port, "/env") ?? new Uint8Array()));
    for (const [i, value] of values.env.entries()) {
      assert.ok(env.has(`V${i}=${value}`), `${context}: ${JSON.stringify(value)}`);
    }
    const mounts = new TextDecoder().decode(await request(shell, port, "/mounts"));
    for (const [i, volume] of values.volume.entries()) {
      const line = mounts.split("\n").find((l) => l.split(" ")[4] === `/in${i}`) ?? "";
      // The kernel escapes spaces and other bytes of a path as three octal digits.
      const bytes = (line.split(" ")[3] ?? "").replace(
        /\\([0-7]{3})/g,
        (_, o) => String.fromCharCode(parseInt(o, 8)),
      );
      assert.ok(
        bytes.endsWith(`/hostile/${volume}`),
        `${context}: ${JSON.stringify(volume)} in ${line}`,
      );
    }
    const labels = JSON.parse(
      await must(shell, `podman inspect soulstone-${name} --format '{{json .Config.Labels}}'`),
    );
    for (const [i, value] of values.label.entries()) assert.equal(labels[`l${i}`], value, context);
    count += Object.values(values).flat().length;
  }
  // deno-lint-ignore no-console
  console.log(`${count} strings arrived in ${CONTAINERS} containers (seed ${seed})`);
  assert.ok(count >= 200, `only ${count}`);
  await clear(shell);
  await must(shell, "rm -rf ~/hostile");
});
