import { partOf, whyUnknown } from "../../facts.ts";
import { command, countOf, shellWord } from "../../report/mod.ts";
import { error, ok, skipped, type Subject, type Verdict } from "../check.ts";
import { filesOf } from "../read/files.ts";

/** What there is to say of the models, or the other volumes, of a Codex. */
export function pathVerdicts(
  { facts, codex, wants }: Subject,
  role: "model" | "volume",
): Verdict[] {
  if (codex.kind === "none") return [skipped(codex.reason)];
  const paths = wants.paths.filter((wanted) => wanted.role === role);
  if (paths.length === 0) return [skipped(`no ${role} of the Codex is a path of the host`)];
  if (partOf(facts, "codex-paths") === undefined) {
    return [skipped(whyUnknown(facts, "codex-paths"))];
  }
  const files = filesOf(facts, "codex-paths");
  const fact = facts.commands["codex-paths"];
  const stranger = paths.find(({ path }) => fact?.command.includes(shellWord(path)) !== true);
  if (stranger !== undefined) return [skipped(`${stranger.path} was not asked of this host`)];
  const hidden = fact !== undefined && "exit" in fact ? fact.stderr : [];
  const verdicts = paths.flatMap(({ path, soulstone }): Verdict[] => {
    if (hidden.some((line) => line.includes(path) && /permission denied/i.test(line))) {
      return [error(
        `${soulstone}: a folder above ${path} is closed to the user`,
        command`sudo setfacl --modify u:$USER:x ${parentOf(path)}`,
        "a rootless container has no more rights than the user",
      )];
    }
    if (!files.has(path)) {
      return [error(
        `${soulstone}: ${path} is not there`,
        role === "model" || /\.[A-Za-z]\w*$/.test(path)
          ? command`ls -l ${parentOf(path)}`
          : command`mkdir -p ${path}`,
      )];
    }
    const fact = facts.commands[`readable:${path}`];
    return fact !== undefined && "exit" in fact && fact.exit !== 0
      ? [error(
        `${soulstone}: ${path} cannot be read by the user`,
        command`sudo setfacl --recursive --modify u:$USER:rX ${path}`,
        "a rootless container has no more rights than the user",
      )]
      : [];
  });
  return verdicts.length > 0 ? verdicts : [ok(`the user can read ${countOf(paths.length, role)}`)];
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}
