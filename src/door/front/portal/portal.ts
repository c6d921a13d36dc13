import {
  type PortalModel,
  type PortalOffer,
  readPortalModels,
} from "../../../core/dispatcher/portals.ts";
import type { PortalProblem } from "../../../core/dispatcher/state_file.ts";
import { type DoorPortal, portalAddress } from "../../../core/orchestrator/door.ts";
import type { PortalKey } from "../../channel/messages.ts";
import { type EngineAnswer, type EngineBody, EngineClient } from "../engine/client.ts";
import type { Header } from "../engine/connection.ts";
import type { EngineRequest } from "../engine/request_head.ts";
import { Stop, type StopSignal } from "../engine/stop_signal.ts";
import { settledWithin } from "../exchange/settled_within.ts";
import type { Pace } from "../pace.ts";
import { connectPortal } from "./connect.ts";
import { PortalFault, portalFault } from "./fault.ts";

/** The header by which a door knows a request of another one: it answers with its own engines only. */
export const HOP = "x-lychd-hop";

/** The most bytes of a list of models. */
const LIST_BYTES = 4_000_000;

/** A request for a model of a Portal. */
export interface PortalRequest extends Pick<EngineRequest, "method" | "headers" | "body"> {
  /** The path and the query at this door, such as `/v1/chat/completions`. */
  readonly target: string;
  readonly signal: StopSignal;
  /** True if no other place can answer it, so that errors of the Portal are passed on. */
  readonly isLast: boolean;
}

/** The times of a Portal, and what is called when something about it has changed. */
export interface PortalPorts {
  readonly pace: Pace;
  changed(): void;
}

