/// <reference lib="dom" />
import { useSignal } from "@preact/signals";
import { carryOut, type Order, proposed, titleOf } from "./orders.ts";
import { Dialog } from "./parts.tsx";
import type { Plan } from "../core/api/schema.ts";
import { countOf, listOf } from "./words.ts";

/** Shows what an order would do, and carries it out only then. */
export function Confirmation() {
  if (proposed.value === undefined) return null;
  const { order, plan, problem } = proposed.value;
  return <Proposal key={titleOf(order)} order={order} plan={plan} problem={problem} />;
}

function Proposal({ order, plan, problem }: {
  readonly order: Order;
  readonly plan: Plan | undefined;
  readonly problem: string | undefined;
}) {
  const hold = useSignal(false);
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
          disabled={plan === undefined}
          onClick={() => carryOut(order, hold.value)}
        >
          {title}
        </button>
        <button type="button" data-first onClick={close}>Cancel</button>
      </div>
    </Dialog>
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
