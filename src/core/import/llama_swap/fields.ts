/** What the other settings of a model become, and why some of them become nothing. */
import type { Assignment, Proposal } from "../draft.ts";
import type { GivenPort } from "../ports.ts";
import { START_LIMIT_SECONDS, STOP_LIMIT_SECONDS, whyCut } from "../seconds.ts";
import type { PortPlan, Setting } from "../setting.ts";
import type { Model } from "./config.ts";
import { fill, type ModelWorld } from "./model.ts";
import { type Entry, numberOf, type Reader, textOf, textsOf, truthOf } from "./reader.ts";
import { NO_LIST, NO_PROXY, noteTtl, type Top } from "./top.ts";

/** A model on its way to a Soulstone. */
export interface ModelDraft {
  readonly model: Model;
  readonly name: string;
  readonly world: ModelWorld;
  readonly plan: PortPlan;
  readonly given: GivenPort;
  readonly settings: readonly Setting[];
}

const OWN_NAME =
  "the engine is asked by its own name for the model, such as --alias of llama-server " +
  "or --served-model-name of vLLM";

/** Why a setting of a model is lost. */
const LOST: Readonly<Record<string, string>> = {
  aliases: OWN_NAME,
  compat: NO_PROXY,
  concurrencyLimit: "the engine has its own limit of requests",
  filters: NO_PROXY,
  metadata: NO_LIST,
  sendLoadingState: NO_PROXY,
  timeouts: NO_PROXY,
  unlisted: NO_LIST,
  useModelName: OWN_NAME,
};

/** `stop_timeout_seconds` by default. */
const STOP_SECONDS = 10;
const STOP_CUT = whyCut(STOP_LIMIT_SECONDS);

/** The fields of a model that are no settings of its container. */
export function modelFields(
  draft: ModelDraft,
  top: Top,
  reader: Reader,
): { fixed: Assignment[]; proposals: Proposal[] } {
  const { model, name: soulstone, plan } = draft;
  const { ledger } = reader;
  const proposals: Proposal[] = [];
  const fixed: Assignment[] = [];
  const wait = Math.min(top.waitSeconds ?? 0, START_LIMIT_SECONDS);
  if (wait > plan.command.profile.startTimeoutSeconds) {
    fixed.push({ path: ["start_timeout_seconds"], value: wait });
  }
  const stop = numberIn(draft, "unloadTimeout", reader) || stopCommand(draft, reader)?.seconds ||
    top.stopSeconds || STOP_SECONDS;
  const isCut = stop > STOP_LIMIT_SECONDS;
  if (stop !== STOP_SECONDS) {
    fixed.push({
      path: ["stop_timeout_seconds"],
      value: Math.min(stop, STOP_LIMIT_SECONDS),
    });
  }
  if (!model.settings.has("checkEndpoint")) fixed.push(...defaultHealth(draft));
  for (const entry of model.settings.values()) {
    const { key, node, item } = entry;
    if (ledger.has(item)) continue;
    switch (key) {
      case "cmd":
      case "env":
        break;
      case "checkEndpoint":
        proposals.push(...healthOf(draft, entry, reader));
        break;
      case "name":
      case "description":
        proposals.push(...descriptionOf(draft, entry, reader));
        break;
      case "capabilities":
        proposals.push(...capabilitiesOf(entry, reader, soulstone));
        break;
      case "proxy":
        noteProxy(draft, entry, reader);
        break;
      case "ttl": {
        const own = numberIn(draft, key, reader, -1) ?? -1;
        noteTtl(own < 0 ? top.ttlSeconds : own, entry, soulstone, ledger);
        break;
      }
      case "unloadTimeout": {
        const to = `${soulstone}.stop_timeout_seconds`;
        if (isCut) ledger.note(item, "changed", { soulstone, to, why: STOP_CUT });
        else ledger.note(item, "carried", { soulstone, to });
        break;
      }
      case "cmdStop":
        noteStop(draft, entry, isCut, reader);
        break;
      default:
        if (isOff(node)) ledger.note(item, "carried", { soulstone, why: "as it is without it" });
        else {
          const why = Object.hasOwn(LOST, key) ? LOST[key] : "lychd has no field for it";
          ledger.note(item, "lost", { soulstone, why });
        }
    }
  }
  return { fixed, proposals };
}

/** Whether a setting says only that something is not so. */
function isOff(node: Entry["node"]): boolean {
  switch (node.kind) {
    case "scalar":
      return node.value === false || node.value === 0 || node.value === "" || node.value === null;
    case "list":
      return node.items.length === 0;
    case "map":
      return node.entries.length === 0;
  }
}

/** A number of the model, macros filled in; nothing when it is not there. */
function numberIn(
  { model, world }: ModelDraft,
  key: string,
  reader: Reader,
  least?: number,
): number | undefined {
  const entry = model.settings.get(key);
  if (entry === undefined) return undefined;
  const text = fill(model, world, textOf(entry.node, `\`${key}\``, reader) ?? "");
  return numberOf(text, entry, reader, least);
}

