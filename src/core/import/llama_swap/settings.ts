/** The settings of a model besides its command, and the settings outside models. */
import { quoted } from "../../report/mod.ts";
import type { PlacedModel, Top } from "./placed_model.ts";
import type { ImportReport } from "../report.ts";
import type { Assignment, Proposal } from "../resolve.ts";
import { START_LIMIT_SECONDS, STOP_LIMIT_SECONDS, whyCut } from "../seconds.ts";
import { all } from "../setting.ts";
import { KNOWN, type SwapConfig } from "./config.ts";
import { type ModelInput, settingText } from "./model.ts";
import { type Stop, stopOf } from "./stop.ts";
import { type Entry, numberOf, type Reader, textOf, textsOf, truthOf } from "./reader.ts";
import { contextOf, fieldsWithoutTtl, idleAfter, vesselProposals } from "./vessel.ts";

/** The reasons why settings outside models are lost; the other known ones configure llama-swap. */
const LOST_OF_TOP: ReadonlyMap<string, string> = new Map([
  ["profiles", "`aliases` of a Soulstone do not change at runtime"],
  ["selectors", "a tag in `capabilities` is one name for several engines"],
]);

const NO_FIELD = "lychd has no field for it";

/** Reads the settings outside models, and records what became of each. */
export function readTop({ settings, models }: SwapConfig, reader: Reader): Top {
  const { report } = reader;
  const number = (key: string) => {
    const entry = settings.get(key);
    return entry && numberOf(textOf(entry.node, `\`${key}\``, reader), entry, reader);
  };
  const ttlSeconds = number("globalTTL") ?? 0;
  const waitSeconds = number("healthCheckTimeout");
  const stopSeconds = number("unloadTimeout") || undefined;
  const truth = (entry: Entry | undefined) =>
    entry && truthOf(entry.node, `\`${entry.key}\``, reader);
  const hasLoadingMessage = truth(settings.get("sendLoadingState")) ??
    (models.length > 0 && models.every((m) => truth(m.settings.get("sendLoadingState")) === true));
  for (const entry of settings.values()) {
    const { key, item } = entry;
    if (report.has(item)) continue;
    if (key === "startPort") report.record(item, "carried", { to: "port" });
    else if (key === "unloadTimeout") recordStop(entry, stopSeconds, report);
    else if (key === "healthCheckTimeout") {
      const isCut = (waitSeconds ?? 0) > START_LIMIT_SECONDS;
      report.record(item, "changed", {
        to: "start_timeout_seconds",
        why: "set only if it is longer than the default, which includes the pull of an image" +
          (isCut ? `; ${whyCut(START_LIMIT_SECONDS)}` : ""),
      });
    } else if (key === "globalTTL") {
      const change = ttlSeconds > 0 ? idleAfter(ttlSeconds).change : "no engine is stopped";
      const outcome = ttlSeconds > 0 && change !== undefined ? "changed" : "carried";
      report.record(item, outcome, {
        to: ttlSeconds > 0 ? "idle_minutes" : undefined,
        why: change,
      });
    } else if (key === "sendLoadingState") {
      report.record(item, "carried", { to: "vessel.loading_message" });
    } else if (key === "includeAliasesInList") {
      report.record(item, "changed", {
        why: "the list of models has the aliases of each as a field",
      });
    } else if (key === "upstream") {
      report.record(item, "changed", { why: "no request below `/upstream` starts an engine" });
    } else if (key !== "apiKeys" && key !== "peers") {
      const why = KNOWN.has(key) ? "it configures llama-swap itself" : NO_FIELD;
      report.lost(item, LOST_OF_TOP.get(key) ?? why);
    }
  }
  const startPort = number("startPort") || 5800;
  return { startPort, waitSeconds, stopSeconds, ttlSeconds, hasLoadingMessage };
}

function recordStop({ item }: Entry, seconds: number | undefined, report: ImportReport): void {
  const isCut = (seconds ?? 0) > STOP_LIMIT_SECONDS;
  report.record(item, isCut ? "changed" : "carried", {
    to: "stop_timeout_seconds",
    why: isCut ? whyCut(STOP_LIMIT_SECONDS) : undefined,
  });
}

/** The default of `stop_timeout_seconds`. */
const STOP_SECONDS = 10;

