import { type Facts, linesOf, outputOf, whyUnknown } from "../../facts.ts";
import { type Command, command } from "../../report/mod.ts";
import { covenTarget } from "../../rune/mod.ts";
import { readUnitFiles } from "../../rune/properties.ts";
import {
  type Check,
  error,
  ok,
  see,
  skipped,
  type Subject,
  unknown,
  type Verdict,
  type Verdicts,
  warning,
  withCodex,
} from "../check.ts";
import { OLDEST_PODMAN, podmanInfoOf, podmanVersionOf } from "../read/podman.ts";
import {
  filesOf,
  generatorOf,
  isLingering,
  isNetworkFileSystem,
  propertiesOf,
  userOf,
} from "../read/system.ts";
import { isOlder } from "../read/version.ts";
import { remedy } from "../remedies.ts";
import { hasUnknownKeys } from "./codex.ts";

/** The oldest systemd that supports every directive that lychd writes (RestartSteps=). */
const OLDEST_SYSTEMD = 254;

const NO_MANAGER = skipped("the user's systemd does not answer");

/** The checks of systemd. */
export const SYSTEMD_CHECKS: readonly Check[] = [
  {
    id: "systemd.manager",
    about: "the user's systemd answers",
    why: "it starts and stops the engines",
    run: asUser(({ facts }) => {
      const init = otherInit(facts);
      if (init === undefined && hasWrongSession(facts)) return see("systemd.session");
      if (outputOf(facts, "user-manager") !== undefined) return ok("the user's systemd answers");
      if (init !== undefined) {
        return error(
          `the system was started by ${init}, not by systemd`,
          remedy(facts, "bootSystemd"),
        );
      }
      const user = userOf(facts)?.id ?? 0;
      return error(
        `the user's systemd does not answer (${whyUnknown(facts, "user-manager")})`,
        command`sudo systemctl start user@${user}.service && export XDG_RUNTIME_DIR=/run/user/${user}`,
      );
    }),
  },
  {
    id: "systemd.session",
    about: "the environment points to the user's session",
    why:
      "systemctl --user and Podman find the session through it; `su` and `sudo -i` do not set it",
    run: withSystemd(({ facts }) => {
      const user = userOf(facts);
      const folder = facts.environment["XDG_RUNTIME_DIR"];
      const own = command`/run/user/${user?.id ?? command`$(id -u)`}`;
      const exported = command`export XDG_RUNTIME_DIR=${own}`;
      // systemd creates the folder at a login, or at boot with lingering.
      const isGone = folder === own.line || isLingering(facts) === false;
      const fix = isGone
        ? command`sudo loginctl enable-linger ${user?.name ?? command`$USER`} && ${exported}`
        : exported;
      if (folder === undefined) return error("XDG_RUNTIME_DIR is not set", fix);
      const files = filesOf(facts, "session");
      const owner = files.get(folder)?.owner;
      if (owner === undefined) return error(`XDG_RUNTIME_DIR ${folder} does not exist`, fix);
      if (user !== undefined && owner !== user.id) {
        return error(`XDG_RUNTIME_DIR ${folder} belongs to another user`, fix);
      }
      const bus = facts.environment["DBUS_SESSION_BUS_ADDRESS"];
      if (bus !== undefined && !bus.includes(`path=${folder}/`)) {
        return warning(
          `DBUS_SESSION_BUS_ADDRESS points to another session: ${bus}`,
          command`unset DBUS_SESSION_BUS_ADDRESS`,
        );
      }
      return files.has(`${folder}/bus`) ? ok(folder) : warning(
        `the D-Bus socket ${folder}/bus does not exist`,
        command`systemctl --user start dbus.socket`,
      );
    }),
  },
  {
    id: "systemd.version",
    about: "systemd is new enough",
    why: "an older systemd ignores RestartSteps= and restarts a broken engine forever",
    run({ facts }) {
      const text = propertiesOf(facts, "user-manager").get("")?.get("Version");
      const version = Number(/\d+/.exec(text ?? "")?.[0]);
      if (!(version > 0)) return NO_MANAGER;
      if (version >= OLDEST_SYSTEMD) return ok(`systemd ${version}`);
      return isOlder(podmanVersionOf(facts), OLDEST_PODMAN)
        ? see("podman.version", `systemd ${version} is too old as well`)
        : warning(
          `systemd ${version} is older than ${OLDEST_SYSTEMD}`,
          remedy(facts, "upgradeSystem"),
        );
    },
  },
  {
    id: "systemd.linger",
    about: "the user's systemd runs without a login",
    why: "without lingering every engine stops at the last logout, and none starts at boot",
    run: withSystemd(({ facts }) => {
      const name = userOf(facts)?.name;
      if (name === undefined) return unknown(facts, "id");
      const lingers = isLingering(facts);
      if (lingers === undefined) return unknown(facts, "linger");
      if (!lingers) {
        return error(
          `lingering is disabled for ${name}`,
          command`sudo loginctl enable-linger ${name}`,
        );
      }
      return lateHome(facts) ?? ok(`lingering is enabled for ${name}`);
    }),
  },
  {
    id: "systemd.units",
    about: "the units of the Codex are loaded, and none has failed",
    why: "systemd cannot start a unit that it has not loaded, not even as part of its Coven",
    run: withCodex((subject) => withSystemd(() => unitVerdicts(subject))(subject)),
  },
  {
    id: "systemd.boot",
    about: "at most one Coven starts with the session",
    why: "systemd silently drops one of two conflicting Covens",
    run: withSystemd(({ facts, codex }) => {
      const target = propertiesOf(facts, "boot").get("default.target");
      if (target === undefined) return NO_MANAGER;
      const units = `${target.get("Wants") ?? ""} ${target.get("Requires") ?? ""}`.split(/\s+/);
      const covens = units.filter((unit) => /^lychd-coven-.*\.target$/.test(unit)).sort();
      if (covens.length < 2) {
        return ok(`${covens[0] ?? "no Coven"} starts with the session`);
      }
      // `boot_coven` is set in a drop-in, which `systemctl disable` does not remove.
      const named = codex.kind === "read" ? codex.codex.settings.boot_coven : undefined;
      const kept = named === undefined ? covens[0] : covenTarget(named);
      return error(
        `${covens.length} Covens start with the session: ${covens.join(", ")}`,
        command`systemctl --user disable ${covens.filter((unit) => unit !== kept)}`,
      );
    }),
  },
];

