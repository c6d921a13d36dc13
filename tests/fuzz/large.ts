/** Texts of many tables, words and blanks: rare, since each takes as long as hundreds of others. */
import fc from "fast-check";

/** Not more than a file may have, or nothing of it would be read. */
const LENGTH = 130_000;

const EYE = '[eye]\nimage = "localhost/x"\nport = 8780\n';

/** What a file of Soulstones may have too much of; `n` is from 1 to 100. */
const SOULSTONES: readonly ((n: number) => string)[] = [
  (n) => many(n * 2, (i) => `[s${i}]\nimage = "localhost/x"\nport = ${2000 + i}\n`),
  (n) => many(n * 2, (i) => `[s${i}]\nimage = "x"\nport = ${2000 + i}\ngroups = ["g${i % 60}"]\n`),
  (n) => many(n * 50, (i) => `[s${i}]\n`),
  (n) => many(n * 50, (i) => `[[s.a${i}]]\n`),
  (n) => EYE + many(n * 20, (i) => `u${i} = ${i}\n`),
  (n) => `${EYE}exec = [${many(n * 100, (i) => `"w${i}", `)}]\n`,
  (n) => `${EYE}secrets = [${many(n * 20, () => '"!",\n')}]\n`,
  (n) => `${EYE}groups = [${many(n * 5, (i) => `"g${i}", `)}]\n`,
  (n) => `${EYE}volumes = ["/a:${"/".repeat(n * 800)}b"]\n`,
  (n) => `${EYE}description = "a${" ".repeat(n * 800)}b"\n`,
  (n) => `${EYE}model = "${"x".repeat(n * 1100)}"\n`,
  (n) => `${EYE}exec = ${" ".repeat(n * 800)}"${"a ".repeat(n * 400)}"${" \t".repeat(n * 200)}\n`,
  (n) => `${EYE}env = { ${many(n * 20, (i) => `A${i} = "", `)} }\n`,
  (n) => `${EYE}quadlet.Container.PodmanArgs = [${many(n * 50, () => '"--a", ')}]\n`,
  (n) => `${EYE}health.path = ${"[".repeat(n * 500)}\n`,
  (n) => `${EYE}${"a.".repeat(n * 100)}b = 1\n`,
  (n) => EYE + "\n".repeat(n * 1000),
  (n) => EYE + "# a comment\n".repeat(n * 100),
];

/** The text of a file of Soulstones that is large in one way. */
export const largeSoulstones: fc.Arbitrary<string> = oneOf(SOULSTONES);

const CONTAINER = "[Container]\nImage=localhost/x\n";

const UNITS: readonly ((n: number) => string)[] = [
  ...[" ", "\t", "\\", '"', "'", "1", "=", "$", "${", "%", "127.", "a ", "a \\\n", "-", "\\\n#\n"]
    .map((part) => (n: number) => `${CONTAINER}Exec=a${part.repeat(n * 500)}b\n`),
  ...["Environment=HOST=", "HealthCmd=", "PodmanArgs=", "PublishPort=", "Volume="].map(
    (line) => (n: number) =>
      `${CONTAINER}${line}a${'"'.repeat(n * 200)}${" 1".repeat(n * 200)}b:80\n`,
  ),
  (n) => CONTAINER + many(n * 10, (i) => `Volume=/a:/${i}\n`),
  (n) => CONTAINER + many(n * 50, (i) => `X${i % 7}=${i}\n`),
  (n) => `${CONTAINER}[Service]\nTimeoutStartSec=${"1".repeat(n)}!\n`,
  (n) => CONTAINER + "\n".repeat(n * 500),
];

/** The text of a unit that is large in one way. */
export const largeUnit: fc.Arbitrary<string> = oneOf(UNITS);

const SERVER = "llama-server --port ${PORT} -m /m.gguf";

const CONFIGS: readonly ((n: number) => string)[] = [
  (n) => `models:\n${many(n, (i) => `  m${i}:\n    cmd: ${SERVER}\n`)}`,
  (n) => `models:\n  a:\n    cmd: "${SERVER} ${" ".repeat(n * 500)}x"\n`,
  (n) => `models:\n  a:\n    cmd: ${SERVER} ${many(n * 20, (i) => `-e A${i}=1 `)}\n`,
  (n) => `models:\n  "a${"-".repeat(n * 500)}b":\n    cmd: ${SERVER}\n`,
  (n) =>
    `macros:\n  m0: x\n${many(n, (i) => `  m${i + 1}: "\${m${i}}\${m${i}}"\n`)}models:\n` +
    `  a:\n    cmd: ${SERVER} \${m${n}}\n`,
  (n) => `models:\n  a:\n    cmd: x\nmatrix:\n  sets:\n    s: "${"(".repeat(n * 100)}"\n`,
  (n) => "[".repeat(n * 500),
  (n) => many(n * 50, (i) => `x${i}: 1\n`),
];

/** The text of a configuration of llama-swap that is large in one way. */
export const largeConfig: fc.Arbitrary<string> = oneOf(CONFIGS);

function oneOf(shapes: readonly ((n: number) => string)[]): fc.Arbitrary<string> {
  return fc.tuple(fc.constantFrom(...shapes), fc.integer({ min: 1, max: 100 }))
    .map(([shape, n]) => shape(n).slice(0, LENGTH));
}

function many(count: number, each: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => each(i)).join("");
}