/** Returns the fields of a model that are not settings of its container. */
export function modelFields(
  placed: PlacedModel,
  top: Top,
): { fixed: Assignment[]; proposals: Proposal[] } {
  const { model, plan, report, reader } = placed;
  const fixed: Assignment[] = [...fieldsWithoutTtl(placed, top)];
  const number = (key: string, least?: number) => {
    const entry = model.settings.get(key);
    const text = settingText(placed, key);
    return entry === undefined ? undefined : numberOf(text, entry, reader, least);
  };
  const wait = Math.min(top.waitSeconds ?? 0, START_LIMIT_SECONDS);
  if (wait > plan.command.profile.startTimeoutSeconds) {
    fixed.push({ path: ["start_timeout_seconds"], value: wait });
  }
  const command = stopCommand(placed);
  const stop = number("unloadTimeout") || command?.seconds || top.stopSeconds || STOP_SECONDS;
  if (stop !== STOP_SECONDS) {
    fixed.push({ path: ["stop_timeout_seconds"], value: Math.min(stop, STOP_LIMIT_SECONDS) });
  }
  const isOfEngine = plan.command.profile.healthPath !== undefined && proxyOf(placed).path === "";
  if (!model.settings.has("checkEndpoint") && !isOfEngine && !hasHealthCmd(placed)) {
    // The default of llama-swap, for engines that lychd does not know, or that have a prefix.
    fixed.push({ path: ["health", "path"], value: healthPathOf(placed, "/health") });
  }
  const proposals = [...model.settings.values()].flatMap((entry): Proposal[] => {
    const { key, node, item } = entry;
    if (report.has(item)) return [];
    const ofVessel = vesselProposals(placed, entry, top);
    if (ofVessel !== undefined) return ofVessel;
    switch (key) {
      case "cmd":
      case "env":
        break;
      case "checkEndpoint":
        return healthOf(placed, entry);
      case "name":
      case "description":
        return descriptionOf(placed, entry);
      case "capabilities":
        return capabilitiesOf(placed, entry);
      case "proxy":
        recordProxy(placed, entry);
        break;
      case "unloadTimeout":
        recordStop(entry, stop, report);
        break;
      case "cmdStop":
        if (stop > STOP_LIMIT_SECONDS && command?.seconds !== undefined) {
          recordStop(entry, stop, report);
        } else if (command?.signal !== undefined) {
          const why = `systemd sends SIGTERM instead of ${command.signal}: set StopSignal of ` +
            "[Container] in `quadlet`";
          report.record(item, "changed", { why });
        } else if (command !== undefined) {
          report.record(item, "carried", { why: "systemd stops the container" });
        } else {
          report.lost(item, "systemd sends SIGTERM, and SIGKILL after `stop_timeout_seconds`");
        }
        break;
      default:
        if (isOff(node)) report.record(item, "carried", { why: OFF });
        else report.lost(item, NO_FIELD);
    }
    return [];
  });
  return { fixed, proposals };
}

const OFF = "it is the default";

/** Returns true for a value that turns a setting off. */
function isOff(node: Entry["node"]): boolean {
  if (node.kind === "list") return node.items.length === 0;
  return node.kind === "map" ? node.entries.length === 0 : !node.value;
}

/** Reads a `cmdStop` that only stops the model. */
function stopCommand(model: ContainedModel): Stop | undefined {
  const names = all(model, "ContainerName").map(({ value }) => value);
  return stopOf(settingText(model, "cmdStop") ?? "", names);
}

/** Names and addresses of this host, also in a container of Docker or Podman. */
const LOCAL =
  /^(?:localhost|127\.[\d.]+|0\.0\.0\.0|\[::1?\]|172\.17\.0\.1|host\.(?:docker|containers)\.internal)$/;

/** A model with the settings of its container. */
type ContainedModel = ModelInput & Pick<PlacedModel, "settings">;

/** Reads the address at which llama-swap reaches a model. */
function proxyOf(model: ContainedModel) {
  const pattern =
    /^(?<scheme>https?):\/\/(?<user>[^/@]*@)?(?<host>\[[^\]]*\]|[^/:]*)(?::(?<port>\d+))?(?<path>\/.*)?$/;
  const parts: Readonly<Record<string, string | undefined>> =
    pattern.exec(settingText(model, "proxy") ?? "")?.groups ?? {};
  const { scheme, user, host = "", port, path = "" } = parts;
  const isOwn = ["ContainerName", "HostName", "NetworkAlias"].some((key) =>
    all(model, key).some(({ value }) => value === host)
  );
  return {
    isTls: scheme === "https",
    hasUser: user !== undefined,
    /** True if it is a name of the model's own container, and so the port is that in the container. */
    isOwn,
    isReached: isOwn || LOCAL.test(host),
    port: port !== undefined ? Number(port) : isOwn ? (scheme === "https" ? 443 : 80) : undefined,
    path: path.replace(/\/$/, ""),
  };
}

