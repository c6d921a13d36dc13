import { match, strictEqual } from "node:assert/strict";
import { findPrograms } from "../run/programs.ts";
import { foldersOfHome } from "../testing/folders_of_home.ts";
import { memoryContext, type Output } from "../testing/memory_context.ts";
import { memoryHost } from "../testing/memory_host.ts";
import { importConfiguration } from "./import.ts";

/** Imports a program of a host whose `nvidia-smi` prints a text. */
async function importOn(smi: string): Promise<Output & { code: number }> {
  const config = 'models: {a: {cmd: "llama-server --port ${PORT} -hf a/b"}}\n';
  const host = memoryHost({ "/here/config.yaml": config }, (program) => {
    const isSmi = program.endsWith("nvidia-smi");
    return Promise.resolve({ code: isSmi ? 0 : 1, stdout: isSmi ? smi : "", stderr: "" });
  });
  const output = { out: "", err: "" };
  const folders = foldersOfHome("/home", { workingFolder: "/here", imports: ["config.yaml"] });
  const context = memoryContext(output, { host, folders, programs: findPrograms(() => true) });
  const invocation = { command: "import", from: "llama-swap", images: [], variables: [] } as const;
  const code = await importConfiguration({ ...invocation, json: false, all: false }, context);
  return { ...output, code };
}

Deno.test("the image of a program is for the GPUs of this host, as in a new Codex", async () => {
  const nvidia = await importOn("0, GPU-1, NVIDIA GeForce RTX 4090, 24564, 580.95.05\n");
  strictEqual(nvidia.code, 0);
  match(nvidia.out, /^image = "ghcr\.io\/ggml-org\/llama\.cpp:server-cuda"$/m);
  const none = await importOn("");
  match(none.out, /^image = "ghcr\.io\/ggml-org\/llama\.cpp:server"$/m);
  match(none.err, /no GPU was found/);
});
