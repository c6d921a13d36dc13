import assert from "node:assert/strict";
import { command, PLAIN } from "../report/mod.ts";
import { type Check, error, ok, skipped, type Subject, type Verdict, warning } from "./check.ts";
import { CHECKS, examine, formatFindings, NO_NEEDS, probesFor } from "./mod.ts";

const NOTHING: Subject = {
  facts: { format: 1, lychd: "0.1.0", environment: {}, commands: {} },
  codex: { kind: "none", reason: "there is no Codex" },
  needs: NO_NEEDS,
};

function check(id: string, ...verdicts: Verdict[]): Check {
  return { id, about: "", why: "it matters", run: () => verdicts };
}

Deno.test("a check that crashes becomes a finding, and the others still run", () => {
  const crash: Check = {
    ...check("a.crash"),
    run: () => {
      throw new TypeError("no such field");
    },
  };
  const findings = examine(NOTHING, {}, [crash, check("a.fine", ok("well"))]);
  assert.deepEqual(findings.map(({ id, state }) => [id, state]), [
    ["a.crash", "error"],
    ["a.fine", "ok"],
  ]);
  assert.match(findings[0]?.what ?? "", /this check crashed: TypeError: no such field/);
  assert.notEqual(findings[0]?.fix, null);
});

Deno.test("strict treats warnings as errors, and only selects groups and checks", () => {
  const checks = [
    check("a.x", warning("hm", command`repair`)),
    check("b.x", ok("")),
    check("ab.x", ok("")),
  ];
  assert.equal(examine(NOTHING, { strict: true }, checks)[0]?.state, "error");
  assert.equal(examine(NOTHING, {}, checks)[0]?.state, "warning");
  const ids = (only: string[]) => examine(NOTHING, { only }, checks).map(({ id }) => id);
  assert.deepEqual(ids(["a"]), ["a.x"]);
  assert.deepEqual(ids(["b.x", "a"]), ["a.x", "b.x"]);
});

Deno.test("the reason of a finding takes precedence over that of its check", () => {
  const findings = examine(NOTHING, {}, [
    check("a.x", error("it broke", command`repair`, "for this"), skipped("no reason")),
  ]);
  assert.deepEqual(findings, [
    { id: "a.x", state: "error", what: "it broke", why: "for this", fix: "repair" },
    { id: "a.x", state: "skipped", what: "no reason", why: "it matters", fix: null },
  ]);
});

Deno.test("the report is sorted, wrapped at 80 columns and printable, with whole commands", () => {
  const long = "sudo repair ".repeat(12).trim();
  const findings = examine(NOTHING, {}, [
    check(
      "bad.one",
      error("it \u001b[2Jbroke, and this sentence is long", command`${long.split(" ")}`),
    ),
    check("bad.two", ok("this is fine")),
    check("good.one", ok("well")),
    check("fair.one", warning("hm", command`repair`), skipped("not here")),
  ]);
  assert.equal(
    formatFindings(findings, PLAIN),
    `good
  ok      one          well

fair
  skipped one          not here
  warning one          hm
          why: it matters
          fix: repair

bad
  ok      two          this is fine
  error   one          it \\x1b[2Jbroke, and this sentence is long
          why: it matters
          fix: ${long}

2 ok, 1 skipped, 1 warning, 1 error
`,
  );
});

Deno.test("no check crashes without facts, or on empty output", () => {
  const asking = { user: 1000, environment: {}, needs: NO_NEEDS };
  const empty = Object.fromEntries(
    probesFor(asking, {}).map(({ id }) => [id, { command: id, exit: 0, stdout: [], stderr: [] }]),
  );
  for (const commands of [{}, empty]) {
    const findings = examine({ ...NOTHING, facts: { ...NOTHING.facts, commands } });
    assert.deepEqual(findings.filter(({ what }) => /crashed/.test(what)), []);
    assert.equal(new Set(findings.map(({ id }) => id)).size, CHECKS.length);
  }
});

Deno.test("doctor runs only programs that read, and only the reading subcommands of others", () => {
  const needs = {
    ...NO_NEEDS,
    units: ["a.service"],
    ports: [{ port: 1, owner: "a", bindAddress: "127.0.0.1" }],
    hasVessel: true,
    images: ["a"],
    secrets: ["a"],
  };
  const readers = new Set(["cat", "df", "grep", "id", "ls", "ss", "stat", "test"]);
  const probes = probesFor({ user: 1, environment: { XDG_RUNTIME_DIR: "/run/user/1" }, needs }, {});
  const others = probes.filter(({ program }) => !readers.has(program)).map(({ program, args }) =>
    `${program} ${args.filter((arg) => !arg.startsWith("--property")).join(" ")}`
  );
  assert.deepEqual(others, [
    "podman info --format json",
    "podman --version",
    "generator -version",
    "podman images --format json",
    "podman secret ls --format {{.Name}}",
    "systemctl --user show",
    "systemctl show -- user@1.service network-online.target",
    "systemctl --user show -- default.target",
    "systemctl --user show -- [a].service",
    "systemctl --user show -- lychd-vessel.service",
    "systemctl --user list-unit-files --no-legend --no-pager --full -- a.service",
    "nvidiaSmi --query-gpu=index,uuid,name,memory.total,driver_version --format=csv,noheader,nounits",
    "systemctl show -- nvidia-cdi-refresh.path nvidia-cdi-refresh.service",
  ]);
});
