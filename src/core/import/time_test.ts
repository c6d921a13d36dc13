/** No file makes an import slow, however its lines and words repeat. */
import { ok } from "node:assert/strict";
import { importLlamaSwap, importQuadlet } from "./mod.ts";

const CONTEXT = {
  home: "/home/lich",
  runtime: undefined,
  config: undefined,
  user: 1000,
  takenPorts: new Map(),
  takenGroups: new Set<string>(),
};

const encoder = new TextEncoder();

/** Just under what a file may have. */
const LENGTH = 120_000;

/** Others work on the machine too; by the square each would take half a minute and more. */
const LIMIT_MILLISECONDS = 6000;

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
  "ports": `${CONTAINER}${many((i) => `PublishPort=${i % 60_000}\n`)}`,
  "words": `${CONTAINER}Exec=${many((i) => `w${i} `)}\n`,
  "options": `${CONTAINER}PodmanArgs=${many((i) => `--o${i} `)}\n`,
  "comments": `${CONTAINER}${many(() => "#\n")}`,
  "continued lines": `${CONTAINER}Exec=${many(() => "a \\\n")}`,
};

for (const [name, text] of Object.entries(UNITS)) {
  Deno.test(`a unit of many ${name} is imported, or refused, in time`, async () => {
    const begun = performance.now();
    const file = { path: "a.container", bytes: encoder.encode(text) };
    await importQuadlet([{ file, folder: "/units", dropIns: [] }], CONTEXT);
    const milliseconds = performance.now() - begun;
    ok(milliseconds < LIMIT_MILLISECONDS, `${Math.round(milliseconds)} ms`);
  });
}

const IMAGES = new Map([["llama-server", "ghcr.io/ggml-org/llama.cpp:server"]]);

const SERVER = "llama-server --port ${PORT} -m /m.gguf";

/** The names of `count` models, and the mapping of them. */
function ids(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `m${i}`);
}

function models(count: number): string {
  return `models:\n${ids(count).map((id) => `  ${id}: {cmd: "${SERVER}"}\n`).join("")}`;
}

/** As many sets of twenty models each, of which each shares some with others. */
function overlapping(count: number, sets: number): string {
  return Array.from({ length: sets }, (_, i) => {
    const members = Array.from(
      { length: 20 },
      (_, k) => `m${(i * 7 + k * (k + 1 + i % 5)) % count}`,
    );
    return `    s${i}: ${members.join(" & ")}\n`;
  }).join("");
}

/** A set that has all but one of every few models, for each way to choose: no largest sets are more. */
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
  "models in many sets": `${models(500)}matrix:\n  sets:\n${overlapping(500, 120)}`,
  "models in more sets than groups may be": `${models(500)}matrix:\n  sets:\n${
    overlapping(500, 500)
  }`,
  "models in pairs": `${models(40)}matrix:\n  sets:\n${pairs(40, 3)}`,
  "sets of many combinations": `${models(500)}matrix:\n  sets:\n    s: (${
    ids(400).join(" | ")
  }) & ${ids(500).slice(400).join(" & ")}\n${many((i) => `    s${i}: +s\n`, 90_000)}`,
  "sets that are joined": `${models(500)}matrix:\n  sets:\n    s: ${ids(500).join(" & ")}\n    t: ${
    many(() => "+s & ", 90_000)
  }+s\n`,
  "models that are joined again and again": `${models(500)}matrix:\n  sets:\n    s: (${
    ids(400).join(" | ")
  }) & ${many((i) => `m${i % 500} & `, 90_000)}m0\n`,
  "brackets": many(() => "["),
  "nested mappings": many(() => "{a: "),
  "merges": `a: &a {${Array.from({ length: 3000 }, (_, i) => `k${i}: 1`).join(", ")}}\nb:\n  <<: [${
    "*a, ".repeat(20_000)
  }]\n`,
  "settings that nobody knows": many((i) => `x${i}: 1\n`),
};

for (const [name, text] of Object.entries(CONFIGS)) {
  Deno.test(`a configuration of many ${name} is imported, or refused, in time`, async () => {
    const begun = performance.now();
    const file = { path: "config.yaml", bytes: encoder.encode(text) };
    await importLlamaSwap(file, IMAGES, CONTEXT);
    const milliseconds = performance.now() - begun;
    ok(milliseconds < LIMIT_MILLISECONDS, `${Math.round(milliseconds)} ms`);
  });
}
