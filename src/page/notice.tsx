/// <reference lib="dom" />
import { notice, running } from "./orders.ts";
import { Copyable, PassingButton } from "./parts.tsx";

/** The orders that run, and how the last one ended. It covers the page and moves nothing. */
export function Notice() {
  const ended = notice.value;
  return (
    <div class="notice" role="status">
      {running.value.map((title) => <p key={title}>{title}: under way…</p>)}
      {ended !== undefined && (
        <div class={ended.isError ? "error" : ""}>
          <p>{ended.text}</p>
          {ended.command !== undefined && <Copyable text={ended.command} label="the command" />}
          <PassingButton class="small" onClick={() => notice.value = undefined}>
            Close
          </PassingButton>
        </div>
      )}
    </div>
  );
}
