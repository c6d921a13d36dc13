import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { foldersOfHome } from "../folders_of_home.ts";
import { memoryHost } from "../host/memory_host.ts";
import { EXIT } from "../invocation.ts";
import { findPrograms } from "../programs.ts";
import type { CommandContext } from "./context.ts";
import { writeOutput } from "./output.ts";

const ROOT = "/tmp/out";

Deno.test("a folder that somebody else made since the gate looked is not written to", () => {
  const memory = memoryHost();
  const said: string[] = [];
  const context: CommandContext = {
    host: {
      ...memory,
      lstat(path) {
        const found = memory.lstat(path);
        return found && { ...found, ...path === ROOT ? { owner: 65534 } : {} };
      },
    },
    folders: foldersOfHome("/home", { output: ROOT }),
    programs: findPrograms(() => false),
    user: 1000,
    ownGroups: [],
    processId: 1,
    version: "0.0.0",
    environment: {},
    startProber: () => ({ answers: () => Promise.resolve(false), close() {} }),
    interruption: new AbortController().signal,
    terminal: {
      out: (text) => void said.push(text),
      err: (text) => void said.push(text),
      canAsk: false,
      ask: () => Promise.resolve(""),
      outPalette: {} as CommandContext["terminal"]["outPalette"],
      errPalette: {} as CommandContext["terminal"]["errPalette"],
      outIsGone: () => false,
      outIsTerminal: false,
      errIsTerminal: false,
      type: "",
    },
  };
  const code = writeOutput(
    { command: "render", mode: "output", json: false, exitCode: false },
    context,
    {
      codex: undefined,
      runes: [{
        path: "containers/systemd/lychd/lychd.pod",
        text: "[Pod]\n",
        mode: 0o600,
        provenance: new Map(),
      }],
      valid: true,
      codexDigest: undefined,
      findings: [],
      visited: [],
    },
  );
  strictEqual(code, EXIT.failure);
  match(
    said.join(""),
    /^lychd: \/tmp\/out \(--output\) belongs to user 65534, not to 1000; nothing was changed\nhint: /,
  );
  deepStrictEqual([...memory.files.keys()], []);
});
