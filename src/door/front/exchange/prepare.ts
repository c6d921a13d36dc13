import { type Place, placesFor, portalNames } from "../../../core/dispatcher/portals.ts";
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
import { HOP } from "../portal/portal.ts";
import { type Content, contentOf } from "../request/content.ts";
import type { DoorError } from "../request/error_answer.ts";
import { Refused } from "../request/refused.ts";
import type { Incoming } from "./incoming.ts";

/** A request whose body was received, with the places that can answer it. */
export interface Prepared {
  /** Best first. */
  readonly places: readonly [Place, ...Place[]];
  /** The model that the client named. */
  readonly model: string;
  /** Returns the body for a place. */
  piecesFor(place: Place): readonly Uint8Array[];
  /** Returns true if the client gets its answer as a stream. */
  isStreamAt(place: Place): boolean;
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

/** Receives the body of a request, and chooses the places for it by `model`. */
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
    return await prepared(received, scan, { work, driver, isHop: headers.get(HOP) !== null });
  } catch (error) {
    received.release();
    throw error;
  }
}

async function prepared(
  { pieces, release }: ReceivedBody,
  scan: JsonScan | FormScan,
  { work, driver, isHop }: Pick<Preparing, "work" | "driver"> & { readonly isHop: boolean },
): Promise<Prepared> {
  const scanned = scan.end();
  if ("problem" in scanned) throw notValid(scanned.problem);
  const named = scanned.model;
  if (named === undefined) throw notValid("`model` is missing");
  const places = await placesOf(named, work, { driver, isHop });
  const engineAt = (place: Place) =>
    place.kind === "engine" ? driver.units.door.engines.get(place.engine) : undefined;
  return {
    ...{ places, model: named, release },
    piecesFor(place) {
      // An engine that ignores the id gets what the client sent.
      const model = place.kind === "portal" ? place.model : place.served ?? named;
      if ("members" in scanned) return splice(pieces, editsOf(scanned, model, engineAt(place)));
      return splice(pieces, model === named ? [] : formEdits(scanned, model));
    },
    isStreamAt: (place) =>
      "members" in scanned ? streamOf(scanned.stream, engineAt(place)) : scanned.stream,
  };
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

/**
 * Chooses the places for a model, or throws a Refused. A request that came through another door stays on
 * this host, so that two doors never send one request to and fro.
 */
async function placesOf(
  model: string,
  work: Work,
  { driver, isHop }: { readonly driver: Driver; readonly isHop: boolean },
): Promise<readonly [Place, ...Place[]]> {
  const { offers } = driver.portals;
  const here = routeHere(model, work, driver, () => portalNames(offers));
  const found = "error" in here ? undefined : { route: here, prospect: driver.prospectOf(here) };
  const [first, ...others] = placesFor(model, found, isHop ? [] : offers);
  if (first !== undefined) return [first, ...others];
  const { firstLooks, unlisted } = driver.portals;
  if (firstLooks !== undefined) {
    // Just after the start of the door, a Portal may have a model that is not known yet.
    await firstLooks;
    return await placesOf(model, work, { driver, isHop });
  }
  const [elsewhere] = isHop ? placesFor(model, undefined, offers) : [];
  if (elsewhere?.kind === "portal") {
    const message = `${quoted(model)} is not on this host, but at its Portal ${
      quoted(elsewhere.portal)
    }; the request came through another door, and is forwarded only once`;
    throw new Refused({ status: 508, code: "portal_loop", message });
  }
  const error: DoorError = "error" in here ? here.error : INTERNAL;
  const [unknown] = isHop ? [] : unlisted;
  if (error.code !== "model_not_found" || unknown === undefined) throw new Refused(error);
  const perhaps = `the Portal ${quoted(unknown.name)} cannot say whether it has it`;
  throw new Refused({ ...error, message: `${error.message}; ${perhaps}: ${unknown.why}` });
}

const INTERNAL = { status: 500, code: "internal_error", message: "no place was found" } as const;

/** Chooses the engine of this host for a model, or throws a Refused. */
export function routeTo(
  model: string,
  work: Work,
  driver: Driver,
): Extract<Place, { kind: "engine" }> {
  const here = routeHere(model, work, driver);
  if ("error" in here) throw new Refused(here.error);
  return { kind: "engine", ...here };
}

function routeHere(
  model: string,
  work: Work,
  { units, running }: Driver,
  otherNames?: () => readonly string[],
): Route | { readonly error: DoorError } {
  const routed = route(model, work, units.inventory, namesOf(units), running, otherNames);
  if ("problem" in routed) {
    const { reason, message } = routed.problem;
    const isUnknown = reason === "unknown-model";
    const code = isUnknown ? "model_not_found" : "model_unclear";
    return { error: { status: isUnknown ? 404 : 400, code, message } };
  }
  const engine = units.inventory.engines.find(({ name }) => name === routed.engine);
  if (engine?.isOnLoopback) return routed;
  const message = `${
    quoted(routed.engine)
  } has no port on 127.0.0.1; port_expose = true gives it one`;
  return { error: { status: 503, code: "not_exposed", message } };
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