/** One Portal: what it lists, what is wrong with it, and the requests to it. */
export class Portal {
  readonly settings: DoorPortal;
  readonly #key: PortalKey | undefined;
  readonly #client: EngineClient;
  readonly #ports: PortalPorts;
  #listed: readonly PortalModel[] | undefined;
  #problem: PortalProblem | undefined;
  #firstLook: Promise<void> | undefined;
  #looking: Promise<boolean> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /** Looks at the Portal at once, and then now and again. */
  constructor(settings: DoorPortal, key: PortalKey | undefined, ports: PortalPorts) {
    this.settings = settings;
    this.#key = key;
    this.#ports = ports;
    const { connectMilliseconds } = ports.pace;
    this.#client = new EngineClient((_, stop) =>
      connectPortal(settings, stop, connectMilliseconds)
    );
    this.#firstLook = this.look().then(() => void (this.#firstLook = undefined));
  }

  /** Resolves after the first question for its models; undefined afterwards. */
  get firstLook(): Promise<void> | undefined {
    return this.#firstLook;
  }

  /** The reason why it cannot be used now. */
  get problem(): PortalProblem | undefined {
    return this.#problem;
  }

  /** Its models, for the choice of a place. */
  get offer(): PortalOffer {
    const { name, models, aliases, capabilities, prefer } = this.settings;
    return {
      ...{ name, aliases, capabilities, prefer, ...models !== undefined && { models } },
      listed: this.#listed,
      isDown: this.#problem !== undefined,
    };
  }

  /** The models that the Codex names and the Portal does not list. */
  get missing(): readonly string[] {
    const { models = [], aliases, capabilities } = this.settings;
    const listed = this.#listed;
    if (listed === undefined) return [];
    const ids = new Set(listed.map(({ id }) => id));
    const named = [...models, ...Object.values(aliases), ...Object.values(capabilities)];
    return [...new Set(named)].filter((id) => !ids.has(id));
  }

  /** Stops looking at it. Requests under way go on. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#client.close();
  }

  /** Asks for its models. Returns false if nothing answers there; a refusal is an answer. */
  look(): Promise<boolean> {
    return this.#looking ??= this.#look().finally(() => this.#looking = undefined);
  }

  /** Sends a request, and returns the answer as soon as its head was read. Throws a PortalFault. */
  async request({ target, headers, isLast, ...request }: PortalRequest): Promise<EngineAnswer> {
    const path = pathAt(this.settings.path, target);
    const own = [...headers, ...this.#keyHeaders(path), [HOP, "1"] as const];
    const stop = new Stop();
    const onStop = () => stop.abort(request.signal.reason);
    request.signal.addEventListener("abort", onStop);
    if (request.signal.aborted) onStop();
    const end = () => request.signal.removeEventListener("abort", onStop);
    try {
      const sent = this.#send({ ...request, path, headers: own, signal: stop });
      const answer = await this.#unlessSilent(sent, stop);
      this.#refuse(answer, isLast);
      const { body } = answer;
      if (body === null || body instanceof Uint8Array) {
        end();
        return answer;
      }
      return { ...answer, body: this.#watched(body, stop, end) };
    } catch (error) {
      end();
      const fault = portalFault(error);
      if (!stop.aborted && fault.code !== "portal_error") void this.look();
      throw fault;
    }
  }

  #send(request: Omit<EngineRequest, "port" | "host">): Promise<EngineAnswer> {
    const { port } = this.settings;
    return this.#client.request({ ...request, port, host: portalAddress(this.settings) });
  }

  /** Returns the same body, which fails when the Portal is silent. */
  #watched(body: EngineBody, stop: Stop, end: () => void): EngineBody {
    return {
      next: async () => {
        try {
          const piece = await this.#unlessSilent(body.next(), stop);
          if (piece === undefined) end();
          return piece;
        } catch (error) {
          end();
          body.cancel();
          void this.look();
          throw portalFault(error);
        }
      },
      cancel: () => {
        end();
        body.cancel();
      },
    };
  }

  /**
   * Waits for the next byte. After a while it looks whether the Portal is still there, because a host that
   * has lost its power closes no connection.
   */
  async #unlessSilent<T>(awaited: Promise<T>, stop: Stop): Promise<T> {
    const { portalSilentMilliseconds } = this.#ports.pace;
    const limit = this.settings.timeoutSeconds * 1000;
    const began = performance.now();
    const give = (message: string) => {
      awaited.catch(() => {});
      const fault = new PortalFault("portal_silent", message);
      stop.abort(fault);
      return fault;
    };
    for (;;) {
      const rest = limit - (performance.now() - began);
      if (await settledWithin(awaited, Math.min(portalSilentMilliseconds, Math.max(0, rest)))) {
        return await awaited;
      }
      if (rest <= portalSilentMilliseconds) {
        throw give(`it sent nothing for ${this.settings.timeoutSeconds} s`);
      }
      if (!await this.look()) throw give(this.#problem?.why ?? "it does not answer any more");
    }
  }

  /** Throws for an answer that no client may get, and for an error that another place may not have. */
  #refuse({ status, body }: EngineAnswer, isLast: boolean): void {
    const fault = this.#faultOf(status, isLast);
    if (fault === undefined) return;
    if (body !== null && !(body instanceof Uint8Array)) body.cancel();
    throw fault;
  }

  #faultOf(status: number, isLast: boolean): PortalFault | undefined {
    if (status === 401 || status === 403) return this.#keyFault(status);
    if (status >= 300 && status < 400) {
      return new PortalFault("portal_error", "it redirects, and redirects are not followed");
    }
    const isTheirs = status === 404 || status === 408 || status === 429 || status >= 500;
    return isTheirs && !isLast
      ? new PortalFault("portal_error", `it answered with status ${status}`)
      : undefined;
  }

  #keyFault(status: number): PortalFault {
    const { keySecret } = this.settings;
    const key = this.#key;
    const why = key !== undefined && "problem" in key
      ? `it needs the key in the Podman secret ${keySecret}: ${key.problem}`
      : key === undefined
      ? `it needs a key (status ${status})`
      : `it refuses the key in the Podman secret ${keySecret} (status ${status})`;
    return new PortalFault("portal_key", why);
  }

  /** Returns the header with the key: Anthropic's API has its own. */
  #keyHeaders(path: string): Header[] {
    const key = this.#key;
    if (key === undefined || "problem" in key) return [];
    return /\/messages(?:[/?]|$)/.test(path)
      ? [["x-api-key", key.key]]
      : [["authorization", `Bearer ${key.key}`]];
  }

  async #look(): Promise<boolean> {
    clearTimeout(this.#timer);
    const { pace } = this.#ports;
    const stop = new Stop();
    const timer = setTimeout(() => stop.abort("late"), pace.portalAnswerMilliseconds);
    let [isThere, problem] = [true, undefined as PortalFault | undefined];
    try {
      problem = await this.#readModels(stop);
    } catch (error) {
      problem = stop.aborted
        ? new PortalFault(
          "portal_unreachable",
          `${portalAddress(this.settings)} does not answer within ${
            pace.portalAnswerMilliseconds / 1000
          } s`,
        )
        : portalFault(error);
      isThere = false;
    } finally {
      clearTimeout(timer);
    }
    this.#problem = problem && { code: problem.code, why: problem.message };
    if (!this.#isClosed) {
      const { portalLookMilliseconds, portalAgainMilliseconds } = pace;
      const pause = problem === undefined ? portalLookMilliseconds : portalAgainMilliseconds;
      this.#timer = setTimeout(() => void this.look(), pause);
      this.#ports.changed();
    }
    return isThere;
  }

  /** Reads the list of models. Returns why the Portal cannot be used, or throws. */
  async #readModels(stop: Stop): Promise<PortalFault | undefined> {
    const path = pathAt(this.settings.path, "/v1/models");
    const headers = [
      ["accept", "application/json"],
      ["accept-encoding", "identity"],
      ["user-agent", "lychd"],
      ...this.#keyHeaders(path),
      [HOP, "1"],
    ] as const;
    const answer = await this.#send({ method: "GET", path, headers, signal: stop });
    const bytes = await wholeBody(answer);
    const fault = this.#faultOf(answer.status, true);
    if (fault !== undefined) return fault;
    this.#listed = answer.status === 200 ? listOf(bytes) : undefined;
    if (this.#listed !== undefined || this.settings.models !== undefined) return undefined;
    const why = answer.status === 200
      ? "its answer is not a list of models"
      : `status ${answer.status}`;
    return new PortalFault("portal_error", `it does not list its models (${why}); set \`models\``);
  }
}

