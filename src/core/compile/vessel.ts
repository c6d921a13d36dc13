/** The Vessel, the front door: `lychd serve` as a service, and what engines need for it. */
import drainScript from "../../../templates/drain.sh" with { type: "text" };
import { type Codex, parsePortalUrl, type Portal, uriOf } from "../codex/mod.ts";
import { type Finding, finding } from "../report/mod.ts";
import {
  type Directive,
  directive,
  type Section,
  SYSTEMD_FOLDER,
  type Unit,
  VESSEL,
  VESSEL_FOLDER,
  writeExecWord,
} from "../rune/mod.ts";
import { asciiJson } from "./ascii_json.ts";
import { RESTART, STOP_GRACE_SECONDS } from "./container.ts";
import type { FileLayout } from "./templates.ts";

/** Returns the layout of every file of the Vessel; none if it is disabled. */
export function vesselFiles(
  codex: Codex,
  binary: string,
): { files: FileLayout[]; findings: Finding[] } {
  const { vessel } = codex.settings;
  if (!vessel.enabled) return { files: [], findings: [] };
  const program = programOf(binary);
  if ("problem" in program) {
    const place = codex.settingsPlaceOf(["vessel", "enabled"]);
    return { files: [], findings: [finding("vessel-binary", place, program)] };
  }
  const source = "lychd.toml";
  return {
    files: [
      {
        path: `${SYSTEMD_FOLDER}/${VESSEL.service}`,
        title: "LychD Vessel: the front door",
        source,
        unit: serviceOf(codex, program.text),
        comments: COMMENTS,
      },
      {
        path: `${SYSTEMD_FOLDER}/${VESSEL.hold}`,
        title: "LychD hold: while it is active, the Vessel starts and stops no engine",
        source,
        unit: HOLD,
      },
      ...readsSecrets(codex)
        ? [{
          path: `${SYSTEMD_FOLDER}/${VESSEL.podman}`,
          title: "LychD Podman: makes the namespace in which the Vessel reads the keys of Portals",
          source: "portals/",
          unit: PODMAN,
        }]
        : [],
      { path: `${VESSEL_FOLDER}/drain.sh`, text: drainScript },
    ],
    findings: [],
  };
}

/** Returns the first word of `ExecStart=`, or the reason why systemd cannot start the program. */
function programOf(binary: string): { text: string } | { problem: string } {
  // systemd replaces variables in all words of a command but its program.
  if (binary.includes("$")) return { problem: "its path contains `$`" };
  const written = writeExecWord(binary);
  return "text" in written
    ? written
    : { problem: `its path cannot be written: ${written.problem}` };
}

/**
 * The state of the hold: systemd keeps it, so that it outlives the Vessel. Its program makes systemd write
 * a file at the start and remove it at the end, which the Vessel sees; a target leaves no such trace.
 */
const HOLD: Unit = {
  Unit: { Description: directive("LychD hold: the Vessel starts and stops no engine") },
  Service: {
    Type: directive("oneshot"),
    ExecStart: directive("/bin/sh -c :"),
    RemainAfterExit: directive(true),
  },
  "X-Lychd": { Hold: directive("yes") },
};

/** Returns true if the Vessel reads a secret of Podman. */
function readsSecrets({ portals }: Codex): boolean {
  return portals.some((portal) => portal.key_secret !== undefined);
}

/**
 * Any command of Podman makes its user namespace, which the Vessel cannot make within its limits, and
 * leaves a process in a scope of its own that keeps it. If this fails, doctor says what a Portal lacks.
 */
const PODMAN: Unit = {
  Unit: { Description: directive("LychD Podman: the namespace for secrets") },
  Service: {
    Type: directive("oneshot"),
    ExecStart: directive("-/bin/sh -c 'exec podman secret ls'"),
    StandardOutput: directive("null"),
    TimeoutStartSec: directive(30),
  },
  "X-Lychd": { Podman: directive("yes") },
};

/**
 * The limits of the service. Each was tried in a user session of systemd 257, with everything that the
 * Vessel runs: systemctl, journalctl, ss without netlink, and Podman, which joins its own user namespace
 * and mounts. With NoNewPrivileges=, which a user's systemd needs for most of them, Podman works only after
 * the first container of a session: it cannot make that namespace. The Vessel needs it only for hints.
 *
 * Not used: an empty CapabilityBoundingSet=, which a user's systemd refuses; MemoryDenyWriteExecute=,
 * with which V8 does not start; RestrictNamespaces=, with which Podman cannot join its namespace; and
 * everything that needs a mount namespace, such as ProtectSystem=, PrivateTmp= and ProtectClock=.
 */
const LIMITS: Section = {
  NoNewPrivileges: directive(true),
  LockPersonality: directive(true),
  RestrictRealtime: directive(true),
  RestrictSUIDSGID: directive(true),
  RestrictAddressFamilies: directive("AF_INET AF_INET6 AF_UNIX"),
  SystemCallArchitectures: directive("native"),
  SystemCallFilter: directive("@system-service @pkey @mount"),
  SystemCallErrorNumber: directive("EPERM"),
  UMask: directive("0077"),
  LimitCORE: directive(0),
  MemoryMax: directive("2G"),
  TasksMax: directive(1024),
};

