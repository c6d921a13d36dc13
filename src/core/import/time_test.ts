/** No file makes an import slow, however its lines and words repeat. */
import { ok } from "node:assert/strict";
import { SOULSTONE_LIMIT } from "../codex/limits.ts";
import { EMPTY_HOST } from "./empty_host.ts";
import { importLlamaSwap, importQuadlet } from "./mod.ts";

const encoder = new TextEncoder();

/** Half the limit of a file. */
const LENGTH = 60_000;

/** The most times that an import may take as long as an ordinary one; quadratic work takes more. */
const LIMIT = 10;

/** The milliseconds of an import of an ordinary configuration of full length. */
let ordinary: number | undefined;

/** Returns the milliseconds of an import. */
async function timeOf(importFile: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await importFile();
  return performance.now() - start;
}

/**
 * Fails if an import takes much longer than an ordinary one. A busy machine can spoil a measurement,
 * so both are measured up to three times.
 */
async function checkTime(importFile: () => Promise<unknown>): Promise<void> {
  let ratio = Infinity;
  for (let attempt = 0; attempt < 3 && ratio > LIMIT; attempt++) {
    if (attempt > 0) ordinary = undefined;
    ordinary ??= await timeOf(() => importSwap(models(SOULSTONE_LIMIT)));
    ratio = await timeOf(importFile) / ordinary;
  }
  ok(ratio <= LIMIT, `it takes ${Math.round(ratio)} times as long as an ordinary import`);
}

function importUnit(text: string): Promise<unknown> {
  const file = { path: "a.container", bytes: encoder.encode(text) };
  return importQuadlet([{ file, folder: "/units", dropIns: [] }], EMPTY_HOST);
}

function importSwap(text: string): Promise<unknown> {
  const file = { path: "config.yaml", bytes: encoder.encode(text) };
  return importLlamaSwap([file], IMAGES, EMPTY_HOST);
}

function many(text: (i: number) => string, least = LENGTH): string {
  const parts: string[] = [];
  for (let [i, length] = [0, 0]; length < least; i++) {
    parts.push(text(i));
    length += text(i).length;
  }
  return parts.join("");
}

const CONTAINER = "[Container]\nImage=localhost/x\n";

const UNITS: Readonly<Record<string, string>> = {
  "blanks in a value": `${CONTAINER}Exec=a${many(() => " ")}b\n`,
  "quotes in a value": `${CONTAINER}HealthCmd=a${many(() => '"')}b\n`,
  "digits in a time": `${CONTAINER}[Service]\nTimeoutStartSec=${"1".repeat(60)}!\n`,
  "open variables": `${CONTAINER}Exec=${many(() => "${")}\n`,
  "an address": `${CONTAINER}PublishPort=80\nExec=${many(() => "127.")}:80\n`,
  "digits in an address": `${CONTAINER}PublishPort=80\nEnvironment=HOST=${many(() => "1")}:80\n`,
  "lines of one key": `${CONTAINER}${many((i) => `Volume=/a:/${i}\n`)}`,
  "lines without effect": `${CONTAINER}${many(() => "Pull=x\n")}`,
  "lines of unknown keys": `${CONTAINER}${many((i) => `X${i}=1\n`)}`,
  "lines of own keys": `${CONTAINER}[Service]\n${many((i) => `X-${i}=1\n`)}`,
  "ports": `${CONTAINER}${many((i) => `PublishPort=${i % 60_000}\n`)}`,
  "words": `${CONTAINER}Exec=${many((i) => `w${i} `)}\n`,
  "options": `${CONTAINER}PodmanArgs=${many((i) => `--o${i} `)}\n`,
  "comments": `${CONTAINER}${many(() => "#\n")}`,
  "continued lines": `${CONTAINER}Exec=${many(() => "a \\\n")}`,
};

for (const [name, text] of Object.entries(UNITS)) {
  Deno.test(`a unit of many ${name} is fast to import`, () => checkTime(() => importUnit(text)));
}

const IMAGES = new Map([["llama-server", "ghcr.io/ggml-org/llama.cpp:server"]]);

const SERVER = "llama-server --port ${PORT} -m /m.gguf";

/** Returns the names of `count` models. */
function ids(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `m${i}`);
}

function models(count: number): string {
  return `models:\n${ids(count).map((id) => `  ${id}: {cmd: "${SERVER}"}\n`).join("")}`;
}