/** Warns if the home folder, which contains the units, is not there when the user's systemd starts at boot. */
function lateHome(facts: Facts): Verdict | undefined {
  const home = facts.environment["HOME"] ?? "";
  const { graphRoot = "", graphStatus } = podmanInfoOf(facts)?.store ?? {};
  // Facts of 0.1.0 have only the file system of images.
  const imagesOn = graphRoot.startsWith(`${home}/`)
    ? graphStatus?.["Backing Filesystem"]
    : undefined;
  const [type = "", source = ""] = (linesOf(facts, "home").at(-1) ?? imagesOn ?? "").split(/\s+/);
  if (type === "autofs" || isNetworkFileSystem(type)) {
    return warning(
      `lingering is enabled, but the home folder is on ${type}, which may be mounted too late`,
      remedy(facts, "mountHomeFirst", { user: userOf(facts)?.id ?? 0, home }),
      "at boot the user's systemd reads the units in the home folder once; then it knows none of them",
    );
  }
  return isEncryptedHome(type, source)
    ? warning(
      "lingering is enabled, but the home folder is encrypted until the login",
      command`sudo useradd --create-home --shell /bin/bash engines && sudo loginctl enable-linger engines    # then run lychd as this user`,
      "at boot the user's systemd finds no units, and after the logout engines lose their files",
    )
    : undefined;
}

/** Returns true for a home folder of eCryptfs, gocryptfs, EncFS, CryFS, systemd-homed or pam_mount. */
function isEncryptedHome(type: string, source: string): boolean {
  return /^(?:ecryptfs|fuse\.(?:gocryptfs|encfs|cryfs))$/.test(type) ||
    /^\/dev\/mapper\/(?:home-|_dev_)/.test(source);
}

