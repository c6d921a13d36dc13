/** The commands that check a Codex and its host. */
import { InvalidArgumentError } from "commander";
import { CODEX, JSON_FLAG } from "./common.ts";
import { command, flag, option } from "./declare.ts";

export const check = command("check", "Validate the Codex and report every error in it")
  .details("The Codex is the folder of TOML files that describes your engines.")
  .options({ codex: CODEX, json: JSON_FLAG })
  .examples("lychd check", "lychd check --codex examples/vision --json");

export const doctor = command("doctor", "Check this host and print a fix for every problem")
  .details(`
It checks Podman, systemd, the GPUs, and what the Codex (the folder of TOML
files that describes your engines) needs. It writes nothing and needs no
network.

The output of --facts contains placeholders instead of the home folder, the user
name and the host name.`)
  .options({
    codex: CODEX,
    json: JSON_FLAG,
    strict: flag("--strict", "treat warnings as errors"),
    only: option("--only <checks>", "run only these groups or checks, separated by commas", {
      read: names,
      complete: "check",
    }),
    list: flag("--list", "print every check and exit"),
    facts: option("--facts [file]", "print the facts of this host, or check those in a file", {
      complete: "files",
    }),
  })
  .examples(
    "lychd doctor",
    "lychd doctor --only podman,cdi",
    "lychd doctor --facts > facts.json",
    "lychd doctor --facts facts.json",
  )
  .invocation(({ list, facts, ...values }) => ({
    command: "doctor",
    mode: list ? "list" : facts === true ? "print-facts" : "check",
    ...values,
  }));

function names(text: string): readonly string[] {
  const names = text.split(",").map((name) => name.trim()).filter((name) => name !== "");
  if (names.length === 0) throw new InvalidArgumentError("It must name at least one.");
  return names;
}
