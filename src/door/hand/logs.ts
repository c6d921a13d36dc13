import { type JournalLine, readJournalLine } from "../../core/orchestrator/journal_line.ts";
import type { Engine } from "../../core/orchestrator/inventory.ts";
import { logSourceOf } from "../../core/orchestrator/services.ts";
import { HostError } from "../../host/host.ts";
import type { CommandContext } from "../../run/context.ts";
import { matchesOf } from "../../units/journal.ts";
import { MOST_LOGS } from "../channel/messages.ts";
import { ChannelFault } from "./messages.ts";

/** The lines that a log begins with. */
const LINES = 200;

/** The pause after each piece of a log: at most 320 KiB of the journal are read in a second. */
const PAUSE_MILLISECONDS = 50;

/** The messages to the front about a log. */
export interface LogEvents {
  lines(lines: readonly JournalLine[]): void;
  end(): void;
}

/** The logs that one front reads. Each needs a process. */
export class Logs {
  readonly #context: CommandContext;
  readonly #reading = new Map<number, AbortController>();

  constructor(context: CommandContext) {
    this.#context = context;
  }

  /** Reads the log of an engine until it is left. Throws a ChannelFault for what no front asks. */
  read(id: number, engine: Pick<Engine, "name">, events: LogEvents): void {
    if (this.#reading.has(id)) throw new ChannelFault("a log is read twice");
    if (this.#reading.size >= MOST_LOGS) throw new ChannelFault("too many logs");
    const leaving = new AbortController();
    this.#reading.set(id, leaving);
    void this.#follow(engine, leaving.signal, events).finally(() => {
      this.#reading.delete(id);
      events.end();
    });
  }

  leave(id: number): void {
    this.#reading.get(id)?.abort();
  }

  close(): void {
    for (const leaving of this.#reading.values()) leaving.abort();
  }

  async #follow({ name }: Pick<Engine, "name">, until: AbortSignal, { lines }: LogEvents) {
    const { host, user, programs: { journalctl } } = this.#context;
    if (journalctl === undefined) return;
    let rest = "";
    const onText = async (text: string) => {
      const texts = (rest + text).split("\n");
      rest = texts.pop() ?? "";
      const read = texts.flatMap((line) => readJournalLine(line) ?? []);
      if (read.length > 0) lines(read);
      await new Promise((wake) => setTimeout(wake, PAUSE_MILLISECONDS));
    };
    const args = [
      ...["--no-pager", "--quiet", "--follow", `--lines=${LINES}`],
      ...["--output=json", "--output-fields=MESSAGE"],
      ...matchesOf([logSourceOf(name)], { user, all: false }),
    ];
    try {
      await host.runFollowed(journalctl, args, { until, onText });
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
    }
  }
}
