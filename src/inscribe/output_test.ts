import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { foldersOfHome } from "../testing/folders_of_home.ts";
import { memoryHost } from "../testing/memory_host.ts";
import { EXIT } from "../run/invocation.ts";
import { hostWith, memoryContext } from "../testing/memory_context.ts";
import { withRefusals } from "../run/refusal.ts";
import { UNITS } from "../core/plan/receipt.ts";
import { writeOutput } from "./output.ts";

const ROOT = "/tmp/out";

Deno.test("a folder that another user made since the gate checked it is not written to", async () => {
  const memory = memoryHost();
  const output = { out: "", err: "" };
  const context = memoryContext(output, {
    host: hostWith(memory, ROOT, { owner: 65534 }),
    folders: foldersOfHome("/home", { output: ROOT }),
    user: 1000,
  });
  const rune = {
    path: "containers/systemd/lychd/lychd.pod",
    text: "[Pod]\n",
    mode: 0o600,
    provenance: new Map(),
  };
  const act = () => {
    writeOutput(context, ROOT, { files: [rune], tree: UNITS, codex: undefined });
    return EXIT.ok;
  };
  const code = await withRefusals(context, false, () => Promise.resolve().then(act));
  strictEqual(code, EXIT.failure);
  match(
    output.err,
    /^lychd: \/tmp\/out \(--output\) belongs to user 65534, not to 1000; nothing was changed\nhint: /,
  );
  deepStrictEqual([...memory.files.keys()], []);
});
