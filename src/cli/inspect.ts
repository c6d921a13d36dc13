/** The commands that show the Codex and the state of its engines, and change nothing. */
import { InvalidArgumentError } from "commander";
import { CODEX, JSON_FLAG } from "./common.ts";
import { argument, command, flag, option } from "./declare.ts";

export const list = command("list", "List the Soulstones of the Codex")
  .details("A Soulstone is one engine. The Codex is the folder of TOML files that describes them.")
  .options({ codex: CODEX, json: JSON_FLAG })
  .examples("lychd list", "lychd list --json");

export const covens = command("covens", "Show the Covens and flag likely mistakes")
  .details(
    "A Coven is a group of Soulstones (engines) that may run together. Others exclude each other.",
  )
  .options({ codex: CODEX, json: JSON_FLAG })
  .examples("lychd covens", "lychd covens --json");

export const explain = command("explain", "Show the place in the Codex of each line of a unit")
  .details("The Codex is the folder of TOML files. lychd renders systemd units from it.")
  .arguments({
    unit: argument("<unit>", "a Soulstone, a Coven, a Watcher, or the name of a unit or its file", {
      complete: "name",
    }),
  })
  .options({ codex: CODEX, json: JSON_FLAG })
  .examples(
    "lychd explain eye",
    "lychd explain lychd.pod",
    "lychd explain lychd-coven-vision.target --json",
  );

export const status = command("status", "Show the state of every rendered Soulstone")
  .alias("ps")
  .details("A Soulstone is one engine. The state is that of its systemd service.")
  .options({
    watch: flag("--watch", "keep running and print each change"),
    json: JSON_FLAG,
  })
  .examples("lychd status", "lychd status --watch", "lychd status --json");

export const logs = command("logs", "Show the log of a Soulstone or a Coven")
  .details(`
A Soulstone is one engine; a Coven is a group of engines. The log is that of the
systemd journal. This also works for a
Soulstone that was removed from the Codex but still runs.`)
  .arguments({ name: argument("<name>", "a Soulstone or a Coven", { complete: "name" }) })
  .options({
    follow: flag("-f, --follow", "keep running and print new entries"),
    lines: option("-n, --lines <count>", "how many lines to print", { read: count, default: 50 }),
    json: flag("--json", "print journal entries as JSON, one per line"),
  })
  .examples("lychd logs eye", "lychd logs eye --follow");

function count(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}
