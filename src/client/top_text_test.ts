import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { EndedRequest, Status } from "../core/api/schema.ts";
import { PLAIN } from "../core/report/palette.ts";
import { changeLines, topLines } from "./top_text.ts";

const EYE: Status["soulstones"][0] = {
  name: "eye",
  state: "ready",
  since: "1970-01-01T00:00:00.000Z",
  kind: "vllm",
  resident: false,
  covens: ["vision"],
  capabilities: [],
  names: [],
  port: 8780,
  vram_mib: 20_000,
  vram_used_mib: 18_000,
  under_way: 2,
  waiting: 1,
  ready_in_seconds: 0,
  problem: null,
};

const STATUS: Status = {
  phase: "steady",
  held: false,
  goal: null,
  swap: null,
  soulstones: [EYE],
  covens: [],
  portals: [],
  requests: [],
  links: { grafana: null, prometheus: null },
};

const REQUEST: EndedRequest = {
  id: "1",
  time: "1970-01-01T00:00:01.000Z",
  client: "alice",
  soulstone: "eye",
  portal: false,
  endpoint: "/v1/completions",
  queue_seconds: 0,
  first_token_seconds: 0.25,
  seconds: 2,
  input_tokens: 7,
  output_tokens: 100,
  tokens_per_second: 57.1,
  result: "200",
};

const VIEW = { status: STATUS, sample: undefined, requests: [], offline: undefined };

const OPTIONS = {
  url: "http://127.0.0.1:8081",
  columns: 80,
  rows: 24,
  palette: PLAIN,
  selected: "eye",
  footer: ["q quit"],
  nowMilliseconds: 150_000,
};

Deno.test("the screen has the Soulstones and the requests that ended", () => {
  const view = { ...VIEW, requests: [REQUEST] };
  deepStrictEqual(topLines(view, OPTIONS), [
    "http://127.0.0.1:8081  steady",
    "",
    "  SOULSTONE  STATE  SINCE  VRAM             REQUESTS  COVENS",
    "> eye        ready  2m     18000/20000 MiB  2 + 1     vision",
    "",
    "  ENDED     SOULSTONE  CLIENT  QUEUE  FIRST  TIME  TOKENS  PER S  RESULT",
    "  00:00:01  eye        alice   0.0    0.3    2.0   100     57.1   200",
    "",
    "q quit",
  ]);
});

Deno.test("the screen fits a terminal of any size, and always has its footer", () => {
  const soulstones = Array.from({ length: 60 }, (_, i) => {
    const problem = { why: "\u001b[2J".repeat(30), command: "lychd logs eye", log: null };
    return { ...EYE, name: `eye-${i}`.padEnd(64, "x"), problem };
  });
  const requests = Array.from({ length: 200 }, () => REQUEST);
  const view = { ...VIEW, status: { ...STATUS, soulstones }, requests };
  for (const [columns, rows] of [[80, 24], [20, 5], [200, 300], [1, 1]] as const) {
    const lines = topLines(view, { ...OPTIONS, columns, rows });
    ok(lines.length <= rows && lines.every((line) => line.length <= columns), `${columns}`);
    ok(lines.every((line) => !line.includes("\u001b")));
    if (rows > 2) strictEqual(lines.at(-1), "q quit".slice(0, columns));
  }
});

Deno.test("a swap that takes longer than its estimate is not said to end at once", () => {
  const part = { phase: "start" as const, soulstones: ["eye"] };
  const since = "1970-01-01T00:00:00.000Z";
  for (const [seconds, words] of [[3, "about 3 s left"], [0, "longer than usual"]] as const) {
    const swap = {
      ...part,
      phases: [{ ...part, since, seconds: null }],
      estimate_seconds: seconds,
    };
    const view = { ...VIEW, status: { ...STATUS, swap } };
    strictEqual(topLines(view, OPTIONS)[1], `swap: start eye; ${words}`);
  }
});

Deno.test("only what changed is a line in a pipe", () => {
  deepStrictEqual(changeLines(undefined, STATUS), ["eye ready"]);
  deepStrictEqual(changeLines(STATUS, STATUS), []);
  const since = "1970-01-01T00:00:00.000Z";
  const part = { phase: "start" as const, soulstones: ["eye"] };
  const swap = { ...part, phases: [{ ...part, since, seconds: null }], estimate_seconds: 3 };
  const problem = { why: "it exited\nhere", command: "lychd logs eye", log: null };
  const crashed = { ...EYE, state: "crashed" as const, problem };
  const after = { ...STATUS, swap, soulstones: [crashed] };
  deepStrictEqual(changeLines(STATUS, after), [
    "eye crashed",
    "eye it exited\\nhere",
    "swap start eye",
  ]);
});

Deno.test("the chosen Soulstone and the last line of the footer are always seen", () => {
  const soulstones = Array.from({ length: 60 }, (_, i) => ({ ...EYE, name: `eye-${i}` }));
  const view = { ...VIEW, status: { ...STATUS, soulstones }, requests: [REQUEST] };
  const footer = [...Array.from({ length: 40 }, (_, i) => `stop eye-${i}`), "Enter: do it"];
  for (const rows of [8, 24, 50]) {
    for (const { name: selected } of soulstones) {
      const lines = topLines(view, { ...OPTIONS, rows, selected, footer });
      ok(lines.length <= rows);
      ok(lines.some((line) => line.startsWith(`> ${selected} `)), `${rows} ${selected}`);
      deepStrictEqual(lines.slice(-2), [lines.at(-2), "Enter: do it"]);
    }
  }
  const [, , last] = topLines(view, { ...OPTIONS, rows: 24, footer }).slice(-4);
  strictEqual(last, "... and 24 more lines; lychd plan shows all");
});

Deno.test("a long name leaves room for the other columns", () => {
  const long = { ...EYE, name: "x".repeat(64), covens: ["y".repeat(64)] };
  const requests = [{ ...REQUEST, soulstone: long.name, client: "z".repeat(64) }];
  const view = { ...VIEW, status: { ...STATUS, soulstones: [EYE, long] }, requests };
  const lines = topLines(view, OPTIONS);
  deepStrictEqual(lines.slice(2, 5), [
    "  SOULSTONE                STATE  SINCE  VRAM             REQUESTS  COVENS",
    "> eye                      ready  2m     18000/20000 MiB  2 + 1     vision",
    `  ${"x".repeat(22)}…  ready  2m     18000/20000 MiB  2 + 1     yyyyyyyyyyy…`,
  ]);
  match(lines[7] ?? "", /xxx… {2}zzz.*zzz… .* 200$/);
});

Deno.test("a front door that left is offline, without old figures", () => {
  const view = { ...VIEW, status: undefined, offline: "nothing answers" };
  deepStrictEqual(topLines(view, OPTIONS).slice(0, 2), [
    "http://127.0.0.1:8081  offline",
    "nothing answers",
  ]);
});
