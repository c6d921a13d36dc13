import { type Route, route, type Work } from "../../../core/dispatcher/route.ts";
import { quoted } from "../../../core/report/printable.ts";
import { formEdits } from "../body/form_edits.ts";
import { FormScan } from "../body/form_scan.ts";
import { jsonEdits } from "../body/json_edits.ts";
import { JsonScan, type ScannedJson } from "../body/json_scan.ts";
import { notValid, receiveBody, type ReceivedBody } from "../body/receive.ts";
import { type Edit, splice } from "../body/splice.ts";
import type { BodyMemory } from "../body/body_memory.ts";
import type { Driver, Units } from "../dispatch/driver.ts";
import type { DoorEngine } from "../../../core/orchestrator/door.ts";
import type { Pace } from "../pace.ts";
import { type Content, contentOf } from "../request/content.ts";
import { Refused } from "../request/refused.ts";
import type { Incoming } from "./incoming.ts";

/** A request whose body was received, with its engine. */
export interface Prepared {
  readonly route: Route;
  readonly port: number;
  /** The model that the client named. */
  readonly model: string;
  /** The body for the engine. */
  readonly pieces: readonly Uint8Array[];
  /** True if the client gets its answer as a stream. */
  readonly isStream: boolean;
  /** Gives the memory of the body back. */
  release(): void;
}

/** A routed endpoint, and where bodies go. */
export interface Preparing {
  readonly work: Work;
  readonly body: Content["kind"];
  readonly memory: BodyMemory;
  readonly driver: Driver;
  readonly pace: Pace;
}

/** Receives the body of a request, chooses its engine by `model`, and makes the body for the engine. */
export async function prepare(
  { request, headers }: Pick<Incoming, "request" | "headers">,
  { work, body, memory, driver, pace }: Preparing,
): Promise<Prepared> {
  const content = contentOf(headers, body);
  if ("error" in content) throw new Refused(content.error);
  const { maxBodyMib } = driver.units.door.settings;
  const scan = content.kind === "json" ? new JsonScan() : new FormScan(content.boundary);
  const received = await receiveBody(request, { headers, maxMib: maxBodyMib, memory, scan, pace });
  try {
    return prepared(received, scan, { work, driver });
  } catch (error) {
    received.release();
    throw error;
  }
}

function prepared(
  { pieces, release }: ReceivedBody,
  scan: JsonScan | FormScan,
  { work, driver }: Pick<Preparing, "work" | "driver">,
): Prepared {
  const scanned = scan.end();
  if ("problem" in scanned) throw notValid(scanned.problem);
  if (scanned.model === undefined) throw notValid("`model` is missing");
  const to = { ...routeTo(scanned.model, work, driver), model: scanned.model, release };
  const engine = driver.units.door.engines.get(to.route.engine);
  // An engine that ignores the id gets what the client sent.
  const model = to.route.served ?? scanned.model;
  if (!("members" in scanned)) {
    const edits = model === scanned.model ? [] : formEdits(scanned, model);
    return { ...to, pieces: splice(pieces, edits), isStream: scanned.stream };
  }
  const edits = editsOf(scanned, model, engine);
  return { ...to, pieces: splice(pieces, edits), isStream: streamOf(scanned.stream, engine) };
}

/** Returns the edits for the engine: most often only the model, if at all. */
function editsOf(
  scanned: ScannedJson,
  model: string,
  { set = {}, strip = [] }: Partial<DoorEngine> = {},
): readonly Edit[] {
  const place = scanned.members.get("model");
  const isOther = model !== scanned.model;
  if (strip.length === 0 && Object.keys(set).length === 0 && place !== undefined) {
    const { valueStart: start, end } = place;
    return isOther ? [{ start, end, bytes: encoder.encode(JSON.stringify(model)) }] : [];
  }
  return jsonEdits(scanned, { set: isOther ? { model, ...set } : set, strip });
}

const encoder = new TextEncoder();

/** Returns true if the engine streams its answer, whatever the client sent. */
function streamOf(sent: boolean, { set, strip }: Partial<DoorEngine> = {}): boolean {
  if (set !== undefined && Object.hasOwn(set, "stream")) return set.stream === true;
  return sent && strip?.includes("stream") !== true;
}

/** Chooses the engine for a model, or throws a Refused. */
export function routeTo(model: string, work: Work, { units, running }: Driver) {
  const routed = route(model, work, units.inventory, namesOf(units), running);
  if ("problem" in routed) {
    const { reason, message } = routed.problem;
    const isUnknown = reason === "unknown-model";
    const code = isUnknown ? "model_not_found" : "model_unclear";
    throw new Refused({ status: isUnknown ? 404 : 400, code, message });
  }
  const engine = units.inventory.engines.find(({ name }) => name === routed.engine);
  if (engine === undefined || !engine.isOnLoopback) {
    const message = `${
      quoted(routed.engine)
    } has no port on 127.0.0.1; port_expose = true gives it one`;
    throw new Refused({ status: 503, code: "not_exposed", message });
  }
  return { route: routed, port: engine.port };
}

const NAMES = new WeakMap<Units, Parameters<typeof route>[3]>();

/** Returns the names of all engines, computed once for the same units. */
function namesOf(units: Units): Parameters<typeof route>[3] {
  const known = NAMES.get(units);
  if (known !== undefined) return known;
  const names = new Map(
    [...units.door.engines].map(([name, { aliases, served }]) =>
      [name, { aliases, ...served !== undefined && { served } }] as const
    ),
  );
  NAMES.set(units, names);
  return names;
}
