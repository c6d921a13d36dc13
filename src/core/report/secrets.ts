/**
 * Finds secrets in a Codex: values with a name such as `HF_TOKEN`, and texts with the form of one.
 *
 * @module
 */

/** Words of a name that a secret follows. Plural `tokens` are counted, not secret. */
const SECRET_WORD =
  /^(?:token|secrets?|key|apikey|passwords?|passwd|passphrase|pwd|creds|credentials?|jwt)$/;

/** Words that are a secret only at the end of a name: `DB_PASS`, but not `PassEnvironment`. */
const SECRET_END = /^(?:auth|authorization|keys|apikeys|pass|pat)$/;

/** Last words of the name of a file, of a Podman secret or of a kind. */
const NAMES_A_PLACE = /^(?:file|path|dir|name|type|url|env|lifetime|length|size)$/;

/** Fields of lychd and of Quadlet that name a Podman secret. */
const FIELDS: ReadonlySet<string> = new Set(
  [
    "secret",
    "secrets",
    "Secret",
    "key_secret",
    "admin_password_secret",
    "basic_auth",
    "authorization",
  ],
);

/** The special tokens of a tokenizer, such as `eos_token_id`. */
const SPECIAL_TOKEN =
  /(?:^|_)(?:bos|bot|cls|eom|eos|eot|fim|mask|nl|pad|sep|stop|think|unk|audio|image|video)_token/;

/**
 * Returns true if the name of a variable, a flag or a field is that of a secret.
 *
 * @example
 * ```ts
 * import { isSecretName } from "./secrets.ts";
 * isSecretName("AWS_ACCESS_KEY_ID"); // true
 * isSecretName("--max-num-batched-tokens"); // false
 * ```
 */
export function isSecretName(name: string): boolean {
  if (FIELDS.has(name)) return false;
  const words = name.replace(/([a-z])(?=[A-Z])/g, "$1_").toLowerCase().split(/[^a-z]+/)
    .filter((word) => word !== "");
  if (SPECIAL_TOKEN.test(words.join("_"))) return false;
  const last = words.at(-1) ?? "";
  return SECRET_END.test(last) ||
    words.some((word) => SECRET_WORD.test(word)) && !NAMES_A_PLACE.test(last);
}

/**
 * The form of a secret: a URL with a password, an `Authorization` header, a key of a known service, 256
 * bits in hexadecimal that are not a digest.
 */
const FORMS = [
  String.raw`://[^\s/:@'"]*:(?<url>[^\s/'"]+)@`,
  String.raw`\b(?:[Bb]earer|[Bb]asic) +(?<header>[^\s'"]+)`,
  String.raw`\b(?<known>(?:hf_|sk-|ghp_|gho_|github_pat_|glpat-|nvapi-|xox[abp]-|AKIA)[\w-]{8,})`,
  String.raw`(?<![\w:])(?<random>[0-9A-Fa-f]{64})\b`,
].join("|");

/**
 * A value up to the quote or bracket that ends it, otherwise up to the end of the word. A quote can be escaped, several
 * times for JSON in TOML; the same number of backslashes is before the one that ends it.
 */
const VALUE = String.raw`(?<open>\\*["'])(?<quoted>[^]*?)(?=(?<!\\)\k<open>|$)` +
  String.raw`|[[{](?<list>[^\]}]+)` +
  String.raw`|(?<word>[^\s'",;\\-](?:[^\s'",;\\]|\\+[^\s'"\\])*)`;

/** Patterns of the text before a value: `TOKEN=`, `--api-key `, `x-api-key: ` and `"token": `. */
const LEADS = [
  String.raw`(?<![\w-])-{0,2}(?<name>[A-Za-z][\w-]*)=`,
  String.raw`(?<![\w-])--?(?<name>[A-Za-z][\w-]*)\s+`,
  String.raw`(?<![\w-])(?<name>[A-Za-z]+[-_][\w-]*):\s+`,
  String.raw`(?<![\w-])(?<name>[A-Za-z][\w-]*)\\*["']\s*:\s*`,
];

/** Names before values. A value can be a pair again, as in `--env=TOKEN=x`. */
const NAMED = LEADS.map((lead) => new RegExp(lead, "g"));

const VALUE_HERE = new RegExp(VALUE, "dy");

const FORMED = new RegExp(FORMS, "dg");

/** A variable that has the secret, or a switch. */
const NO_SECRET = /^(?:\$(?:\{[\w.]+\}|\w+)|(?:(?:bool:)?(?:true|false)|null)[\]}]*)$/;

type Span = readonly [start: number, end: number];

/** Returns where secrets are in a text, in linear time. */
function spansIn(text: string): Span[] {
  const formed = [...text.matchAll(FORMED)]
    .flatMap(({ indices }) => Object.values(indices?.groups ?? {}));
  return [...NAMED.flatMap((pattern) => valuesBehind(pattern, text)), ...formed]
    .filter((span) => span !== undefined)
    .filter(([start, end]) => !NO_SECRET.test(text.slice(start, end)));
}

