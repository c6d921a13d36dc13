/** Runs commands on a terminal, with `script` of util-linux. */

/** Keys to type after a text was shown; a function may do something first. */
export type Step = readonly [awaited: string, keys: string | (() => string)];

/** The limit of a dialogue, longer than any of a test takes. */
const LIMIT_MILLISECONDS = 60_000;

/** A new prompt may not read keys yet. */
const PAUSE_MILLISECONDS = 150;

/**
 * Runs a shell command on a terminal of 80 columns, waits for each text of `steps` and types its keys.
 *
 * @returns the exit code, and everything that was sent to the terminal, control sequences included.
 */
export async function runAtTerminal(
  line: string,
  steps: readonly Step[],
  { cwd, env }: { cwd: string; env: Readonly<Record<string, string>> },
): Promise<{ code: number; shown: string }> {
  const child = new Deno.Command("script", {
    // `script` has no terminal here that it could take the size from.
    args: ["-qe", "-c", `stty cols 80 rows 24; exec ${line}`, "/dev/null"],
    cwd,
    clearEnv: true,
    env: { ...env, SHELL: "/bin/sh" },
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const keyboard = child.stdin.getWriter();
  const waiting = [...steps];
  let shown = "";
  let seen = 0;
  const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT_MILLISECONDS);
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    shown += text;
    for (let step = waiting[0]; step !== undefined; step = waiting[0]) {
      const [awaited, keys] = step;
      const at = shown.indexOf(awaited, seen);
      if (at < 0) break;
      seen = at + awaited.length;
      waiting.shift();
      await new Promise((wake) => setTimeout(wake, PAUSE_MILLISECONDS));
      await type(keyboard, typeof keys === "string" ? keys : keys());
    }
  }
  clearTimeout(timer);
  await keyboard.close().catch(() => {});
  const { code } = await child.status;
  if (waiting.length > 0) throw new Error(`not shown: ${waiting[0]?.[0]}\n${shown}`);
  return { code, shown };
}

/** Types key by key; several at once would count as pasted text. */
async function type(
  keyboard: WritableStreamDefaultWriter<Uint8Array>,
  keys: string,
): Promise<void> {
  // deno-lint-ignore no-control-regex
  for (const key of keys.match(/\u001b\[.|./gsu) ?? []) {
    await keyboard.write(new TextEncoder().encode(key));
  }
}