/**
 * Returns the path at a Portal for one of this door: the path of the Portal takes the place of `/v1`.
 *
 * @example
 * ```ts
 * import { pathAt } from "./portal.ts";
 * pathAt("/api", "/v1/chat/completions"); // "/api/chat/completions"
 * pathAt("/v1", "/rerank"); // "/rerank"
 * ```
 */
export function pathAt(base: string, target: string): string {
  return /^\/v1(?=[/?]|$)/.test(target)
    ? `${base}${target.slice("/v1".length)}`
    : `${base.replace(/\/v1$/, "")}${target}`;
}

/** Reads a body to its end; undefined if it is too long. */
async function wholeBody({ body }: EngineAnswer): Promise<Uint8Array[] | undefined> {
  if (body === null) return [];
  if (body instanceof Uint8Array) return [body];
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (let piece; (piece = await body.next()) !== undefined;) {
    length += piece.length;
    if (length > LIST_BYTES) {
      body.cancel();
      return undefined;
    }
    pieces.push(piece.slice());
  }
  return pieces;
}

function listOf(pieces: readonly Uint8Array[] | undefined): PortalModel[] | undefined {
  if (pieces === undefined) return undefined;
  const decoder = new TextDecoder();
  const text = pieces.map((piece) => decoder.decode(piece, { stream: true })).join("");
  try {
    return readPortalModels(JSON.parse(text));
  } catch {
    return undefined;
  }
}
