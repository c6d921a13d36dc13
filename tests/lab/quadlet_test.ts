/** Tests that no key or option that `quadlet` accepts lets an engine leave the pod or outlive a rival. */
import assert from "node:assert/strict";
import { basename } from "node:path/posix";
import fc from "fast-check";
import { readCodex } from "../../src/core/codex/mod.ts";
import { compile } from "../../src/core/compile/mod.ts";
import {
  GLOBAL_OPTIONS,
  parseRunOptions,
  RUN_OPTIONS,
  SYSTEMD_KEYS,
} from "../../src/core/rune/mod.ts";
import { codexFiles, engine, type Fields, install, must, start } from "./host_codex.ts";
import { labTest, labUp, type LichShell, lichShell, shellQuote } from "./lab.ts";

/** One line of a `quadlet` table. */
type Setting = readonly [section: string, key: string, value: string];

const PORTS = { a: 8780, b: 8781 } as const;

const ROUNDS = 12;
const SETTINGS_PER_ENGINE = 2;

/** The settings that are drawn for each that is used: lychd refuses most of them. */
const DRAWN = 12;

/** Values for a directive of systemd. It ignores those that it cannot read. */
const VALUES = words(`
  0 1 2s yes no infinity /tmp SIGWINCH SIGCONT isolate kill cgroup other.slice soulstone-a.service
  soulstone-b.service lychd-pod.service default.target app.slice exit.target XDG_RUNTIME_DIR=/tmp A=1 HOME
`);

/** Values for an option that takes one, by its name. */
const OPTION_VALUES: readonly (readonly [name: RegExp, values: readonly string[]])[] = [
  [
    /^(?:cgroupns|ipc|net|network|pid|userns|uts)$/,
    words("host none private container:lychd-infra"),
  ],
  [/^cgroups$/, words("enabled disabled no-conmon")],
  [/^(?:name|pod|requires|volumes-from)$/, words("other soulstone-a soulstone-b lychd-infra")],
  [/^(?:restart|sdnotify)$/, words("always ignore container")],
  [/conf|dir|file|module|path|root|store|tmp/, ["", "/tmp/x", "/run/user/1000/containers"]],
  [/connection|remote|url/, ["unix:///run/user/1000/podman/podman.sock"]],
  [/./, ["1", "a=1", "64m", "/tmp"]],
];

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

/** Conditions only skip a start. Commands run what they name, and lychd does not judge them. */
const SYSTEMD = Object.entries(SYSTEMD_KEYS).flatMap(([section, keys]) =>
  [...keys].filter((key) => !/^(?:Assert|Condition|Exec)/.test(key)).map((key) =>
    [section, key] as const
  )
);

const option: fc.Arbitrary<string> = fc.constantFrom(...RUN_OPTIONS, ...GLOBAL_OPTIONS).chain(
  (name) => {
    const isSwitch = parseRunOptions([`--${name}`]).options[0]?.value === undefined;
    const values = OPTION_VALUES.find(([pattern]) => pattern.test(name))?.[1] ?? [];
    return isSwitch
      ? fc.constantFrom("", "=true", "=false").map((end) => `--${name}${end}`)
      : fc.constantFrom(...values).map((value) => `--${name}=${value}`);
  },
);

const settings: fc.Arbitrary<Setting> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(fc.constantFrom(...SYSTEMD), fc.constantFrom(...VALUES))
      .map(([[section, key], text]): Setting => [section, key, text]),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constant("Container"), fc.constant("PodmanArgs"), option),
  },
  {
    weight: 1,
    arbitrary: fc.oneof(
      fc.tuple(fc.constant("Container"), fc.constant("GlobalArgs"), option),
      fc.constantFrom<Setting>(
        ["Container", "CgroupsMode", "enabled"],
        ["Container", "ContainersConfModule", "/tmp/x"],
        ["Container", "AddCapability", "ALL"],
        ["Container", "SecurityLabelDisable", "true"],
        ["Container", "Unmask", "ALL"],
        ["Container", "Network", "host"],
        ["Container", "Notify", "true"],
        ["Container", "ReadOnly", "true"],
      ),
    ),
  },
);