/** A `cmdStop` that only stops a container, and how long that waits if it says so. */
function stopCommand(
  { model, world }: ModelDraft,
  reader: Reader,
): { seconds: number | undefined } | undefined {
  const entry = model.settings.get("cmdStop");
  if (entry === undefined) return undefined;
  const text = fill(model, world, textOf(entry.node, "`cmdStop`", reader) ?? "");
  if (!/^\s*(?:\S*\/)?(?:docker|podman) stop\s/.test(text)) return undefined;
  const seconds = /\s(?:-t|--time(?:out)?)(?:\s+|=)?(\d{1,9})(?=\s|$)/.exec(text)?.[1];
  return { seconds: seconds === undefined ? undefined : Number(seconds) };
}

function noteStop(draft: ModelDraft, { item }: Entry, isCut: boolean, reader: Reader): void {
  const { name: soulstone } = draft;
  const command = stopCommand(draft, reader);
  if (isCut && command?.seconds !== undefined) {
    const to = `${soulstone}.stop_timeout_seconds`;
    reader.ledger.note(item, "changed", { soulstone, to, why: STOP_CUT });
  } else if (command !== undefined) {
    reader.ledger.note(item, "carried", { soulstone, why: "systemd stops the container" });
  } else {
    const why = "systemd sends SIGTERM, and after `stop_timeout_seconds` SIGKILL";
    reader.ledger.note(item, "lost", { soulstone, why });
  }
}

function noteProxy(
  { model, name: soulstone, world, given }: ModelDraft,
  { node, item }: Entry,
  { ledger, findings }: Reader,
): void {
  const text = fill(model, world, textOf(node, "`proxy`", { ledger, findings }) ?? "");
  const match = /^https?:\/\/(\[[^\]]*\]|[^/:]*)(?::(\d+))?(\/.*)?$/.exec(text);
  const isHere = /^(?:localhost|127\.[\d.]+|0\.0\.0\.0|\[::1?\])$/.test(match?.[1] ?? "");
  if (!isHere) {
    ledger.note(item, "lost", { soulstone, why: "it leads to another host" });
  } else if (Number(match?.[2]) === given.port) {
    ledger.note(item, "carried", { soulstone, to: `${soulstone}.port` });
  } else {
    const why = `it is reached at port ${given.port} from now on`;
    ledger.note(item, "changed", { soulstone, to: `${soulstone}.port`, why });
  }
}

/** llama-swap asks /health of every engine; lychd does so of those that it knows. */
function defaultHealth({ plan, settings }: ModelDraft): Assignment[] {
  const isAsked = plan.command.profile.healthPath !== undefined ||
    settings.some(({ key }) => key === "HealthCmd");
  return isAsked ? [] : [{ path: ["health", "path"], value: "/health" }];
}

function healthOf(
  { model, name: soulstone, world, plan, settings }: ModelDraft,
  { node, item }: Entry,
  reader: Reader,
): Proposal[] {
  const path = fill(model, world, textOf(node, "`checkEndpoint`", reader) ?? "");
  if (settings.some(({ key }) => key === "HealthCmd")) {
    reader.ledger.note(item, "lost", {
      soulstone,
      why: "the container has a health check of its own",
    });
    return [];
  }
  if (path === plan.command.profile.healthPath) {
    reader.ledger.note(item, "carried", { soulstone, why: "lychd asks there by itself" });
    return [];
  }
  const [field, value] = path === "none" ? ["cmd", "none"] as const : ["path", path] as const;
  return [{ item, ways: [{ assign: [{ path: ["health", field], value }] }] }];
}

/** `name` and `description` are one line for people; both are carried over or none. */
function descriptionOf(
  { model, name: soulstone, world }: ModelDraft,
  { node, item }: Entry,
  reader: Reader,
): Proposal[] {
  const text = (from: Entry["node"]) => fill(model, world, textOf(from, "a name", reader) ?? "");
  const parts = ["name", "description"].flatMap((key) => {
    const entry = model.settings.get(key);
    return entry === undefined ? [] : [text(entry.node)];
  }).filter((part) => part.trim() !== "");
  if (text(node).trim() === "") {
    reader.ledger.note(item, "carried", { soulstone, why: "it is empty" });
    return [];
  }
  const line = parts.join(": ").replace(/\s+/g, " ").trim();
  const how = line === parts.join(": ") ? undefined : "on one line";
  return [{ item, ways: [{ assign: [{ path: ["description"], value: line }], how }] }];
}

/** What a model can do, as tags. */
function capabilitiesOf(
  { node, item }: Entry,
  reader: Reader,
  soulstone: string,
): Proposal[] {
  if (node.kind !== "map") return [];
  const items = reader.ledger.split(
    item,
    node.entries.map(({ key, place }) => ({
      text: `capabilities.${key}`,
      place,
    })),
  );
  return node.entries.flatMap(({ key, node: value }, i): Proposal[] => {
    const own = items[i] ?? item;
    const tags = key === "in" || key === "out"
      ? textsOf(value, `\`${key}\``, reader).map(({ text }) => `${text}-${key}`)
      : (key === "tools" || key === "reranker") && truthOf(value, `\`${key}\``, reader) === true
      ? [key]
      : [];
    if (tags.length === 0) {
      const outcome = isOff(value) ? "carried" : "lost";
      const why = outcome === "lost" ? NO_LIST : "as it is without it";
      reader.ledger.note(own, outcome, { soulstone, why });
      return [];
    }
    const assign = tags.map((tag) => ({ path: ["capabilities"], value: tag }));
    return [{ item: own, ways: [{ assign, how: `as ${tags.join(", ")}` }] }];
  });
}
