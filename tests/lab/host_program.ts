/** The program itself on the lab's host, as a user has it: the compiled binary. */
import { fileURLToPath } from "node:url";
import { dirname, join } from "node:path/posix";
import { clear, codexFiles, type Fields } from "./host_codex.ts";
import { lichExec, type LichShell, putTree } from "./lab.ts";

const BINARY = Deno.env.get("LYCHD_BINARY") ??
  fileURLToPath(new URL("../../dist/lychd", import.meta.url));

/** What lychd said in the lab. */
export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** An empty host with the program on it. */
export async function freshHost(shell: LichShell): Promise<void> {
  const { code } = await lichExec(["test", "-x", "/usr/local/bin/lychd"]);
  const binary = await Deno.stat(BINARY).catch(() => undefined);
  if (binary === undefined) {
    throw new Error(`there is no binary at ${BINARY}: make one with \`bash .ci/compile\``);
  }
  const { stdout } = await lichExec(["stat", "-c", "%s %Y", "/usr/local/bin/lychd"]);
  const wanted = `${binary.size} ${Math.floor((binary.mtime?.getTime() ?? 0) / 1000)}`;
  if (code !== 0 || stdout.trim() !== wanted) await putTree(BINARY, "/usr/local/bin/lychd");
  await clear(shell);
}

/** Puts a Codex into the place where the program looks for it. */
export async function writeCodex(
  soulstones: Readonly<Record<string, Fields>>,
  settings: Fields = {},
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [path, text] of Object.entries(codexFiles(soulstones, settings))) {
      await Deno.mkdir(dirname(join(folder, path)), { recursive: true });
      await Deno.writeTextFile(join(folder, path), text);
    }
    await putTree(folder, "/home/lich/.config/lychd");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs the program as lich. */
export async function run(shell: LichShell, ...args: string[]): Promise<Said> {
  return await shell.run(`lychd ${args.join(" ")}`, { timeoutSeconds: 120 });
}