/** The settings of two engines that exclude each other. */
type Given = Readonly<Record<keyof typeof PORTS, readonly Setting[]>>;

/** Returns the two engines. They ignore a request to stop. */
function pair(given: Given): Record<string, Fields> {
  const fields = (name: keyof typeof PORTS): Fields => {
    const quadlet: Record<string, Record<string, string[]>> = {};
    for (const [section, key, text] of given[name]) {
      ((quadlet[section] ??= {})[key] ??= []).push(text);
    }
    const limits = { start_timeout_seconds: 10, stop_timeout_seconds: 1 };
    return engine(PORTS[name], { ...limits, quadlet }, ["--ignore-term"]);
  };
  return { a: fields("a"), b: fields("b") };
}

/** Returns the units of the two engines by name, or undefined if lychd refuses a setting. */
async function unitsOf(given: Given): Promise<Record<string, string> | undefined> {
  const files = Object.entries(codexFiles(pair(given)))
    .map(([path, text]) => ({ path, bytes: new TextEncoder().encode(text) }));
  const { codex, findings } = readCodex({ folder: "codex", files });
  if (findings.some(({ severity }) => severity === "error")) return undefined;
  const { runes } = await compile(codex);
  const units = runes.filter(({ path }) => path.endsWith(".container"));
  return runes.length === 0
    ? undefined
    : Object.fromEntries(units.map(({ path, text }) => [basename(path), text]));
}

/** Returns the first settings that lychd accepts, together. */
async function accepted(drawn: readonly Setting[]): Promise<Setting[]> {
  const kept: Setting[] = [];
  for (const setting of drawn) {
    if (kept.length === SETTINGS_PER_ENGINE) break;
    if (await unitsOf({ a: [...kept, setting], b: [] }) !== undefined) kept.push(setting);
  }
  return kept;
}

/** Replaces the units of the two engines. */
async function replace(shell: LichShell, units: Readonly<Record<string, string>>): Promise<void> {
  const writes = Object.entries(units).map(([file, text]) =>
    `printf %s ${shellQuote(text)} > ~/.config/containers/systemd/lychd/${file}\n`
  );
  await must(shell, `${writes.join("")}systemctl --user daemon-reload`);
}

/** The processes and containers of engines. */
interface State {
  /** The ports of the engines that run. */
  readonly running: readonly number[];
  /** The problems that they show. */
  readonly problems: readonly string[];
}

/** Prints a line for each engine process and each container, however it was started. */
const LOOK = `
  infra=$(podman inspect --format '{{.State.Pid}}' lychd-infra 2>/dev/null)
  net=$(readlink /proc/$infra/ns/net)
  for pid in $(pgrep -f '^/bin/sh /engine --port'); do
    port=$(tr '\\0' '\\n' < /proc/$pid/cmdline | sed -n '/^--port$/{n;p}')
    [ "$(readlink /proc/$pid/ns/net)" = "$net" ] && echo "engine $port in" || echo "engine $port out"
  done
  podman ps -a --format 'container {{.Names}} {{.PodName}}'
`;

async function look(shell: LichShell): Promise<State> {
  const lines = (await must(shell, LOOK)).trim().split("\n").map((line) => line.split(" "));
  const engines = lines.filter(([kind]) => kind === "engine");
  const running = [...new Set(engines.map(([, port]) => Number(port)))];
  const known = ["lychd-infra", "soulstone-a", "soulstone-b"];
  return {
    running,
    problems: [
      ...engines.filter(([, , where]) => where === "out").map(([, port]) =>
        `the engine at ${port} is not in the network of the pod`
      ),
      ...lines.filter(([kind, name = "", pod]) =>
        kind === "container" && (!known.includes(name) || pod !== "lychd")
      ).map(([, name, pod]) => `the container ${name} is in pod "${pod ?? ""}"`),
      ...running.length > 1 ? ["both engines run"] : [],
    ],
  };
}

