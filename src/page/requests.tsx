/// <reference lib="dom" />
import { cancel } from "./orders.ts";
import { PassingButton } from "./parts.tsx";
import { ended, now, offline, state } from "./state.ts";
import { clockOf, durationOf, numberOf } from "./words.ts";

const COLUMNS = [
  ...["Time", "Client", "Soulstone", "Endpoint", "Queue", "First token", "In all"],
  ...["Tokens in", "out", "per second", "Result"],
];

/** The requests that wait or are under way, and the last ones that ended. Never their prompts. */
export function Requests() {
  const open = state.value?.requests ?? [];
  return (
    <section aria-labelledby="requests-title">
      <h2 id="requests-title">
        Requests <small>the last 200 of this door since its start; prompts are not kept</small>
      </h2>
      <div class="table" role="region" aria-label="Table of requests" tabindex={0}>
        <table>
          <thead>
            <tr>{COLUMNS.map((title) => <th key={title} scope="col">{title}</th>)}</tr>
          </thead>
          <tbody>
            {open.map(({ id, since, client, soulstone, endpoint, state }) => (
              <tr key={id} class="open">
                <td>{clockOf(since)}</td>
                <td>{client ?? "–"}</td>
                <td>{soulstone}</td>
                <td>{endpoint}</td>
                <td colspan={6}>
                  {offline.value !== undefined && "was "}
                  {state === "waiting" ? "waiting" : "under way"} for{" "}
                  {durationOf(Math.max(0, Math.floor((now.value - Date.parse(since)) / 1000)))}
                </td>
                <td>
                  <PassingButton
                    class="small"
                    onClick={() =>
                      cancel(id)}
                  >
                    Cancel
                  </PassingButton>
                </td>
              </tr>
            ))}
            {ended.value.map((each) => (
              <tr key={each.id}>
                <td>{clockOf(each.time)}</td>
                <td>{each.client ?? "–"}</td>
                <td>{each.soulstone}</td>
                <td>{each.endpoint}</td>
                <td>{durationOf(each.queue_seconds)}</td>
                <td>
                  {each.first_token_seconds === null ? "–" : durationOf(each.first_token_seconds)}
                </td>
                <td>{durationOf(each.seconds)}</td>
                <td>{numberOf(each.input_tokens)}</td>
                <td>{numberOf(each.output_tokens)}</td>
                <td>{numberOf(each.tokens_per_second)}</td>
                <td class={each.result === "200" ? "" : "bad"}>{each.result}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {open.length + ended.value.length === 0 && <p class="empty">No request yet.</p>}
      </div>
    </section>
  );
}
