/// <reference lib="dom" />
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { LogLine } from "../core/api/schema.ts";
import { keepConnected } from "./connection.ts";
import { DoorFailure, key, keyNeeded, send, wordsOf } from "./door.ts";
import { Copyable } from "./parts.tsx";
import { readEvents } from "./sse.ts";
import { soulstones, state } from "./state.ts";
import { clockOf } from "./words.ts";

/** The lines that the page keeps. */
const LINES = 2000;

/** The log of an engine, live, or why there is none. */
export function Logs({ name }: { readonly name: string }) {
  const known = state.value?.soulstones;
  const words = name === ""
    ? "Choose an engine to see its log."
    : known !== undefined && !soulstones.value.has(name)
    ? `The Codex has no Soulstone ${JSON.stringify(name)}.`
    : undefined;
  return (
    <section aria-labelledby="log">
      <div class="heading">
        <h2 id="log">{name === "" ? "Logs" : `Log of ${name}`}</h2>
        <a class="button quiet" href="#engines">Back to the engines</a>
      </div>
      {words !== undefined
        ? <p class="empty">{words}</p>
        : known !== undefined && <Lines name={name} />}
    </section>
  );
}

function Lines({ name }: { readonly name: string }) {
  const lines = useSignal<readonly LogLine[]>([]);
  const problem = useSignal<unknown>(undefined);
  const log = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (keyNeeded.value !== undefined) return;
    const stop = new AbortController();
    const follow = async (signal: AbortSignal, hear: () => void) => {
      const { body } = await send(`/lychd/v1/logs/${encodeURIComponent(name)}`, { signal });
      // Each connection begins with the last lines.
      let read: readonly LogLine[] = [];
      for await (const { name: event, data } of readEvents(body!)) {
        hear();
        problem.value = undefined;
        if (event === "line") lines.value = read = [...read.slice(1 - LINES), JSON.parse(data)];
      }
    };
    keepConnected(stop.signal, follow, (why) => problem.value = why);
    return () => stop.abort();
  }, [name, key.value, keyNeeded.value === undefined]);
  // Follow the end, unless the reader has scrolled up.
  const { current } = log;
  const isAtEnd = current === null ||
    current.scrollHeight - current.scrollTop - current.clientHeight < 40;
  useEffect(() => {
    if (isAtEnd) log.current?.scrollTo({ top: log.current.scrollHeight });
  }, [lines.value]);
  return (
    <>
      {problem.value !== undefined && <Unreadable name={name} problem={problem.value} />}
      {lines.value.length > 0 && (
        <div ref={log} class="log" role="log" aria-label={`Lines of ${name}`} tabindex={0}>
          {lines.value.map(({ time, text }, i) => (
            <div key={i}>
              <time>{clockOf(time)}</time> {text}
            </div>
          ))}
        </div>
      )}
    </>
  );
}

function Unreadable({ name, problem }: { readonly name: string; readonly problem: unknown }) {
  return (
    <div class="stack">
      <p class="error">{wordsOf(problem)}</p>
      <Copyable text={`lychd logs ${name}`} label="the command that prints the log" />
      {problem instanceof DoorFailure && problem.code === "needs_key" && (
        <>
          <p class="hint">
            An engine may log prompts, and without keys any program on this host could read them
            here. To see logs on this page, make a key and add its digest to the Codex:
          </p>
          <Copyable text={KEY_COMMANDS} label="the commands that make a key" />
        </>
      )}
    </div>
  );
}

const KEY_COMMANDS = `(umask 077; openssl rand -hex 32 > ~/key-of-$USER)
printf '[vessel.keys]\\n%s = "sha256:%s"\\n' "$USER" "$(tr -d '\\n' < ~/key-of-$USER | sha256sum | cut -d' ' -f1)"
# add these two lines to ~/.config/lychd/lychd.toml, then:
lychd render`;
