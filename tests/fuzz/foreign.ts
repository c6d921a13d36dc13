/** What others write and lychd reads: Quadlet units, and configurations of llama-swap. */
import fc from "fast-check";
import { QUADLET_KEYS } from "../../src/core/rune/mod.ts";
import { text, withSlips } from "./toml.ts";

const unitKey = fc.constantFrom(
  ...Object.keys(QUADLET_KEYS.Container),
  ...["After", "Conflicts", "Restart", "TimeoutStartSec", "Environment", "ExecStartPre"],
  ...["WantedBy", "X-Y", "", " ", "=", "\ufeffX"],
);

/** Values that mean something in a unit, or nearly. */
const unitValue = fc.oneof(
  { weight: 2, arbitrary: text },
  fc.constantFrom(
    ...["docker.io/vllm/vllm-openai:v0.33.0", "x.image", "8000:8000", "127.0.0.1:80:80/udp"],
    ...[
      "%h/m:/m",
      "--port 8000 --host 127.0.0.1",
      "'a b' \"c\\x41\" \\",
      "a\\q",
      "${HOME}/x $$ %i",
    ],
    ...["a.service", "1min 30s", "infinity", "90", "yes", "--gpus all -e A=1 -it", "lychd.pod"],
    ...["PORT=8000", '"" x', "--port=8000 x:8000", "${"],
  ),
);
const unitLine = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(unitKey, unitValue).map((pair) => pair.join("=")) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...["[Unit]", "[Container]", "[Container]", "[Service]", "[Install]", "[]", "[a]b", "[["],
    ),
  },
  { weight: 1, arbitrary: text.map((words) => `# ${words}`) },
  { weight: 1, arbitrary: text.map((words) => `; ${words}\\`) },
  {
    weight: 2,
    arbitrary: fc.tuple(unitKey, unitValue).map(([name, words]) => `${name} = ${words} \\`),
  },
  { weight: 1, arbitrary: fc.constantFrom("", " ", "\t", "\r", "  x \\  ") },
);

/** The text of a unit file: most often of one that could be imported. */
export const unitText: fc.Arbitrary<string> = withSlips(
  fc.tuple(
    fc.constantFrom("", "[Container]\nImage=docker.io/vllm/vllm-openai:v0.33.0\n"),
    fc.array(unitLine, { maxLength: 16 }),
  ).map(([head, lines]) => head + lines.join("\n")),
);

const command = fc.array(
  fc.constantFrom(
    ...["llama-server", "docker run --gpus all -p 1:2 x", "podman run", "env A=1", "sudo -u x"],
    ...["vllm serve", "--port ${PORT}", "-m /m/a.gguf", "${args}", "${env.HOME}", "'a b'", "'open"],
    ...["\\", "# x", "--host 127.0.0.1"],
  ),
  { maxLength: 5 },
).map((words) => words.join(" "));
const yamlScalar = fc.oneof(
  command.map((words) => JSON.stringify(words)),
  fc.constantFrom(
    ...[
      "1",
      "true",
      "~",
      "1e3",
      "*x",
      "&x 1",
      "yes",
      "''",
      "|\n      a\n      b",
      "! x",
      "0",
      "5s",
    ],
  ),
);
const yamlValue = fc.oneof(
  { weight: 4, arbitrary: yamlScalar },
  fc.array(yamlScalar, { maxLength: 3 }).map((list) => `[${list.join(", ")}]`),
  fc.array(yamlScalar, { maxLength: 2 }).map((list) =>
    `{${list.map((each, i) => `k${i}: ${each}`).join(", ")}}`
  ),
);
const modelKey = fc.constantFrom(
  ...["cmd", "env", "ttl", "aliases", "proxy", "checkEndpoint", "macros", "useModelName", "name"],
  ...["<<", "unlisted"],
);
const model = fc.tuple(
  fc.constantFrom("a", "b", "c d", '"x:y"', "1", "a-"),
  command,
  fc.array(fc.tuple(modelKey, yamlValue).map((pair) => `    ${pair.join(": ")}\n`), {
    maxLength: 2,
  }),
).map(([id, cmd, fields]) =>
  `  ${id}:\n    cmd: ${JSON.stringify(`llama-server --port \${PORT} ${cmd}`)}\n${fields.join("")}`
);
const configKey = fc.constantFrom(
  ...["groups", "matrix", "routing", "hooks", "healthCheckTimeout", "startPort", "logLevel", "y"],
);

/** Many models, and sets that join many of them. */
const largeConfig = fc.tuple(
  fc.integer({ min: 1, max: 60 }),
  fc.array(fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 7 }), fc.constantFrom("&", "|")), {
    maxLength: 40,
  }),
).map(([count, sets]) => {
  const ids = Array.from({ length: count }, (_, i) => `m${i}`);
  const models = ids.map((id) => `  ${id}: {cmd: docker run x}\n`).join("");
  const lines = sets.map(([from, step, mark], i) => {
    const members = ids.filter((_, id) => id >= from && id % step === 0);
    return `    s${i}: "${(members.length === 0 ? ids : members).join(` ${mark} `)}"\n`;
  });
  return `models:\n${models}matrix:\n  sets:\n${lines.join("")}`;
});

const smallConfig = fc.tuple(
  fc.constantFrom("", "macros: {args: -c 8}\n", "x: &x {ttl: 1}\n", "%YAML 1.2\n---\n"),
  fc.uniqueArray(model, { selector: (each) => each.split("\n")[0], maxLength: 3 }),
  fc.array(fc.tuple(configKey, yamlValue).map((pair) => `${pair.join(": ")}\n`), {
    maxLength: 1,
  }),
  fc.constantFrom(
    ...["", "", "groups:\n  g: {swap: false, members: [a, b]}\n"],
    'matrix:\n  vars: {v: a}\n  sets:\n    s: "(v | b) & +t"\n    t: b\n',
    "hooks:\n  on_startup:\n    preload: [a]\n",
  ),
).map(([head, models, more, end]) => `${head}models:\n${models.join("")}${more.join("")}${end}`);

/** The text of a configuration of llama-swap. */
export const configText: fc.Arbitrary<string> = withSlips(
  fc.oneof({ weight: 15, arbitrary: smallConfig }, { weight: 1, arbitrary: largeConfig }),
);