/** Skips a check if lychd runs as root. */
function asUser(run: Check["run"]): Check["run"] {
  return (subject) =>
    userOf(subject.facts)?.id === 0 ? see("podman.rootless", "lychd runs as root") : run(subject);
}

/** Skips a check if lychd runs as root, or if systemd did not start the host. */
function withSystemd(run: Check["run"]): Check["run"] {
  return asUser((subject) =>
    otherInit(subject.facts) === undefined ? run(subject) : see("systemd.manager")
  );
}

/** Returns the init process of the host if it is not systemd. */
function otherInit(facts: Facts): string | undefined {
  const init = outputOf(facts, "init")?.trim();
  return init === "systemd" ? undefined : init;
}

/** Returns true if XDG_RUNTIME_DIR is not a session of the user: Podman does not run then either. */
export function hasWrongSession(facts: Facts): boolean {
  const folder = facts.environment["XDG_RUNTIME_DIR"];
  if (folder === undefined) return true;
  const owner = filesOf(facts, "session").get(folder)?.owner;
  return owner === undefined || owner !== (userOf(facts)?.id ?? owner);
}

function unitVerdicts({ facts, codex, needs }: Subject): Verdicts {
  const units = propertiesOf(facts, "units");
  if (outputOf(facts, "units") === undefined) return NO_MANAGER;
  const isInvalid = codex.kind === "read" &&
    codex.findings.some(({ severity }) => severity === "error");
  const asked = facts.commands["unit-files"]?.command.split(" ") ?? [];
  const unasked = needs.units.find((name) => !asked.includes(name));
  if (unasked !== undefined && !isInvalid) return skipped(`the facts do not include ${unasked}`);
  const files = readUnitFiles(linesOf(facts, "unit-files").join("\n"));
  const isMasked = (name: string) => files.get(name)?.startsWith("masked") === true;
  const isUnknown = (name: string) => !files.has(name) || files.get(name) === "bad";
  const masked = needs.units.filter(isMasked);
  const missing = needs.units.filter(isUnknown);
  const loaded = needs.units.filter((name) => !isMasked(name) && !isUnknown(name));
  const verdicts: Verdict[] = [];
  if (missing.length > 0) {
    if (generatorOf(facts)?.isMasked !== false) return see("quadlet.generator");
    if (isInvalid) return see("codex.valid", "nothing can be rendered");
    if (hasUnknownKeys(facts, codex)) return see("codex.keys", "the generator skips units");
    if (loaded.length === 0) return skipped("no unit is rendered yet: run lychd render");
    verdicts.push(error(
      `systemd does not know ${some(missing)}`,
      command`systemctl --user daemon-reload && lychd render`,
    ));
  }
  if (masked.length > 0) {
    const are = masked.length === 1 ? "is" : "are";
    const fix = command`systemctl --user unmask ${masked}`;
    verdicts.push(error(`${some(masked)} ${are} masked`, fix));
  }
  const failed = loaded.filter((name) => units.get(name)?.get("ActiveState") === "failed");
  if (failed.length > 0) {
    const have = failed.length === 1 ? "has" : "have";
    const result = units.get(failed[0] ?? "")?.get("Result");
    verdicts.push(error(
      `${some(failed)} ${have} failed (${result})`,
      journalOf(failed),
      "a failed unit serves nothing; the journal shows the reason",
    ));
  }
  const restarting = loaded.filter((name) => units.get(name)?.get("SubState") === "auto-restart");
  if (restarting.length > 0) {
    verdicts.push(error(
      `${some(restarting)} ${restarting.length === 1 ? "keeps" : "keep"} exiting and restarting`,
      journalOf(restarting),
      "such a unit never becomes ready; the journal shows the reason",
    ));
  }
  return verdicts.length > 0 ? verdicts : ok(`${loaded.length} units are loaded, none has failed`);
}

/** Returns `a.service`, or `a.service and 2 more`. */
function some(names: readonly string[]): string {
  return `${names[0]}${names.length === 1 ? "" : ` and ${names.length - 1} more`}`;
}

function journalOf(names: readonly string[]): Command {
  return command`journalctl --user ${names.map((name) => `--unit=${name}`)} --lines=50`;
}
