import { readCodex } from "../core/codex/mod.ts";
import type { ExitCode, Invocation } from "../run/invocation.ts";
import { readCodexFolder } from "../units/codex_folder.ts";
import type { CommandContext } from "../run/context.ts";
import { Refusal } from "../run/refusal.ts";
import { promptForCodex } from "../scaffold/dialogue.ts";
import { addToCodex } from "../scaffold/new_soulstones.ts";
import { surveyHost } from "../scaffold/survey.ts";

/** `lychd init`: writes a new Codex from the options, or prompts for it. */
export async function init(
  invocation: Extract<Invocation, { command: "init" }>,
  context: CommandContext,
): Promise<ExitCode> {
  const { host, folders } = context;
  const { json } = invocation;
  const found = readCodexFolder(host, folders.codex, folders.codexShown);
  const { files, visited } = "folder" in found
    ? { files: found.folder.files, visited: found.visited }
    : { files: [], visited: [] };
  if ("error" in found && host.lstat(folders.codex) !== undefined) {
    throw new Refusal(`${folders.codexShown} is not a folder; nothing was written`);
  }
  if (files.length > 0) {
    const names = files.map(({ path }) => path);
    const shown = names.length > 4 ? [...names.slice(0, 3), `${names.length - 3} more`] : names;
    const problem = `a Codex already exists at ${folders.codexShown}: ${shown.join(", ")}`;
    throw new Refusal(`${problem}; nothing was written`, { hint: "lychd add" });
  }
  const survey = await surveyHost(context);
  const codex = readCodex({ folder: folders.codexShown, files: [] }).codex;
  const answers = invocation.requests.length > 0
    ? invocation
    : await promptForCodex(context, { json, survey, codex, vessel: invocation.vessel });
  const { requests, bootCoven } = answers;
  // Only a binary can render the front door.
  const hasVessel = answers.vessel ?? context.binary !== undefined;
  const key = hasVessel && (survey.otherAccounts ?? 0) > 0 ? await newKey() : undefined;
  return await addToCodex(context, {
    json,
    requests,
    survey,
    codex,
    files,
    visited,
    settings: { bootCoven, hasVessel, keyDigest: key?.digest },
    key: key?.text,
  });
}

/** Makes a random key for clients of the front door, and its digest. */
async function newKey(): Promise<{ readonly text: string; readonly digest: string }> {
  const hex = (bytes: Uint8Array) => bytes.toHex();
  const text = hex(crypto.getRandomValues(new Uint8Array(32)));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return { text, digest: `sha256:${hex(new Uint8Array(digest))}` };
}
