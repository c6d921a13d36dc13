import { deepStrictEqual } from "node:assert/strict";
import { readCodex } from "../codex/mod.ts";
import { readUnit } from "../rune/mod.ts";
import { compile } from "./compile.ts";

/** Returns the values of a key in the [Service] section of a Soulstone with this `quadlet` table. */
async function serviceValues(quadlet: string, key: string): Promise<string[]> {
  const text = `[eye]\nimage = "localhost/x"\nport = 8780\nexec = "{port}"\n${quadlet}`;
  const files = [{ path: "soulstones/eye.toml", bytes: new TextEncoder().encode(text) }];
  const { runes } = await compile(readCodex({ folder: "c", files }).codex);
  const unit = readUnit(runes.find(({ path }) => path.endsWith("eye.container"))?.text ?? "");
  return "lines" in unit
    ? unit.lines.filter((l) => l.section === "Service" && l.key === key).map((l) => l.value)
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
