/**
 * Runs the tests of the lab and leaves nothing of it behind: no process, mount, network interface or
 * cgroup. `deno task test:lab [FILE…]`; `LYCHD_LAB_KEEP=1` keeps it up for the next run.
 */
import { fileURLToPath } from "node:url";
import { labDown, labTraces, skipReason } from "./lab.ts";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));

async function run(files: readonly string[]): Promise<number> {
  const reason = skipReason();
  if (reason !== undefined) {
    console.log(`the tests of the lab are skipped: ${reason}`);
    return 0;
  }
  if (Deno.uid() !== 0) {
    console.error("the lab needs root");
    return 1;
  }
  // An interrupt reaches the tests too; the lab goes down behind them all the same.
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, () => {});
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", ...(files.length > 0 ? files : [FOLDER])],
  }).spawn().status;
  if (Deno.env.get("LYCHD_LAB_KEEP")) return code;
  await labDown();
  const traces = await labTraces();
  for (const trace of traces) console.error(`left behind by the lab: ${trace}`);
  if (traces.length === 0) console.log("the lab is down and left nothing behind");
  return traces.length > 0 ? 1 : code;
}

Deno.exitCode = await run(Deno.args);
