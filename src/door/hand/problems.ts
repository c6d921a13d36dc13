import { logSourceOf } from "../../core/orchestrator/services.ts";
import type { CommandContext } from "../../run/context.ts";
import { journalTail } from "../../units/journal.ts";
import type { Problem } from "../channel/messages.ts";
import type { Seen } from "./engine_watch.ts";

/** The lines of a log in a problem, and the most characters of each. */
const LINES = 12;
const LONGEST_LINE = 1000;

/** The message of Podman for a container that is gone already: no reason of a failure. */
const GONE = /^Error: no container with (?:ID|name)\b/;

/** The engines that should run and do not, with what their logs say. */
export class Problems {
  readonly #context: CommandContext;
  #known: ReadonlyMap<string, Problem> = new Map();
  /** The lines that were read for each of them, with the time from which it has its state. */
  readonly #logs = new Map<
    string,
    { readonly since: number | undefined; readonly log: string[] }
  >();

  constructor(context: CommandContext) {
    this.#context = context;
  }

  /** The problems of the last call of {@linkcode explain}. */
  get known(): ReadonlyMap<string, Problem> {
    return this.#known;
  }

  /**
   * Returns the problems that were seen; undefined if they are the known ones. Reads a log once for each
   * state of its engine.
   */
  async explain(
    { problems, since }: Pick<Seen, "problems" | "since">,
    { withLogs }: { readonly withLogs: boolean },
  ): Promise<ReadonlyMap<string, Problem> | undefined> {
    for (const name of this.#logs.keys()) if (!problems.has(name)) this.#logs.delete(name);
    const explained = await Promise.all([...problems].map(async ([name, problem]) => {
      const log = withLogs ? await this.#logOf(name, since.get(name)) : undefined;
      return [name, { ...problem, log }] as const;
    }));
    const isKnown = JSON.stringify(explained) === JSON.stringify([...this.#known]);
    return isKnown ? undefined : this.#known = new Map(explained);
  }

  async #logOf(name: string, since: number | undefined): Promise<string[]> {
    const known = this.#logs.get(name);
    if (known !== undefined && known.since === since) return known.log;
    const lines = await journalTail(this.#context, logSourceOf(name), { lines: LINES });
    const reasons = lines.filter((line) => !GONE.test(line));
    const log = (reasons.length === 0 ? lines : reasons).map((line) => line.slice(0, LONGEST_LINE));
    this.#logs.set(name, { since, log });
    return log;
  }
}
