import type { FrontState, PortalState } from "../../core/dispatcher/state_file.ts";
import type { Wish } from "../../core/orchestrator/wish.ts";
import { METRICS_LENGTH, type Order, type ToHand } from "../channel/messages.ts";

/** The reason why a front cannot be trusted with anything: it sent what no front sends. */
export class ChannelFault extends Error {
  override readonly name = "ChannelFault";
}

/** No text and no list of a message is longer. */
const LONGEST_TEXT = 1000;
const LONGEST_LIST = 10_000;

/**
 * Reads a message of the front, which may have been taken over. Copies what the schema has, so that
 * nothing else of the message is kept. Throws a {@linkcode ChannelFault} for anything else.
 *
 * @example
 * ```ts
 * import { readToHand } from "./messages.ts";
 * readToHand({ kind: "free", engine: "eye" }).kind; // "free"
 * ```
 */
export function readToHand(data: unknown): ToHand {
  const { kind } = fieldsOf(data);
  const fields = (...names: string[]) => fieldsOf(data, ["kind", ...names]);
  switch (kind) {
    case "listening":
    case "left":
      fields();
      return { kind };
    case "cannot-listen":
      return { kind, why: text(fields("why").why) };
    case "summon": {
      const { wish, stops } = fields("wish", "stops");
      return { kind, wish: wishOf(wish), stops: texts(stops) };
    }
    case "banish":
      return { kind, engines: texts(fields("engines").engines) };
    case "order": {
      const { id, order } = fields("id", "order");
      return { kind, id: count(id), order: orderOf(order) };
    }
    case "free":
      return { kind, engine: text(fields("engine").engine) };
    case "follow":
      return { kind, isFollowed: flag(fields("isFollowed").isFollowed) };
    case "read-log": {
      const { id, engine } = fields("id", "engine");
      return { kind, id: count(id), engine: text(engine) };
    }
    case "leave-log":
      return { kind, id: count(fields("id").id) };
    case "metrics":
      return { kind, text: text(fields("text").text, METRICS_LENGTH) };
    case "state":
      return { kind, state: statusOf(fields("state").state) };
    default:
      throw new ChannelFault("unknown kind of message");
  }
}

function wishOf(data: unknown): Wish {
  const { kind } = fieldsOf(data);
  switch (kind) {
    case "coven":
    case "soulstone":
      return { kind, name: text(fieldsOf(data, ["kind", "name"]).name) };
    case "capabilities":
      return { kind, names: texts(fieldsOf(data, ["kind", "names"]).names) };
    default:
      throw new ChannelFault("unknown kind of wish");
  }
}

function orderOf(data: unknown): Order {
  const { kind } = fieldsOf(data);
  switch (kind) {
    case "summon": {
      const { wish, hold } = fieldsOf(data, ["kind", "wish", "hold"]);
      return { kind, wish: texts(wish), hold: flag(hold) };
    }
    case "release":
      fieldsOf(data, ["kind"]);
      return { kind };
    case "banish": {
      const { name } = fieldsOf(data, ["kind", "name"]);
      return { kind, name: name === undefined ? undefined : text(name) };
    }
    default:
      throw new ChannelFault("unknown kind of order");
  }
}

function statusOf(data: unknown): FrontState {
  const fields = fieldsOf(data, ["phase", "wish", "engines", "portals"]);
  const { phase, wish, engines, portals } = fields;
  return {
    phase: phaseOf(phase),
    wish: wish === undefined ? undefined : wishOf(wish),
    engines: listOf(engines, (engine) => {
      const { name, underWay, waiting } = fieldsOf(engine, ["name", "underWay", "waiting"]);
      return { name: text(name), underWay: count(underWay), waiting: count(waiting) };
    }),
    portals: listOf(portals, portalOf),
  };
}

function portalOf(data: unknown): PortalState {
  const fields = fieldsOf(data, ["name", "models", "underWay", "problem", "missing"]);
  const { name, models, underWay, problem, missing } = fields;
  return {
    name: text(name),
    models: count(models),
    underWay: count(underWay),
    problem: problem === undefined ? undefined : portalProblemOf(problem),
    missing: texts(missing),
  };
}

function portalProblemOf(data: unknown): PortalState["problem"] {
  const { code, why } = fieldsOf(data, ["code", "why"]);
  return { code: text(code), why: text(why) };
}

function phaseOf(data: unknown): FrontState["phase"] {
  switch (data) {
    case "steady":
    case "draining":
    case "swapping":
    case "held":
      return data;
    default:
      throw new ChannelFault("unknown phase");
  }
}

/** Returns the fields of a plain object, which has no others than `names`, if they are given. */
function fieldsOf(data: unknown, names?: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof data !== "object" || data === null || Array.isArray(data)) {
    throw new ChannelFault("not an object");
  }
  if (names !== undefined && !Object.keys(data).every((name) => names.includes(name))) {
    throw new ChannelFault("unknown field");
  }
  return data as Readonly<Record<string, unknown>>;
}

function listOf<T>(data: unknown, read: (item: unknown) => T): T[] {
  if (!Array.isArray(data) || data.length > LONGEST_LIST) {
    throw new ChannelFault("not a short list");
  }
  return data.map(read);
}

function texts(data: unknown): string[] {
  return listOf(data, (item) => text(item));
}

function text(data: unknown, longest = LONGEST_TEXT): string {
  if (typeof data === "string" && data.length <= longest) return data;
  throw new ChannelFault("not a short text");
}

function flag(data: unknown): boolean {
  if (typeof data === "boolean") return data;
  throw new ChannelFault("neither true nor false");
}

function count(data: unknown): number {
  if (Number.isSafeInteger(data) && data as number >= 0) return data as number;
  throw new ChannelFault("not a count");
}