const COMMENTS = {
  "Service.NotifyAccess": ["A program that the Vessel runs reports its state to systemd."],
  "Service.KillMode": ["The programs that it runs end by themselves."],
  "Service.RuntimeDirectory": [
    "Engines do not wait for the Vessel without this folder, which systemd removes when it ends.",
  ],
  "Service.TimeoutStopSec": ["Requests under way may finish."],
  "Service.NoNewPrivileges": [
    "Options that need a mount namespace are missing: they would also make a user namespace, in which",
    "root owns no file and Podman does not work.",
  ],
  "Service.LimitCORE": ["Memory contains prompts and keys."],
};

function serviceOf(codex: Codex, program: string): Unit {
  const { vessel } = codex.settings;
  const at = (...path: readonly string[]) => codex.settingsPlaceOf(["vessel", ...path]);
  return {
    Unit: {
      Description: directive("LychD Vessel: the front door"),
      StartLimitIntervalSec: directive(0),
      ...readsSecrets(codex)
        ? { Wants: directive(VESSEL.podman), After: directive(VESSEL.podman) }
        : {},
    },
    Service: {
      Type: directive("notify"),
      NotifyAccess: directive("all"),
      ExecStart: directive(`${program} serve`, at("enabled")),
      KillMode: directive("mixed"),
      ...RESTART,
      Restart: directive("always"),
      RestartSec: directive(1),
      RuntimeDirectory: directive(VESSEL.runtimeFolder),
      TimeoutStartSec: directive(60),
      TimeoutStopSec: directive(vessel.drain_seconds + STOP_GRACE_SECONDS, at("drain_seconds")),
      ...LIMITS,
    },
    "X-Lychd": factsOf(codex),
  };
}

/** Returns the settings that the Vessel reads from its unit. */
function factsOf({ settings, settingsPlaceOf, portals }: Codex): Section {
  const { vessel, sepulcher: { reserve_ports }, boot_coven } = settings;
  const fact = (value: string | number | undefined, field: string): Directive[] =>
    value === undefined ? [] : directive(value, settingsPlaceOf(["vessel", field]));
  const idleCoven = vessel.idle_coven ?? boot_coven;
  return {
    Vessel: directive("yes"),
    Port: fact(vessel.port, "port"),
    Address: fact(vessel.bind_address, "bind_address"),
    Uri: fact(uriOfVessel(vessel), "port"),
    Key: Object.entries(vessel.keys).sort(([a], [b]) => a < b ? -1 : 1)
      .flatMap(([name, digest]) =>
        directive(`${name} ${digest}`, settingsPlaceOf(["vessel", "keys", name]))
      ),
    AllowedOrigins: fact(vessel.allowed_origins.join(" ") || undefined, "allowed_origins"),
    LingerSeconds: fact(vessel.linger_seconds, "linger_seconds"),
    QueueLimit: fact(vessel.queue_limit, "queue_limit"),
    WaitSeconds: fact(vessel.wait_seconds, "wait_seconds"),
    DrainSeconds: fact(vessel.drain_seconds, "drain_seconds"),
    IdleCoven: vessel.idle_minutes === undefined ? [] : fact(idleCoven, "idle_coven"),
    IdleMinutes: fact(vessel.idle_minutes, "idle_minutes"),
    LoadingMessage: fact(vessel.loading_message ? "yes" : undefined, "loading_message"),
    MaxBodyMib: fact(vessel.max_body_mib, "max_body_mib"),
    ReservedPorts: reserve_ports === undefined
      ? []
      : directive(reserve_ports, settingsPlaceOf(["sepulcher", "reserve_ports"])),
    Portal: portals.flatMap((portal) =>
      directive(asciiJson(portalFacts(portal)), portal.placeOf(["url"]))
    ),
  };
}

/** Returns what the Vessel knows of a Portal, with the certificates that it trusts. */
function portalFacts({ url, ...portal }: Portal) {
  return {
    name: portal.name,
    ...parsePortalUrl(url),
    models: portal.models,
    aliases: portal.aliases,
    capabilities: portal.capabilities,
    keySecret: portal.key_secret,
    timeoutSeconds: portal.timeout_seconds,
    prefer: portal.prefer,
    authorities: portal.authorities,
  };
}

function uriOfVessel({ port, bind_address: address }: Codex["settings"]["vessel"]): string {
  if (/^(?:127\.0\.0\.1|0\.0\.0\.0|::1?)$/.test(address)) return uriOf({ port });
  return `http://${address.includes(":") ? `[${address}]` : address}:${port}/v1`;
}

/** The directives of an engine that the Vessel needs: its stop waits for the requests under way. */
export const DRAIN = {
  seconds: VESSEL.hookSeconds,
  /** Returns the command that runs before the stop of Quadlet. */
  command: (soulstone: string): Directive[] =>
    directive(`-/bin/sh %E/${VESSEL_FOLDER}/drain.sh ${soulstone}`),
} as const;
