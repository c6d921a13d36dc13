/**
 * The proof that the lab's tests can fail: takes each rule of the law out of the rendered units, one
 * after the other, and runs the test that must notice.
 *
 * `deno task test:lab:without [NAME…]`
 */
import { type Rule, RULES } from "./rules.ts";

const FOLDER = new URL(".", import.meta.url).pathname;

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
  const chosen = RULES.filter((rule) => Deno.args.length === 0 || Deno.args.includes(rule.name));
  let unnoticed = 0;
  for (const rule of chosen) {
    const red = !await testPasses(rule, true);
    if (!red) unnoticed++;
    console.log(`${red ? "red  " : "GREEN"} without ${rule.name}: ${rule.test.join(": ")}`);
  }
  console.log(
    `${chosen.length - unnoticed} of ${chosen.length} rules are missed when they are gone`,
  );
  Deno.exitCode = unnoticed === 0 ? 0 : 1;
}
