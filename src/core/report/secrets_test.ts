import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { isSecretName, maskSecrets, secretsIn } from "./secrets.ts";

const SECRET_NAMES =
  ("HF_TOKEN HF_TOKEN_READ ANTHROPIC_AUTH auth PASSWD DB_PASSWORD DB_PASS GH_PAT API_KEYS CREDS AWS_ACCESS_KEY_ID " +
    "AWS_SECRET_ACCESS_KEY apiKey --api-key api_key client_secret SECRET KEY credentials").split(
      " ",
    );
const OTHER_NAMES =
  ("HF_TOKEN_PATH AUTH_TYPE AUTHOR basic_auth --max-num-batched-tokens TOKENIZERS_PARALLELISM --tokenizer " +
    "admin_password_secret secret secrets Secret PassEnvironment --ssl-keyfile --api-key-file model KEYSPACE --max-tokens")
    .split(" ");

Deno.test("the names of secrets, and similar ones of other values", () => {
  deepStrictEqual(SECRET_NAMES.filter((name) => !isSecretName(name)), []);
  deepStrictEqual(OTHER_NAMES.filter(isSecretName), []);
});

const HEX = "0a".repeat(32);

Deno.test("secrets in a word: by the name before it, or by its form", () => {
  const words: Readonly<Record<string, readonly string[]>> = {
    "--api-key=s3": ["s3"],
    "--env=X_TOKEN=s3": ["s3"],
    "OPENAI_API_KEY=s3": ["s3"],
    "serve --api-key s3 --port 1": ["s3"],
    "postgres://u:s3@h/d": ["s3"],
    "Authorization: Bearer s3": ["s3"],
    "x hf_abcdefghij": ["hf_abcdefghij"],
    'serve --api-key "s3 cret" --port 1': ["s3 cret"],
    "TOKEN='s3' serve": ["s3"],
    "curl -H 'x-api-key: s3'": ["s3"],
    '{"token":"s3"}': ["s3"],
    "postgres://u:s@3@h/d": ["s@3"],
    [HEX]: [HEX],
    [`sha256:${HEX} x@sha256:${HEX} ${HEX}00`]: [],
    "is not a valid secret: Podman": [],
    "--api-key ${env.KEY} TOKEN=$TOKEN": [],
    "--api-key --port 1": [],
    "https://host:8080/x": [],
    "--max-num-batched-tokens=8": [],
    "skip-this-sk-short": [],
    "tokenizer.ggml.add_bos_token=bool:false": [],
    "tokenizer.ggml.eos_token_id=int:2,tokenizer.ggml.pad_token_id=int:0": [],
    '{"eos_token": "</s>", "use_auth_token": false}': [],
    "tool.api_key=s3": ["s3"],
  };
  for (const [word, secrets] of Object.entries(words)) deepStrictEqual(secretsIn(word), secrets);
});

Deno.test("a masked source shows no secret, and every other character where it was", () => {
  const source = `[eye]
exec = ["--api-key", "s3cret", "--port", "{port}", "--hf-token=s3cret", # s
  "--password", # a comment
  's3cret']
env = { HF_TOKEN = "s3cret", "X_KEY" = 's3cret', A = "Bearer s3cret", B = "a://u:s3cret@h" }
env.DB_PASSWD = """
s3cret
s3cret"""
secrets = ["hf-token,type=env,target=HF_TOKEN"]
quadlet = { Container = { Environment = ["API_KEY=s3cret"], PodmanArgs = ["--env", "T_TOKEN=s3cret"] } }
basic_auth = { username = "u", password = "s3cret" }
PIN_KEY = 12345
`;
  const masked = maskSecrets(source);
  strictEqual(masked.includes("s3cret") || masked.includes("12345"), false, masked);
  strictEqual(masked, source.replaceAll("s3cret", "******").replace("12345", "*****"));
});

Deno.test("a secret within escaped quotes is masked where it is", () => {
  const json = JSON.stringify;
  const values = [
    { token: "s3cret" },
    { a: [{ api_key: "s3cret", b: 1 }] },
    { api_keys: ["s3cret", "s3cret"], b: "c" },
    { a: json({ token: "s3cret", b: json({ password: "s3cret" }) }) },
    "--api-key 's3cret' --port 1",
    '--api-key "s3cret" --port 1',
  ];
  for (const value of values) {
    const text = typeof value === "string" ? value : json(value);
    for (const source of [`exec = ["--x", ${json(text)}]`, `env = { A = ${json(text)} }`]) {
      const masked = maskSecrets(source);
      // More than the secret may be hidden.
      if (typeof value === "string" || text.includes("[")) {
        strictEqual(masked.includes("s3cret"), false, masked);
      } else strictEqual(masked, source.replaceAll("s3cret", "******"));
    }
  }
  const whole = 'exec = ["{\\"token\\": \\"s3\\\\\\"cr\\\\et\\"}", "TOKEN=s3\\\\cret"]';
  strictEqual(/s3|cr|et\\/.test(maskSecrets(whole).slice(22)), false, maskSecrets(whole));
});

Deno.test("a mistake in a line does not show its secret", () => {
  const lines = [
    `env = { HF_TOKEN = "s3cret }`,
    `env.HF_TOKEN = "s3cret`,
    `env.HF_TOKEN = 's3cret"`,
    `env.HF_TOKEN = """s3cret\ns3cret\n`,
    `env.HF_TOKEN: "s3cret"`,
    `env.HF_TOKEN "s3cret"`,
    `env.HF_TOKEN == "s3cret"`,
    `env.HF_TOKEN = an s3cret`,
    `env.HF_TOKEN = ["s3cret", 's3cret'`,
    `env.HF_TOKEN = { a = "s3cret" }`,
    `env.HF_TOKEN = "a" s3cret`,
    `exec = ['sh', '-c', 'serve --api-key "s3cret" {port}']`,
    `quadlet.Container.PodmanArgs = ['--enw=HF_TOKEN=s3cret']`,
    `x = 1 # --api-key s3cret`,
  ];
  for (const line of lines) strictEqual(maskSecrets(line).includes("s3cret"), false, line);
});
