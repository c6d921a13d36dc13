/**
 * The proof that the lab's tests can fail: takes each rule of the law out of the rendered units, one
 * after the other, and runs the test that must notice.
 *
 * `deno task test:lab:without [NAME…]`
 */
import { fileURLToPath } from "node:url";
import { labDown } from "./lab.ts";
import { type Rule, RULES } from "./rules.ts";
import { makeBinary } from "./run.ts";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));

/** Whether the test of a rule fails when the rule is taken out, or passes when it is not. */
async function testPasses(rule: Rule, without: boolean): Promise<boolean> {
  const [file, filter] = rule.test;
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--filter", filter, `${FOLDER}${file}`],
    env: { LYCHD_LAB: "require", LYCHD_LAB_WITHOUT: without ? rule.name : "", NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).output();
  const ran = /\| (\d+) passed \| (\d+) failed/.exec(new TextDecoder().decode(stdout));
  // A filter that fits no test passes too.
  if (ran === null || Number(ran[1]) + Number(ran[2]) !== 1) {
    throw new Error(`the filter \`${filter}\` fits ${ran?.[0] ?? "no test"} of ${file}`);
  }
  return code === 0;
}

if (import.meta.main) {
  const unknown = Deno.args.filter((name) => !RULES.some((rule) => rule.name === name));
  if (unknown.length > 0) {
    console.error(
      `no such rule: ${unknown.join(", ")}; there are ${RULES.map((r) => r.name).join(", ")}`,
    );
    throw new RangeError("unknown rule");
  }
  if (await makeBinary() !== 0) throw new Error("there is no binary");
  const chosen = RULES.filter((rule) => Deno.args.length === 0 || Deno.args.includes(rule.name));
  const healthy = new Map<string, boolean>();
  let missed = 0;
  for (const rule of chosen) {
    const test = rule.test.join(": ");
    // A test that is red anyway proves nothing.
    if (!healthy.has(test)) healthy.set(test, await testPasses(rule, false));
    const green = healthy.get(test) === true;
    const red = green && !await testPasses(rule, true);
    if (red) missed++;
    console.log(`${red ? "red  " : green ? "GREEN" : "SICK "} without ${rule.name}: ${test}`);
  }
  console.log(`${missed} of ${chosen.length} rules are missed when they are gone`);
  await labDown();
  Deno.exitCode = missed === chosen.length ? 0 : 1;
}
