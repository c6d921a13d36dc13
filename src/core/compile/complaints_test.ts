import { deepStrictEqual } from "node:assert/strict";
import { readCodex } from "../codex/mod.ts";
import { formatReport, PLAIN } from "../report/mod.ts";
import { compile } from "./compile.ts";
import { complaintFindings, type Complaints } from "./complaints.ts";

const CODEX = `[eye]
image = "docker.io/vllm/vllm-openai:v0.33.0"
model = "m"
port = 8780
devices = ["nvidia.com/gpu=all"]

[eye.quadlet]
Container = { Memory = "8g" }
Service = { Nice = "abc", WorkingDirectory = "rel" }
`;

const FILES = {
  "lychd.toml": "[sepulcher]\nshm_size_mib = 9000\n[harvester]\nimage = 'localhost/prometheus'\n",
  "soulstones/eye.toml": CODEX,
};

/** The end of the service that Quadlet 5.4.2 generates; its line numbers differ from the Rune's. */
const SERVICE =
  "[Unit]\nConflicts=x.service\n\n[Service]\nRestartSteps=6\nNice=abc\nWorkingDirectory=rel\n";

/** Returns each finding as CODE FILE:LINE:COLUMN MESSAGE. */
async function found(complaints: Partial<Complaints>): Promise<string[]> {
  const files = Object.entries(FILES)
    .map(([path, text]) => ({ path, bytes: new TextEncoder().encode(text) }));
  const { runes } = await compile(readCodex({ folder: "c", files }).codex);
  const services = new Map([["soulstone-eye.service", SERVICE]]);
  const all = { refused: [], ignored: [], services, ...complaints };
  return complaintFindings(all, runes).map(({ code, place: { file, start }, message }) =>
    `${code} ${file}:${start.line}:${start.column} ${message}`
  );
}

// The texts of the generator of Podman 5.4.2 and of systemd 252.
const ROWS:
  readonly (readonly [claim: string, Partial<Complaints>, findings: readonly string[]])[] = [
    ["a key that Quadlet does not support", {
      refused: [
        "soulstone-eye.container: converting \"soulstone-eye.container\": unsupported key 'Memory' in " +
        "group 'Container' in /run/user/1000/lychd/stage-0/containers/systemd/lychd/soulstone-eye.container",
      ],
    }, [
      "unit-refused soulstones/eye.toml:8:24 `soulstone-eye.container` is refused: unsupported key " +
      "'Memory' in group 'Container'",
    ]],
    ["a unit that the generator drops without a reason, at the table of the Soulstone", {
      refused: [
        "soulstone-eye.container: the Quadlet generator writes no service for it and does not say why",
      ],
    }, [
      "unit-refused soulstones/eye.toml:1:2 `soulstone-eye.container` is refused: the Quadlet " +
      "generator writes no service for it and does not say why",
    ]],
    ["the unit of a Watcher, at its table", {
      refused: ['harvester.container: converting "harvester.container": bad'],
    }, ["unit-refused lychd.toml:3:2 `harvester.container` is refused: bad"]],
    ["a fatal line of a service", {
      refused: ["soulstone-eye.service:7: WorkingDirectory= path is not absolute: rel"],
    }, [
      "unit-refused soulstones/eye.toml:9:46 `soulstone-eye.container` is refused: WorkingDirectory= " +
      "path is not absolute: rel",
    ]],
    ["a line that systemd ignores", {
      ignored: [
        "soulstone-eye.service:6: Failed to parse nice priority 'abc', ignoring: Invalid argument",
      ],
    }, [
      "directive-ignored soulstones/eye.toml:9:20 systemd ignores a line of " +
      "`soulstone-eye.container`: Failed to parse nice priority 'abc', ignoring: Invalid argument",
    ]],
    ["no ignored line that lychd itself writes", {
      ignored: [
        "soulstone-eye.service:5: Unknown key 'RestartSteps' in section [Service], ignoring.",
      ],
    }, []],
    ["no unit of other programs", { refused: ["other.service:3: Bad", "", "panic: x"] }, []],
  ];

for (const [claim, complaints, findings] of ROWS) {
  Deno.test(`a complaint locates ${claim}`, async () => {
    deepStrictEqual(await found(complaints), findings);
  });
}

Deno.test("the report of a refused unit shows the line of the Codex", async () => {
  const files = [{ path: "soulstones/eye.toml", bytes: new TextEncoder().encode(CODEX) }];
  const { codex, sources } = readCodex({ folder: "c", files });
  const { runes } = await compile(codex);
  const refused = ["soulstone-eye.container: unsupported key 'Memory' in group 'Container'"];
  const findings = complaintFindings({ refused, ignored: [], services: new Map() }, runes);
  deepStrictEqual(
    formatReport(findings, { sources, prefix: "c/", palette: PLAIN }),
    `error[unit-refused]: \`soulstone-eye.container\` is refused: unsupported key 'Memory' in group 'Container'
 --> c/soulstones/eye.toml:8:24
  |
8 | Container = { Memory = "8g" }
  |                        ^^^^
hint: lychd explain soulstone-eye.container

1 error
`,
  );
});
