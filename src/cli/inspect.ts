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
    "A Coven is a group of Soulstones (engines) that may run together, and so may those in different " +
      "slots. Others exclude each other.",
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

/** The name of something that runs. */
const SHOWN = {
  name: argument("[name]", "a Soulstone, a Coven, pod, or a Watcher (default: everything)", {
    complete: "shown",
  }),
};

export const status = command("status", "Show the state of the engines, the pod and the Watchers")
  .alias("ps")
  .details(`
A Soulstone is one engine; a Coven is a group of engines. All engines run in the
pod, and so do the Watchers (harvester, scribe and gpu-exporter). The state is
that of the systemd service. With a name it also shows the unit, the restarts,
the conflicts and the last lines of the log.`)
  .arguments(SHOWN)
  .options({
    short: flag("--short", "print one line for each, and no more", ["json"]),
    watch: flag("--watch", "keep running and print each change"),
    json: JSON_FLAG,
  })
  .examples("lychd status", "lychd status eye", "lychd status --short", "lychd status --watch");

export const logs = command("logs", "Show the log of the engines, the pod and the Watchers")
  .details(`
A Soulstone is one engine; a Coven is a group of engines. All engines run in the
pod, and so do the Watchers (harvester, scribe and gpu-exporter). The log comes
from the systemd journal: the output of the containers, and the failures that
systemd reports. It includes a Soulstone that was removed from the Codex but
still runs.`)
  .arguments(SHOWN)
  .options({
    follow: flag("-f, --follow", "keep running and print new entries"),
    lines: option("-n, --lines <count>", "how many lines to print (default: 50, or all since)", {
      read: count,
    }),
    since: option("--since <time>", 'print only newer entries, e.g. "10 min ago" or today'),
    all: flag("--all", "also print the messages of Podman, and all of systemd"),
    json: flag("--json", "print journal entries as JSON, one per line"),
  })
  .examples(
    "lychd logs",
    "lychd logs eye --follow",
    "lychd logs pod --all",
    'lychd logs scribe --since "10 min ago"',
  );

function count(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}
