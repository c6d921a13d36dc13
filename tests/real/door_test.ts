/** Runs the clients of `clients.ts` against the front door of real engines, in the network of the lab. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { labStatus, labTest, labUp, lichShell } from "../lab/lab.ts";
import { installEngines } from "./engines.ts";

labTest("npm clients and curl use real engines through the front door", async () => {
  await labUp();
  await using shell = lichShell();
  await installEngines(shell);
  const clients = fileURLToPath(new URL("./clients.ts", import.meta.url));
  // There is no other network in the lab.
  await deno(["cache", "--quiet", clients]);
  const { pid } = await labStatus();
  await deno(["test", "--no-check", "-A", clients], ["nsenter", `--net=/proc/${pid}/ns/net`]);
});

async function deno(args: readonly string[], before: readonly string[] = []): Promise<void> {
  const [program = "", ...words] = [...before, Deno.execPath(), ...args];
  const { code } = await new Deno.Command(program, { args: words, stdin: "null" }).spawn().status;
  assert.equal(code, 0, `deno ${args.join(" ")}`);
}
