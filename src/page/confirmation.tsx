/// <reference lib="dom" />
import { useSignal } from "@preact/signals";
import { carryOut, hasToWait, type Order, proposed, queryOf, release, titleOf } from "./orders.ts";
import { Copyable, Dialog, PassingButton } from "./parts.tsx";
import { usePlan } from "./plan.ts";
import { state } from "./state.ts";
import type { Plan } from "../core/api/schema.ts";
import { countOf, listOf } from "./words.ts";

/** Shows what an order would do, and carries it out only then. */
export function Confirmation() {
  const order = proposed.value;
  return order === undefined ? null : <Proposal key={titleOf(order)} order={order} />;
}

function Proposal({ order }: { readonly order: Order }) {
  const { plan, problem, isCurrent } = usePlan(queryOf(order));
  const hold = useSignal(false);
  // A new hold replaces the one that there is.
  const isRefused = state.value?.held === true && !hold.value;
  const close = () => proposed.value = undefined;
  const title = titleOf(order);
  return (
    <Dialog title={`${title}?`} onClose={close}>
      <div class="plan">
        {problem !== undefined
          ? <p class="error">{problem}</p>
          : plan === undefined
          ? <p>Asking the door…</p>
          : <PlanWords {...plan} />}
      </div>
      {isRefused && <Held />}
      {order.kind === "summon" && (
        <label class="check">
          <input
            type="checkbox"
            onChange={({ currentTarget }) => hold.value = currentTarget.checked}
          />
          Hold: the door changes no engine until you release it
        </label>
      )}
      <div class="buttons">
        <button
          type="button"
          class="strong"
          disabled={plan === undefined || !isCurrent || isRefused}
          onClick={() => carryOut(order, hold.value)}
        >
          {title}
        </button>
        <button type="button" data-first onClick={close}>Cancel</button>
      </div>
    </Dialog>
  );
}

function Held() {
  return (
    <div class="held">
      <p>The door is held: it changes no engine until it is released.</p>
      <Copyable text="lychd summon --release" label="the command that releases the door" />
      <PassingButton aria-disabled={hasToWait("release")} onClick={release}>
        Release
      </PassingButton>
    </div>
  );
}

function PlanWords({ starts, stops, keeps, lines, requests_under_way }: Plan) {
  const finish = requests_under_way === 0
    ? ""
    : `, after ${countOf(requests_under_way, "request")} under way`;
  return (
    <>
      <dl>
        <dt>Stops</dt>
        <dd>{listOf(stops)}{stops.length > 0 && finish}</dd>
        <dt>Starts</dt>
        <dd>{listOf(starts)}</dd>
        <dt>Keeps</dt>
        <dd>{listOf(keeps)}</dd>
      </dl>
      <pre tabindex={0} aria-label="The plan in the words of lychd plan">{lines.join("\n")}</pre>
    </>
  );
}
