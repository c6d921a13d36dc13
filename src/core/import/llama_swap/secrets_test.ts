import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { formatReport, PLAIN } from "../../report/mod.ts";
import { EMPTY_HOST } from "../empty_host.ts";
import { importLlamaSwap } from "./import.ts";
import { entryJson, reportText } from "../report.ts";
import { hideLists } from "./secrets.ts";

/** Returns everything that an import prints, except the new Codex. */
async function printed(text: string): Promise<string> {
  const file = { path: "config.yaml", bytes: new TextEncoder().encode(text) };
  const { imported, findings, sources } = await importLlamaSwap([file], new Map(), {
    ...EMPTY_HOST,
    variables: new Map([["KEY", "hunter22"], ["X", "pass-w0rd."]]),
  });
  return formatReport(findings, { sources, prefix: "", palette: PLAIN }) +
    JSON.stringify(findings) +
    (imported === undefined ? "" : reportText(imported, { all: true, palette: PLAIN }) +
      JSON.stringify(imported.report.map(entryJson)) +
      imported.soulstones.map((one) => one.text.replace(/^[^#].*$/gm, "")).join(""));
}

const CMD = "llama-server --port ${PORT} -hf a/b";

/** Configurations with the secrets `hunter22` and `pass-w0rd.`, which nothing may print. */
const CONFIGS: Readonly<Record<string, string>> = {
  "of clients": `apiKeys: [hunter22, "pass-w0rd."]\nmodels: {a: {cmd: "${CMD}"}}`,
  "of peers": `peers: {x: {proxy: "http://x", apiKey: hunter22}}\nmodels: {a: {cmd: "${CMD}"}}`,
  "in a macro": `macros: {hf_token: hunter22}\nmodels: {a: {cmd: "${CMD} --x \${hf_token}"}}`,
  "in a macro without such a name":
    `macros: {k2: hunter22, k: "\${k2}"}\nmodels: {a: {cmd: "${CMD} --api-key \${k}"}}`,
  "in a macro of words":
    `macros: {flags: "--api-key hunter22"}\nmodels: {a: {cmd: "${CMD} \${flags}"}}`,
  "in a macro of a model":
    `models: {a: {macros: {p: hunter22}, cmd: "${CMD}", env: ["TOKEN=\${p}", "X=\${p}"]}}`,
  "in a variable": `models: {a: {cmd: "${CMD}", env: [HF_TOKEN=hunter22]}}`,
  "in a variable of a shell": `models: {a: {cmd: "sh -c 'export API_KEY=hunter22; ${CMD}'"}}`,
  "in a command": `models: {a: {cmd: "docker run -e HF_TOKEN=hunter22 a/b --api-key pass-w0rd."}}`,
  "in an address": `models: {a: {cmd: "${CMD}", proxy: "http://me:hunter22@10.0.0.1:1"}}`,
  "that is used again":
    `apiKeys: [hunter22]\nmodels: {a: {cmd: "${CMD} --slot hunter22", name: hunter22}}`,
  "of the environment":
    `models: {a: {cmd: "${CMD} --slot \${env.KEY} --api-key \${env.X} --x \${env.X}"}}`,
  "in filters": `models: {a: {cmd: "${CMD}", filters: {setParams: {api_key: hunter22}}}}`,
  "at an error": `apiKeys:\n  - hunter22\n  - [pass-w0rd.]\nmodels: {a: {cmd: "${CMD}"}}`,
  "in a broken file": `apiKeys:\n- hunter22: [\n- pass-w0rd.]]\nmodels: {a: {cmd: "${CMD}"}}`,
  "in a broken value": `models: {a: {cmd: "${CMD}"}}\napiKeys: |\n  hunter22\n pass-w0rd.\n`,
  "in a command that is refused":
    `macros: {t: hunter22}\nmodels: {a: {cmd: "llama-server --api-key \${t} 'open"}}`,
  "in an image": `apiKeys: [hunter22]\nmodels: {a: {cmd: "podman run HUNTER/hunter22"}}`,
};

for (const [where, config] of Object.entries(CONFIGS)) {
  Deno.test(`a secret ${where} is not printed`, async () => {
    const text = await printed(config);
    ok(text.length > 50);
    deepStrictEqual([text.includes("hunter22"), text.includes("pass-w0rd")], [false, false], text);
  });
}

Deno.test("short texts and numbers are shown", async () => {
  const text = await printed(
    `apiKeys: [none]\nmodels: {a: {cmd: "${CMD} --x none --max_tokens 32768"}}`,
  );
  ok(!text.includes("*"), text);
});

Deno.test("the lines below a secret key are hidden, and no others", () => {
  const text = "a: 1\nkeys: # x\n- p\n\n-   q: r\nb:\n  - c\napi_key: |-\n  s t\nd: e\n";
  strictEqual(
    hideLists(text),
    "a: 1\nkeys: # x\n- *\n\n-   ** *\nb:\n  - c\napi_key: |-\n  * *\nd: e\n",
  );
});
