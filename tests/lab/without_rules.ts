/**
 * Proves that the tests of the lab can fail: removes each rule of `rules.ts` from the rendered units,
 * one at a time, and runs the test that must then fail.
 *
 * `deno task test:lab:without [NAME…]`
 */
import { fileURLToPath } from "node:url";
import { labDown } from "./lab.ts";
import { type Rule, RULES } from "./rules.ts";
import { makeBinary } from "./run.ts";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));

/** Returns true if the test of a rule passes, with or without the rule. */
async function testPasses(rule: Rule, without: boolean): Promise<boolean> {
  const [file, filter] = rule.test;
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--filter", filter, `${FOLDER}${file}`],
    env: { LYCHD_LAB: "require", LYCHD_LAB_WITHOUT: without ? rule.name : "", NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).output();
  const ran = /\| (\d+) passed \| (\d+) failed/.exec(new TextDecoder().decode(stdout));
  // Deno also succeeds if the filter matches no test.
  if (ran === null || Number(ran[1]) + Number(ran[2]) !== 1) {
    throw new Error(
      `the filter \`${filter}\` must match one test of ${file}, not ${ran?.[0] ?? "none"}`,
    );
  }
  return code === 0;
}

if (import.meta.main) {
  const unknown = Deno.args.filter((name) => !RULES.some((rule) => rule.name === name));
  if (unknown.length > 0) {
    console.error(
      `unknown rule: ${unknown.join(", ")}; known are ${RULES.map((r) => r.name).join(", ")}`,
    );
    throw new RangeError("unknown rule");
  }
  if (await makeBinary() !== 0) throw new Error("there is no binary");
  const chosen = RULES.filter((rule) => Deno.args.length === 0 || Deno.args.includes(rule.name));
  const passing = new Map<string, boolean>();
  let caught = 0;
  for (const rule of chosen) {
    const test = rule.test.join(": ");
    // A test that also fails with the rule proves nothing.
    if (!passing.has(test)) passing.set(test, await testPasses(rule, false));
    const passes = passing.get(test) === true;
    const isCaught = passes && !await testPasses(rule, true);
    if (isCaught) caught++;
    console.log(
      `${isCaught ? "caught" : passes ? "MISSED" : "BROKEN"}: without ${rule.name}: ${test}`,
    );
  }
  console.log(`${caught} of ${chosen.length} rules make their test fail when they are removed`);
  await labDown();
  Deno.exitCode = caught === chosen.length ? 0 : 1;
}