/** Ends every engine and pod, also those that systemd does not know. */
async function endAll(shell: LichShell): Promise<void> {
  await must(
    shell,
    `for pid in $(pgrep -f '^/bin/sh /engine --port'); do kill -9 $pid || true; done
     podman rm -fa -t0 >/dev/null 2>&1; podman pod rm -fa >/dev/null 2>&1; true`,
  );
}

/** Starts each engine while the other one runs, and then stops both. */
async function judge(shell: LichShell) {
  const problems: string[] = [];
  let ran = 0;
  for (const name of ["a", "b", "a"] as const) {
    await start(shell, `soulstone-${name}.service`);
    const state = await look(shell);
    if (state.running.includes(PORTS[name])) ran++;
    problems.push(...state.problems.map((problem) => `after the start of ${name}: ${problem}`));
    // A problem makes later starts fail.
    if (problems.length > 0) break;
  }
  await shell.run("timeout 20 systemctl --user stop soulstone-a.service soulstone-b.service");
  const left = await look(shell);
  problems.push(...left.running.map((port) => `after the stop: the engine at ${port} runs`));
  return { problems, ran };
}

labTest(
  "with any keys and options that lychd accepts, no engine leaves the pod or outlives a rival",
  async () => {
    await labUp();
    await using shell = lichShell();
    const seed = Number(Deno.env.get("LYCHD_SEED") ?? Date.now() % 2 ** 31);
    // deno-lint-ignore no-console
    console.log(`seed ${seed}: repeat it with LYCHD_SEED=${seed}`);
    const count = DRAWN * SETTINGS_PER_ENGINE;
    const drawn = fc.sample(settings, { numRuns: 2 * count * ROUNDS, seed });
    await install(shell, pair({ a: [], b: [] }));
    let used = 0;
    let ran = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const given = {
        a: await accepted(drawn.splice(0, count)),
        b: await accepted(drawn.splice(0, count)),
      };
      const units = await unitsOf(given);
      // Orders of both engines together can be refused.
      if (units === undefined) continue;
      await replace(shell, units);
      const result = await judge(shell);
      if (result.problems.length > 0) await endAll(shell);
      assert.deepEqual(result.problems, [], `seed ${seed}: ${JSON.stringify(given)}`);
      used += given.a.length + given.b.length;
      ran += result.ran;
    }
    // deno-lint-ignore no-console
    console.log(
      `${used} settings in ${ROUNDS} rounds, ${ran} of ${3 * ROUNDS} starts ran an engine`,
    );
    assert.ok(ran >= ROUNDS / 2, `only ${ran} engines ran`);
  },
);

/** Lines that lychd refuses, written to the unit all the same, and what the judge then sees. */
const REFUSED: readonly (readonly [lines: string, problem: RegExp])[] = [
  ["[Container]\nPodmanArgs=--pod-id-file=", /8780 is not in the network of the pod/],
  ["[Container]\nPodmanArgs=--name=other", /the container other/],
  ["[Container]\nCgroupsMode=enabled\n[Service]\nTimeoutStopSec=0.5", /both engines run/],
  ["[Service]\nSendSIGKILL=no\nTimeoutStopSec=0.5", /both engines run/],
];

labTest(
  "the judge of keys and options sees an engine that leaves the pod or outlives a rival",
  async () => {
    await labUp();
    await using shell = lichShell();
    const units = await unitsOf({ a: [], b: [] });
    for (const [lines, problem] of REFUSED) {
      await install(shell, pair({ a: [], b: [] }));
      const unit = `${units?.["soulstone-a.container"]}\n${lines}\n`;
      await replace(shell, { ...units, "soulstone-a.container": unit });
      const { problems } = await judge(shell);
      await endAll(shell);
      assert.match(problems.join("\n"), problem, lines);
    }
  },
);
