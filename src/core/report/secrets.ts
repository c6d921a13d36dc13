/**
 * Finds secrets in a Codex: values with a name such as `HF_TOKEN`, and texts with the form of one.
 *
 * @module
 */

/** Words of a name that a secret follows. Plural `tokens` are counted, not secret. */
const SECRET_WORD =
  /^(?:token|secret|key|apikey|password|passwd|passphrase|pwd|credential|credentials)$/;

/** Last words of the name of a file, of a Podman secret or of a kind. */
const NAMES_A_PLACE = /^(?:file|path|dir|name|type|url|env|lifetime|length|size)$/;

/** Fields of lychd that name a Podman secret. */
const FIELDS: ReadonlySet<string> = new Set(["secret", "key_secret", "admin_password_secret"]);

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
  return words.some((word) => SECRET_WORD.test(word)) && !NAMES_A_PLACE.test(words.at(-1) ?? "");
}

/** The form of a secret: a URL with a password, an `Authorization` header, a key of a known service. */
const FORMS = [
  String.raw`://[^\s/:@'"]*:(?<url>[^\s/@'"]+)@`,
  String.raw`\b(?:Bearer|Basic) +(?<header>[^\s'"]+)`,
  String.raw`\b(?<known>(?:hf_|sk-|ghp_|gho_|github_pat_|glpat-|nvapi-|xox[abp]-|AKIA)[\w-]{8,})`,
].join("|");

/** A value behind a name: `TOKEN=x` or `--api-key=x`, and `--api-key x`. */
const NAMED = [
  /(?<![\w-])-{0,2}(?<name>[A-Za-z][\w-]*)=(?<value>[^\s'",;]+)/g,
  /(?<![\w-])--?(?<name>[A-Za-z][\w-]*)\s+(?<value>[^\s'",;-][^\s'",;]*)/g,
];

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
  // The value of this option is a pair again.
  const pairs = text.replaceAll("--env=", "");
  const named = NAMED.flatMap((pattern) => [...pairs.matchAll(pattern)])
    .filter(({ groups }) => isSecretName(groups?.["name"] ?? ""))
    .map(({ groups }) => groups?.["value"] ?? "");
  const formed = [...text.matchAll(new RegExp(FORMS, "gi"))]
    .map(({ groups = {} }) => groups["url"] ?? groups["header"] ?? groups["known"] ?? "");
  return [...named, ...formed];
}

const STRING = String.raw`"""[^]*?"""|'''[^]*?'''|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'`;

/** A key with its value, or an option and the next word of a list. */
const PAIR = new RegExp(
  String.raw`(?:(?<![\w-])(?<key>[\w-]+)|(?<=["'])(?<quoted>[^"'\n]+)["'])\s*=\s*` +
    String.raw`(?<value>${STRING}|[^\s,}\]#"']+)` +
    String.raw`|(?<=["'])--?(?<option>[A-Za-z][\w-]*)["']\s*,(?:\s|#.*\n)*(?<word>${STRING})`,
  "g",
);

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
  const hidden = (text: string) => text.replace(/[^\r\n]/g, "*");
  const inStrings = source.replace(new RegExp(STRING, "g"), (text) => {
    let masked = text;
    for (const secret of secretsIn(text.slice(1, -1))) {
      masked = masked.replaceAll(secret, hidden(secret));
    }
    return masked;
  });
  return inStrings.replace(PAIR, (pair, ...rest) => {
    const { key, quoted, option, value, word } = rest.at(-1);
    const secret: string = value ?? word ?? "";
    if (!isSecretName(key ?? quoted ?? option ?? "")) return pair;
    const [, quote = ""] = /^("""|'''|["'])/.exec(secret) ?? [];
    const inner = secret.slice(quote.length, secret.length - quote.length);
    return `${pair.slice(0, pair.length - secret.length)}${quote}${hidden(inner)}${quote}`;
  });
}