/** Returns where the values behind names of secrets are, without those within another one. */
function valuesBehind(pattern: RegExp, text: string): Span[] {
  const spans: Span[] = [];
  for (const { index, 0: lead, groups } of text.matchAll(pattern)) {
    if (index < (spans.at(-1)?.[1] ?? 0) || !isSecretName(groups?.["name"] ?? "")) continue;
    VALUE_HERE.lastIndex = index + lead.length;
    const { quoted, list, word } = VALUE_HERE.exec(text)?.indices?.groups ?? {};
    const span = quoted ?? list ?? word;
    if (span !== undefined) spans.push(span);
  }
  return spans;
}

/**
 * Returns the secrets in a text: a value of `env`, or one word of a command.
 *
 * @example
 * ```ts
 * import { secretsIn } from "./secrets.ts";
 * secretsIn("--api-key=abc"); // ["abc"]
 * secretsIn("postgres://me:abc@db/x"); // ["abc"]
 * ```
 */
export function secretsIn(text: string): string[] {
  return spansIn(text).map(([start, end]) => text.slice(start, end));
}

/** A string of TOML. One of several lines that is not closed ends with the file. */
const STRING = String.raw`"""[^]*?(?:"""|$)|'''[^]*?(?:'''|$)|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'`;

/** A key, or an option in a list, up to its value. `:` and no sign at all are mistakes for `=`. */
const HEAD = new RegExp(
  String.raw`(?:(?<![\w-])(?<key>[\w-]+)|(?<=["'])(?<quoted>(?:[^"'\n\\]|\\[^"'\n])+)["'])` +
    String.raw`(?:[ \t]*[=:]+[ \t]*|[ \t]+(?=["']))` +
    String.raw`|(?<=["'])--?(?<option>[A-Za-z][\w-]*)["']\s*,(?:\s|#.*\n)*`,
  "g",
);

const TOML_VALUE = new RegExp(
  String.raw`${STRING}|\[(?:${STRING}|[^\]"'])*\]?|[^\s,}\]#"']*`,
  "y",
);

/** The rest of the line after a value, if it is valid TOML. */
const AFTER_VALUE = /[ \t]*(?:[,}\]#\r\n]|$)/y;

/** Returns where the value at `start` is: all up to the end of the line if it is not valid TOML. */
function valueAt(source: string, start: number): Span {
  TOML_VALUE.lastIndex = start;
  const value = TOML_VALUE.exec(source)?.[0] ?? "";
  const end = start + value.length;
  AFTER_VALUE.lastIndex = end;
  // A pair in a string ends with the string.
  const isInString = /^[^"'\[]/.test(value) && /["']/.test(source[end] ?? "");
  if (!isInString && !AFTER_VALUE.test(source)) {
    const lineEnd = source.indexOf("\n", end);
    return [start, lineEnd < 0 ? source.length : lineEnd];
  }
  const [quote = ""] = /^(?:"""|'''|["'])/.exec(value) ?? [];
  return [start + quote.length, value.endsWith(quote) ? end - quote.length : end];
}

/**
 * Returns a value of a Codex or of another file with `*` for each character of a secret.
 *
 * @example
 * ```ts
 * import { maskWords } from "./secrets.ts";
 * maskWords("--env=HF_TOKEN=abc"); // "--env=HF_TOKEN=***"
 * ```
 */
export function maskWords(text: string): string {
  return hide(text, spansIn(text));
}

/**
 * Returns the text of a Codex file with `*` for each character of a secret, so that every place stays
 * where it is.
 *
 * @example
 * ```ts
 * import { maskSecrets } from "./secrets.ts";
 * maskSecrets('env = { HF_TOKEN = "abc" }'); // 'env = { HF_TOKEN = "***" }'
 * ```
 */
export function maskSecrets(source: string): string {
  const spans: Span[] = [];
  for (const { index, 0: head, groups = {} } of source.matchAll(HEAD)) {
    if (index < (spans.at(-1)?.[1] ?? 0)) continue;
    const name = groups["key"] ?? groups["quoted"] ?? groups["option"] ?? "";
    if (isSecretName(name)) spans.push(valueAt(source, index + head.length));
  }
  const ofLines = [...source.matchAll(/[^\n]+/g)].flatMap(({ index, 0: line }) =>
    spansIn(line).map(([start, end]): Span => [index + start, index + end])
  );
  return hide(source, [...spans, ...ofLines]);
}

/** Replaces the characters of the spans, but no line ends. */
function hide(text: string, spans: readonly Span[]): string {
  let hidden = "";
  for (const [start, end] of [...spans].sort(([a], [b]) => a - b)) {
    hidden += text.slice(hidden.length, Math.max(start, hidden.length));
    hidden += text.slice(hidden.length, end).replace(/[^\r\n]/g, "*");
  }
  return hidden + text.slice(hidden.length);
}
