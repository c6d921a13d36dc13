/** Runs the fuzzer briefly with one seed. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { readOptions } from "./fuzz.ts";
import { inputOf } from "./inputs.ts";
import { judgeInput } from "./judge.ts";

Deno.test("the first 300 inputs of the fuzzer cause no problem", async () => {
  for (let number = 0; number < 300; number++) {
    const { problem } = await judgeInput(inputOf(1, number));
    ok(problem === undefined, `input ${number}: ${problem}`);
  }
});

Deno.test("an option that is not a whole number is refused", () => {
  for (const value of ["x", "", "1.5", "-1", "1e3", "99999999999999999999"]) {
    match(String(readOptions([`--seed=${value}`])), /^--seed must be a whole number/);
  }
  for (const option of ["inputs", "seconds", "input"]) {
    match(
      String(readOptions([`--${option}=x`])),
      new RegExp(`^--${option} must be a whole number`),
    );
  }
  deepStrictEqual(readOptions(["--seed=0", "--seconds=60"]), { seed: 0, seconds: 60 });
});

Deno.test("a run without inputs fails, and wrong usage exits with 2", async () => {
  const script = new URL("./fuzz.ts", import.meta.url).pathname;
  for (
    const [args, expected, output] of [
      [["--seed=1", "--inputs=0"], 1, /0 inputs/],
      [["--seed=x"], 2, /must be a whole number/],
      [["--seed=1", "--inputs=1"], 0, /1 inputs[^]*ok \| 1 passed \| 0 failed/],
    ] as const
  ) {
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", script, ...args],
    }).output();
    match(new TextDecoder().decode(stdout), output);
    strictEqual(code, expected);
  }
});
