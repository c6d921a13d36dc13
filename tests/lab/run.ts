/**
 * Runs the tests of the lab, several labs at once as most of a test is waiting. A file that fails beside
 * other labs is run once more, alone, and the report says so. Leaves no process, mount, network interface
 * or cgroup.
 *
 * Without `LYCHD_BINARY` and without `dist/lychd` it makes the binary first.
 *
 * `deno task test:lab [FILE…] [--filter=…]`; `LYCHD_LABS=N` sets the number of labs,
 * `LYCHD_LAB_KEEP=1` keeps them up for the next run.
 */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path/posix";
import { fileURLToPath } from "node:url";
import { labDown, labTraces, skipReason } from "./lab.ts";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));

/** The largest useful number of labs: the longest file limits the time. */
const MOST_LABS = 4;

/** The files that take minutes, the longest first. */
const LONGEST = [
  "door_test.ts",
  "exclusivity_test.ts",
  "summon_exclusivity_test.ts",
  "summon_test.ts",
  "kill_test.ts",
  "apply_test.ts",
  "hand_test.ts",
  "shutdown_test.ts",
  "watchers_test.ts",
  "status_test.ts",
  "quadlet_test.ts",
  "doctor_test.ts",
];

/** Makes `dist/lychd` if there is none, and no other binary is named. Returns the exit code. */
export async function makeBinary(): Promise<number> {
  const root = join(FOLDER, "../..");
  if (Deno.env.has("LYCHD_BINARY") || existsSync(join(root, "dist/lychd"))) return 0;
  console.log("there is no dist/lychd: .ci/compile makes it");
  const command = new Deno.Command("bash", { args: [join(root, ".ci/compile")], cwd: root });
  return (await command.spawn().status).code;
}

async function run(args: readonly string[]): Promise<number> {
  const reason = skipReason();
  if (reason !== undefined) {
    console.log(`the tests of the lab are skipped: ${reason}`);
    return 0;
  }
  if (Deno.uid() !== 0) {
    console.error("the lab needs root");
    return 1;
  }
  const flags = args.filter((arg) => arg.startsWith("-"));
  const named = args.filter((arg) => !arg.startsWith("-"));
  const files = named.length > 0 ? named : await testFiles();
  const types = await new Deno.Command(Deno.execPath(), { args: ["check", "-q", ...files] })
    .spawn().status;
  if (!types.success) return types.code;
  const made = await makeBinary();
  if (made !== 0) return made;
  const queue = [...files];
  const failed: string[] = [];
  // An interrupt reaches the tests too. The labs are shut down afterwards.
  let interrupted = 0;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      interrupted = 130;
      queue.length = failed.length = 0;
    });
  }
  const labs = Array.from({ length: Math.min(labCount(), files.length) }, (_, i) => i + 1);
  const codes = await Promise.all(
    labs.map((number) => work(number, queue, flags, labs.length > 1 ? failed : undefined)),
  );
  if (failed.length > 0 && interrupted === 0) {
    // Several labs slow each other down. A defect fails alone, too.
    console.log(`failed beside other labs: ${failed.map((file) => basename(file)).join(", ")}`);
    codes.push(await work(1, failed, flags));
  }
  return Math.max(interrupted, ...codes);
}

/** The files of tests, the longest first: a long one at the end would leave the other labs idle. */
async function testFiles(): Promise<string[]> {
  const names = (await readdir(FOLDER)).filter((name) => name.endsWith("_test.ts")).sort();
  const longest = LONGEST.filter((name) => names.includes(name));
  return [...new Set([...longest, ...names])].map((name) => join(FOLDER, name));
}

function labCount(): number {
  const wish = Number(Deno.env.get("LYCHD_LABS") ?? 0);
  if (wish > 0) return wish;
  // Most of a test is waiting, for engines that load and for systemd.
  return Math.min(MOST_LABS, navigator.hardwareConcurrency + 1);
}

/**
 * Takes file after file to one lab until there are none; then the lab goes down. Files that fail go to
 * `failed` if there is such a list; otherwise they count.
 */
async function work(
  number: number,
  queue: string[],
  flags: readonly string[],
  failed?: string[],
): Promise<number> {
  let worst = 0;
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    console.log(`lab ${number}: ${basename(file)}`);
    const test = await deno(["test", "--no-check", "-A", ...flags, file], number);
    if (test.code === 0 || failed === undefined) {
      console.log(test.output);
      worst = Math.max(worst, test.code);
    } else {
      // The count of tests is that of the second run.
      console.log(
        test.output.replace(
          /^.*\| \d+ passed.*\| \d+ failed.*$/gm,
          "failed, and is run once more alone",
        ),
      );
      failed.push(file);
    }
  }
  if (Deno.env.get("LYCHD_LAB_KEEP")) return worst;
  await labDown({ number });
  const traces = await labTraces({ number });
  for (const trace of traces) console.error(`left behind by lab ${number}: ${trace}`);
  if (traces.length === 0) console.log(`lab ${number} is down and left nothing behind`);
  return traces.length > 0 ? 1 : worst;
}

/** Prints the output of a file as a whole, so that the outputs of several labs do not mix. */
async function deno(
  args: readonly string[],
  lab: number,
): Promise<{ code: number; output: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    env: { LAB_NUMBER: String(lab) },
    stdin: "null",
  }).output();
  return { code, output: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

if (import.meta.main) Deno.exitCode = await run(Deno.args);
