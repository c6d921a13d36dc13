import { deepStrictEqual } from "node:assert/strict";
import { readCodex } from "../codex/mod.ts";
import { readUnit } from "../rune/mod.ts";
import { compile } from "./compile.ts";

/** Returns the values of a key in the [Service] section of a Soulstone with this `quadlet` table. */
function serviceValues(quadlet: string, key: string): Promise<string[]> {
  return valuesOf(quadlet, "Service", key);
}

/** Returns the values of a key in a section of a Soulstone with these fields. */
async function valuesOf(fields: string, section: string, key: string): Promise<string[]> {
  const text = `[eye]\nimage = "localhost/x"\nport = 8780\nexec = "{port}"\n${fields}`;
  const files = [{ path: "soulstones/eye.toml", bytes: new TextEncoder().encode(text) }];
  const { runes } = await compile(readCodex({ folder: "c", files }).codex);
  const unit = readUnit(runes.find(({ path }) => path.endsWith("eye.container"))?.text ?? "");
  return "lines" in unit
    ? unit.lines.filter((l) => l.section === section && l.key === key).map((l) => l.value)
    : [];
}

const ROWS: readonly (readonly [quadlet: string, prevent: readonly string[]])[] = [
  ["", ["0 143 SIGTERM SIGKILL"]],
  ['quadlet.Service.RestartPreventExitStatus = "3"\n', ["0 143 SIGTERM SIGKILL", "3"]],
  ['quadlet.Service.Restart = "always"\n', []],
  [
    'quadlet.Service = { Restart = "always", RestartPreventExitStatus = "3" }\n',
    ["3"],
  ],
];

Deno.test("with its own Restart=, a Soulstone keeps only its own RestartPreventExitStatus=", async () => {
  for (const [quadlet, prevent] of ROWS) {
    deepStrictEqual(await serviceValues(quadlet, "RestartPreventExitStatus"), prevent, quadlet);
  }
});

Deno.test("a mount without a source is refused where the generator of Podman 5.4 crashes on it", async () => {
  for (const type of ["bind", "glob", "image", "volume", "tmpfs"]) {
    const text = `[eye]\nimage = "localhost/x"\nport = 8780\nexec = "{port}"\n` +
      `quadlet.Container.Mount = ["type=${type},target=/y"]\n`;
    const files = [{ path: "soulstones/eye.toml", bytes: new TextEncoder().encode(text) }];
    const { findings } = await compile(readCodex({ folder: "c", files }).codex);
    deepStrictEqual(findings.map((f) => f.code), type === "tmpfs" ? [] : ["text-unfit"], type);
  }
});

Deno.test("a percent sign is doubled only where systemd replaces specifiers", async () => {
  const limits = { CPUQuota: "400%", MemoryMax: "75%", TasksMax: "50%" };
  const texts = { SyslogIdentifier: "50%", ExecReload: "/bin/echo 50%" };
  const quadlet = `quadlet.Service = { ${
    Object.entries({ ...limits, ...texts, ManagedOOMMemoryPressureLimit: "60%" })
      .map(([key, value]) => `${key} = "${value}"`).join(", ")
  } }\n`;
  const valueOf = async (key: string) => (await serviceValues(quadlet, key)).at(-1);
  for (const [key, value] of Object.entries(limits)) deepStrictEqual(await valueOf(key), value);
  deepStrictEqual(await valueOf("ManagedOOMMemoryPressureLimit"), "60%");
  deepStrictEqual(await valueOf("SyslogIdentifier"), "50%%");
  deepStrictEqual(await valueOf("ExecReload"), "/bin/echo 50%%");
});

/** Returns the codes of the findings of a Soulstone with these fields. */
async function codesOf(fields: string): Promise<string[]> {
  const text = `[eye]\nimage = "localhost/x"\nport = 8780\nexec = "{port}"\n${fields}`;
  const files = [{ path: "soulstones/eye.toml", bytes: new TextEncoder().encode(text) }];
  return (await compile(readCodex({ folder: "c", files }).codex)).findings.map(({ code }) => code);
}

const GROUPS: readonly (readonly [quadlet: string, groups: readonly string[]])[] = [
  ["", ["keep-groups"]],
  ['quadlet.Container.PodmanArgs = ["--group-add=video", "--cpus=2"]\n', []],
  ['quadlet.Container.PodmanArgs = ["--group-add", "video"]\n', []],
  ['quadlet.Container.PodmanArgs = "--cpus=2"\n', ["keep-groups"]],
  ['quadlet.Container.GroupAdd = ["video", "render"]\n', ["video", "render"]],
];

Deno.test("groups of an operator replace the keep-groups of a device, also in PodmanArgs", async () => {
  for (const [quadlet, groups] of GROUPS) {
    const fields = `devices = ["/dev/dri"]\n${quadlet}`;
    deepStrictEqual(await valuesOf(fields, "Container", "GroupAdd"), groups, quadlet);
  }
  deepStrictEqual(await codesOf('quadlet.Container.GroupAdd = ["keep-groups", "video"]\n'), [
    "text-unfit",
  ]);
});

const COMMANDS: readonly (readonly [command: string, written: string])[] = [
  ["test 1 = 1", "test 1 = 1"],
  ['sh -c "test 1 || exit 1"', 'sh -c "test 1 || exit 1";'],
  ['"/opt/my check" --now', ':; "/opt/my check" --now'],
  ['"a b" "c d"', ':; "a b" "c d";'],
];

Deno.test("a health command keeps the double quotes at its ends, as a field and as a key", async () => {
  for (const [command, written] of COMMANDS) {
    const value = JSON.stringify(command);
    const ofField = await valuesOf(`health = { cmd = ${value} }\n`, "Container", "HealthCmd");
    deepStrictEqual(ofField, [written]);
    for (const key of ["HealthCmd", "HealthStartupCmd"]) {
      const fields = `quadlet.Container.${key} = ${value}\n`;
      deepStrictEqual(await valuesOf(fields, "Container", key), [written]);
    }
  }
});

const VALUES: readonly (readonly [quadlet: string, codes: readonly string[]])[] = [
  ['Container.AddDevice = "-/dev/dri"', []],
  ['Container.AddDevice = "-nvidia.com/gpu=all"', ["text-unfit"]],
  ['Container.EnvironmentFile = "/srv/eye.env"', []],
  ['Container.EnvironmentFile = "-/srv/eye.env"', ["text-unfit"]],
  ['Service.Restart = "on-abnormal"', []],
  ['Service.Restart = "unless-stopped"', ["text-unfit"]],
];

Deno.test("values that Podman or systemd would ignore are refused", async () => {
  for (const [quadlet, codes] of VALUES) {
    deepStrictEqual(await codesOf(`quadlet.${quadlet}\n`), codes, quadlet);
  }
});