/** Returns the port at which llama-swap reaches a model on this host, if known. */
export function proxyPort(model: ContainedModel): number | undefined {
  const { isReached, port } = proxyOf(model);
  return isReached ? port : undefined;
}

function recordProxy(placed: PlacedModel, { item }: Entry): void {
  const { given: { port }, plan: { command }, report } = placed;
  const proxy = proxyOf(placed);
  if (!proxy.isReached) return report.lost(item, "it is on another host");
  const isKnown = command.profile.name !== "generic";
  const lost = [
    ...proxy.isTls && !isKnown
      ? ["lychd reaches engines over HTTP: configure the engine without TLS"]
      : [],
    ...proxy.hasUser ? ["lychd sends the engine no name and password of a user"] : [],
    ...proxy.path === "" ? [] : [`lychd adds no ${quoted(proxy.path)} to the paths of requests`],
    ...proxy.isOwn && !command.canMove && proxy.port !== port
      ? [`set its port to ${port} instead of ${proxy.port} in \`exec\` or \`env\``]
      : [],
  ];
  const changes = [
    ...proxy.isTls && isKnown ? ["lychd reaches engines over HTTP"] : [],
    ...proxy.isOwn
      ? [`the host reaches it at port ${port}`]
      : proxy.port === port
      ? []
      : [`the new port is ${port}`],
  ];
  const outcome = lost.length > 0 ? "lost" : changes.length > 0 ? "changed" : "carried";
  report.record(item, outcome, { to: "port", why: [...lost, ...changes].join("; ") });
}

function hasHealthCmd({ settings }: PlacedModel): boolean {
  return all({ settings }, "HealthCmd").length > 0;
}

/** Returns the path of an endpoint, which llama-swap adds to that of `proxy`, unless it begins with that. */
function healthPathOf(model: ContainedModel, endpoint: string): string {
  const { path } = proxyOf(model);
  if (/^\w+:/.test(endpoint)) return endpoint;
  const below = `/${endpoint.replace(/^\/+/, "")}`;
  return below.startsWith(`${path}/`) ? below : path + below;
}

function healthOf(placed: PlacedModel, { key, item }: Entry): Proposal[] {
  const endpoint = settingText(placed, key) ?? "";
  const path = endpoint === "none" ? endpoint : healthPathOf(placed, endpoint);
  if (hasHealthCmd(placed)) placed.report.lost(item, "the container has its own health check");
  else if (path === placed.plan.command.profile.healthPath) {
    placed.report.record(item, "carried", { why: "it is the default of the engine" });
  } else {
    const field = path === "none" ? "cmd" : "path";
    return [{ item, alternatives: [{ assign: [{ path: ["health", field], value: path }] }] }];
  }
  return [];
}

/** `name` and `description` become one line. */
function descriptionOf(placed: PlacedModel, { key, item }: Entry): Proposal[] {
  const parts = ["name", "description"].flatMap((field) => settingText(placed, field) ?? [])
    .filter((part) => part.trim() !== "");
  if (settingText(placed, key)?.trim() === "") {
    placed.report.record(item, "carried", { why: "it is empty" });
    return [];
  }
  const line = parts.join(": ").replace(/\s+/g, " ").trim();
  const change = line === parts.join(": ") ? undefined : "on one line";
  return [{ item, alternatives: [{ assign: [{ path: ["description"], value: line }], change }] }];
}

/** Capabilities become tags. */
function capabilitiesOf(placed: PlacedModel, { node, item }: Entry): Proposal[] {
  const { report, reader } = placed;
  if (node.kind !== "map") return [];
  const items = report.split(
    item,
    node.entries.map(({ key, place }) => {
      return { text: `capabilities.${key}`, setting: `capabilities.${key}`, place };
    }),
  );
  return node.entries.flatMap(({ key, node: value }, i): Proposal[] => {
    const own = items[i] ?? item;
    const tags = key === "in" || key === "out"
      ? textsOf(value, `\`${key}\``, reader).map(({ text }) => `${text}-${key}`)
      : (key === "tools" || key === "reranker") && truthOf(value, `\`${key}\``, reader) === true
      ? [key]
      : [];
    if (tags.length === 0) {
      if (isOff(value)) report.record(own, "carried", { why: OFF });
      else if (key === "context" && Number(textOf(value, "", reader)) === contextOf(placed)) {
        report.record(own, "carried", { why: "the Vessel lists the limit of the command" });
      } else if (key === "context") {
        report.lost(own, "the Vessel lists the context only if the command limits it to that");
      }
      return [];
    }
    const assign = tags.map((tag) => ({ path: ["capabilities"], value: tag }));
    return [{ item: own, alternatives: [{ assign, change: `as ${tags.join(", ")}` }] }];
  });
}
