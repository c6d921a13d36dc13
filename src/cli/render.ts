/** The commands that write units, and apply them. */
import { InvalidArgumentError } from "commander";
import { CODEX, folder, JSON_FLAG, seconds } from "./common.ts";
import { argument, command, flag, option } from "./declare.ts";

const TARGETS = ["systemd", "kubernetes"] as const;

const RESTART = flag("--restart", "then restart what changed, as `lychd apply` does");

/** The options of every command that writes into the live folders. */
const WRITING = {
  force: flag("--force", "overwrite files that were edited by hand, and keep a backup"),
  verify: flag("--no-verify", "skip the check of the units by the Quadlet generator"),
  reload: flag("--no-reload", "do not reload systemd"),
  waitSeconds: option("--wait <seconds>", "how long to wait for another run of lychd", {
    read: seconds,
    default: 10,
  }),
  json: JSON_FLAG,
};

/** The options of the commands that restart engines. */
const APPLYING = { waitSeconds: WRITING.waitSeconds, codex: CODEX, json: JSON_FLAG };

/** An edit is a dialogue: it prints no JSON. */
const { json: _, ...EDITING } = WRITING;

/** A purge removes files; it overwrites none, and has no units to check. */
const PURGING = {
  ...WRITING,
  force: flag("--force", "remove files that were edited by hand too, and keep a backup"),
  verify: flag("--no-verify", "accepted for scripts; a purge has no units to check"),
};

/** The options that have no effect if the live folders are not written. */
const WRITING_ONLY = ["force", "restart"];

export const render = command("render", "Compile the Codex and install its Quadlet units")
  .details(`
The Codex is the folder of TOML files that describes your engines. Podman makes
a systemd service from each Quadlet unit. lychd writes all units or none, and
reloads systemd.

With --target kubernetes the same Codex becomes plain objects for a cluster, in
the folder of --output. \`kubectl apply -k DIR/covens/NAME\` starts a Coven (a
group of engines that may run together). See docs/cluster.md.`)
  .options({
    codex: CODEX,
    target: option("--target <target>", "what to compile to", {
      choices: TARGETS,
      default: "systemd",
    }),
    allowLoss: flag(
      "--allow-loss",
      "render for Kubernetes without settings it has no counterpart for",
    ),
    dryRun: flag("--dry-run", "print the changes as a diff and write nothing", WRITING_ONLY),
    exitCode: flag(
      "--exit-code",
      "like --dry-run, but exit with 4 if anything differs",
      WRITING_ONLY,
    ),
    output: option("--output <dir>", "write to DIR instead; it must be empty or made by lychd", {
      read: folder,
      complete: "folders",
      conflicts: WRITING_ONLY,
    }),
    restart: RESTART,
    ...WRITING,
  })
  .examples(
    "lychd render --dry-run",
    "lychd render",
    "lychd render --restart",
    "lychd render --output /tmp/runes",
    "lychd render --target kubernetes --output cluster",
  )
  .invocation(({ dryRun, exitCode, target, allowLoss, ...writing }, { named: { output } }) => {
    const { json } = writing;
    const isDry = dryRun || exitCode;
    if (target === "kubernetes" && output === undefined) {
      throw new InvalidArgumentError("--target kubernetes needs --output DIR");
    }
    if (allowLoss && target !== "kubernetes") {
      throw new InvalidArgumentError("--allow-loss needs --target kubernetes");
    }
    if (output !== undefined) {
      const mode = isDry ? "compare" : "output";
      return { command: "render", mode, target, allowLoss, json, exitCode };
    }
    return isDry
      ? { command: "render", mode: "dry-run", json, exitCode }
      : { command: "render", mode: "inscribe", ...writing };
  });

export const edit = command("edit", "Edit a file of the Codex, check it, show the changes, render")
  .details(`
Your editor ($VISUAL, $EDITOR, otherwise vi) opens a copy, and the Codex keeps
its file until the text is valid and you agree to the diff. After an error the
editor opens again. Whatever you break off, your text is kept, and lychd prints
where; the next \`lychd edit\` continues it.`)
  .arguments({
    name: argument("[soulstone]", "the Soulstone whose file to edit (default: lychd.toml)", {
      complete: "soulstone",
    }),
  })
  .options({ codex: CODEX, restart: RESTART, ...EDITING })
  .examples("lychd edit", "lychd edit eye", "EDITOR=nano lychd edit eye --restart")
  .invocation((values) => ({ command: "edit", json: false as boolean, ...values }));

export const apply = command("apply", "Restart what runs with the units of an earlier render")
  .details(`
What runs becomes what is rendered, however that came about: by a render or a
rollback, now or earlier. Services whose settings changed restart, and those
whose units were removed stop. lychd prints them first, and waits until the
engines among them answer again. Whatever is up to date keeps running.

If the pod must restart (it publishes the ports), every engine restarts.`)
  .arguments({
    names: argument("[name...]", "Soulstones or Covens (default: everything)", {
      complete: "name",
    }),
  })
  .options({
    dryRun: flag("--dry-run", "print what would restart, and change nothing"),
    ...APPLYING,
  })
  .examples("lychd apply --dry-run", "lychd apply", "lychd apply eye");

export const restart = command("restart", "Restart engines that run, whether they changed or not")
  .details(`
The engines start with the rendered settings. lychd waits until they answer
again. To restart only what changed, use \`lychd apply\`.`)
  .arguments({
    names: argument("<name...>", "Soulstones or Covens", { complete: "name" }),
  })
  .options(APPLYING)
  .examples("lychd restart eye", "lychd restart vision-ritual")
  .invocation((values) => ({ command: "restart", dryRun: false as boolean, ...values }));

export const rollback = command("rollback", "Restore the previous render; run again to redo")
  .details(`
A render is the set of Quadlet units that lychd wrote. The Codex does not change:
correct it before the next render.`)
  .options({ codex: CODEX, restart: RESTART, ...WRITING })
  .examples("lychd rollback", "lychd rollback --restart");

export const purge = command("purge", "Stop all engines and remove the files of lychd")
  .details(`
It removes the units that lychd wrote. It keeps the Codex (your TOML files), the
volumes with models and data, and the images, and prints how to remove them.`)
  .options({ yes: flag("--yes", "do not prompt"), ...PURGING })
  .examples("lychd purge", "lychd purge --yes")
  .invocation((values) => ({ command: "purge", restart: false as boolean, ...values }));