/** Returns sets of twenty models that share some models with other sets. */
function overlapping(count: number, sets: number): string {
  return Array.from({ length: sets }, (_, i) => {
    const members = Array.from(
      { length: 20 },
      (_, k) => `m${(i * 7 + k * (k + 1 + i % 5)) % count}`,
    );
    return `    s${i}: ${members.join(" & ")}\n`;
  }).join("");
}

/** Returns a set for each choice of all but one of every few models: the most largest sets. */
function pairs(count: number, apart: number): string {
  return Array.from({ length: apart ** 4 }, (_, i) => {
    const left = (id: number) => Math.floor(i / apart ** (Math.floor(id / apart) % 4)) % apart;
    const members = ids(count).filter((_, id) => id % apart === left(id));
    return `    s${i}: ${members.join(" & ")}\n`;
  }).join("");
}

const CONFIGS: Readonly<Record<string, string>> = {
  "blanks in a command": `models:\n  a:\n    cmd: "${SERVER} ${many(() => " ")}x"\n`,
  "words": `models:\n  a:\n    cmd: ${SERVER} ${many((i) => `w${i} `)}\n`,
  "options of a container": `models:\n  a:\n    cmd: docker run ${many((i) => `-e A${i}=1 `)} x\n`,
  "variables": `models:\n  a:\n    cmd: ${SERVER}\n    env:\n${many((i) => `      - A${i}=1\n`)}`,
  "dashes in a name": `models:\n  "a${many(() => "-")}b":\n    cmd: ${SERVER}\n`,
  "models": `models:\n${many((i) => `  m${i}:\n    cmd: ${SERVER}\n`)}`,
  "groups": `models:\n  a:\n    cmd: ${SERVER}\ngroups:\n${
    many((i) => `  g${i}: {members: [a]}\n`)
  }`,
  "macros in each other": `macros:\n  m0: xxxxxxxxxx\n${
    Array.from({ length: 40 }, (_, i) => `  m${i + 1}: "\${m${i}}\${m${i}}"\n`).join("")
  }models:\n  a:\n    cmd: ${SERVER} \${m40}\n`,
  "parentheses": `models:\n  a:\n    cmd: ${SERVER}\nmatrix:\n  sets:\n    s: "${
    many(() => "(")
  }"\n`,
  "alternatives": `models:\n  a:\n    cmd: ${SERVER}\nmatrix:\n  sets:\n    s: "${
    many(() => "a|")
  }a"\n`,
  "models in a large set": `${models(200)}matrix:\n  sets:\n    s: ${ids(200).join(" & ")}\n`,
  "models in many sets": `${models(SOULSTONE_LIMIT)}matrix:\n  sets:\n${
    overlapping(SOULSTONE_LIMIT, 120)
  }`,
  "models in more sets than groups may be": `${models(SOULSTONE_LIMIT)}matrix:\n  sets:\n${
    overlapping(SOULSTONE_LIMIT, 500)
  }`,
  "models in pairs": `${models(40)}matrix:\n  sets:\n${pairs(40, 3)}`,
  "sets of many combinations": `${models(SOULSTONE_LIMIT)}matrix:\n  sets:\n    s: (${
    ids(200).join(" | ")
  }) & ${ids(SOULSTONE_LIMIT).slice(200).join(" & ")}\n${many((i) => `    s${i}: +s\n`, 90_000)}`,
  "sets that are joined": `${models(SOULSTONE_LIMIT)}matrix:\n  sets:\n    s: ${
    ids(SOULSTONE_LIMIT).join(" & ")
  }\n    t: ${many(() => "+s & ", 90_000)}+s\n`,
  "models that are joined again and again": `${models(SOULSTONE_LIMIT)}matrix:\n  sets:\n    s: (${
    ids(200).join(" | ")
  }) & ${many((i) => `m${i % SOULSTONE_LIMIT} & `, 90_000)}m0\n`,
  "brackets": many(() => "["),
  "nested mappings": many(() => "{a: "),
  "merges": `a: &a {${Array.from({ length: 3000 }, (_, i) => `k${i}: 1`).join(", ")}}\nb:\n  <<: [${
    "*a, ".repeat(20_000)
  }]\n`,
  "unknown settings": many((i) => `x${i}: 1\n`),
};

for (const [name, text] of Object.entries(CONFIGS)) {
  Deno.test(`a configuration of many ${name} is fast to import`, () =>
    checkTime(() => importSwap(text)));
}
