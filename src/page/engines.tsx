/// <reference lib="dom" />
import { useSignal } from "@preact/signals";
import { Copyable, SteadyButton } from "./parts.tsx";
import { hasFailed, isUp } from "./now.tsx";
import { hasToWait, type Order, proposed, titleOf } from "./orders.ts";
import { now, offline, type Portal, type Soulstone, soulstones, state } from "./state.ts";
import { countOf, durationOf, listOf, memoryOf } from "./words.ts";

/** All Covens and Soulstones, with their buttons. */
export function Engines() {
  const filter = useSignal("");
  const known = state.value;
  if (known === undefined) return <section aria-busy="true" />;
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = known.soulstones.filter((each) =>
    words.every((word) => textOf(each).includes(word))
  );
  return (
    <>
      {known.covens.length > 0 && (
        <section aria-labelledby="covens">
          <h2 id="covens">
            Covens <small>engines that run together</small>
          </h2>
          <ul class="covens">
            {known.covens.map((coven) => <Coven key={coven.name} {...coven} />)}
          </ul>
        </section>
      )}
      <section aria-labelledby="soulstones">
        <div class="heading">
          <h2 id="soulstones">
            Soulstones <small>{countOf(known.soulstones.length, "engine")}</small>
          </h2>
          <label class="filter">
            Filter
            <input
              type="search"
              onInput={({ currentTarget }) => filter.value = currentTarget.value}
            />
          </label>
        </div>
        {shown.length === 0 && (
          <p class="empty">
            {known.soulstones.length === 0
              ? "The Codex has no Soulstone. lychd add ENGINE adds one."
              : "No engine has all of these words."}
          </p>
        )}
        <ul class="cards">{shown.map((each) => <Card key={each.name} {...each} />)}</ul>
      </section>
      {known.portals.length > 0 && (
        <section aria-labelledby="portals">
          <h2 id="portals">
            Portals <small>other servers with models</small>
          </h2>
          <ul class="covens">
            {known.portals.map((each) => <PortalCard key={each.name} {...each} />)}
          </ul>
        </section>
      )}
    </>
  );
}

/** The most models of a Portal that are named. */
const SHOWN_MODELS = 12;

function PortalCard({ name, address, models, under_way: underWay, problem }: Portal) {
  const names = models.slice(0, SHOWN_MODELS)
    .map(({ id, loaded }) => loaded ? id : `${id} (not loaded)`);
  const more = models.length - names.length;
  const words = listOf([...names, ...more > 0 ? [`${more} more`] : []]);
  return (
    <li class={problem === null ? "coven running" : "coven"}>
      <div>
        <div class="title">
          <h3 title={name}>{name}</h3>
          <span class="state">
            {underWay > 0 ? `${countOf(underWay, "request")} under way` : address}
          </span>
        </div>
        {problem === null
          ? <p title={words}>{words}</p>
          : <p class="bad">{problem.why}: lychd doctor --only vessel.portals</p>}
      </div>
    </li>
  );
}

/** Returns what the filter searches. */
function textOf(
  { name, description, kind, covens, capabilities, names, state }: Soulstone,
): string {
  return [name, description, kind, ...covens, ...capabilities, ...names, state].join(" ")
    .toLowerCase();
}

function Coven({ name, soulstones: members }: { name: string; soulstones: readonly string[] }) {
  const ready = members.filter((member) => soulstones.value.get(member)?.state === "ready").length;
  const isUp = ready === members.length;
  // Residents run also without it.
  const isDown = members.every((member) => {
    const stone = soulstones.value.get(member);
    return stone?.state !== "ready" || stone.resident;
  });
  return (
    <li class={isUp ? "coven running" : "coven"}>
      <div>
        <div class="title">
          <h3 title={name}>{name}</h3>
          <span class="state">
            {offline.value !== undefined && "was "}
            {isUp ? <b>running</b> : isDown ? "stopped" : `${ready} of ${members.length} run`}
          </span>
        </div>
        <p title={members.join(", ")}>{members.join(", ")}</p>
      </div>
      <OrderButton order={{ kind: "summon", target: { kind: "coven", name } }} isOff={isUp} />
    </li>
  );
}

/** Returns the state of an engine in a word, which is also the name of its color. */
function stateOf(stone: Soulstone): string {
  if (hasFailed(stone)) return "failed";
  return {
    down: "stopped",
    starting: "starting",
    ready: "running",
    stopping: "stopping",
    crashed: "crashed",
  }[stone.state];
}

function Card(stone: Soulstone) {
  const { name, description, problem, capabilities, names, since, kind, port } = stone;
  const word = stateOf(stone);
  const seconds = since === null ? undefined : Math.floor((now.value - Date.parse(since)) / 1000);
  return (
    <li class={`card ${word}`}>
      <div class="title">
        <h3 title={name}>{name}</h3>
        <span class="state">
          {offline.value !== undefined && "was "}
          <b>{word}</b>
          {seconds !== undefined && ` ${durationOf(Math.max(0, seconds))}`}
        </span>
      </div>
      {problem === null
        ? (
          <>
            <p class="about">
              <span title={description}>{description ?? placeOf(stone)}</span>
              <span>{kind} {port}</span>
            </p>
            <p class="tags">
              {capabilities.map((each) => <span key={each}>{each}</span>)}
              {names.map((each) => <code key={each}>{each}</code>)}
            </p>
          </>
        )
        : (
          <details class="problem">
            <summary title={problem.why}>{problem.why}</summary>
            <Copyable text={problem.command} label={`the command that helps ${name}`} />
            {problem.log === null
              ? <p>Without keys, the door shows no log: any program on this host could read it.</p>
              : (
                <pre
                  tabindex={0}
                  aria-label={`Last lines of ${name}`}
                >{problem.log.join("\n")}</pre>
              )}
          </details>
        )}
      <p class="figures">
        <span>{memoryWords(stone)}</span>
        <span>{requestWords(stone)}</span>
      </p>
      <div class="buttons">
        <OrderButton
          order={{ kind: isUp(stone) ? "banish" : "summon", target: { kind: "soulstone", name } }}
        />
        <a
          class="button quiet"
          href={`#try/${encodeURIComponent(name)}`}
          aria-label={`Try ${name}`}
        >
          Try
        </a>
        <a
          class="button quiet"
          href={`#logs/${encodeURIComponent(name)}`}
          aria-label={`Logs of ${name}`}
        >
          Logs
        </a>
      </div>
    </li>
  );
}

function OrderButton(
  { order, isOff = false }: { readonly order: Order; readonly isOff?: boolean },
) {
  return (
    <SteadyButton
      aria-label={titleOf(order)}
      isOff={isOff || hasToWait(order.kind)}
      onClick={() => proposed.value = order}
    >
      {order.kind === "summon" ? "Summon" : "Banish"}
    </SteadyButton>
  );
}

function placeOf({ covens, resident, names }: Soulstone): string {
  if (resident) return "runs with every Coven";
  return covens.length === 0 ? names.join(", ") : `in ${listOf(covens)}`;
}

/** Returns the GPU memory of an engine: used, and declared by the Codex. */
function memoryWords({ vram_mib, vram_used_mib }: Soulstone): string {
  if (vram_mib === 0 && vram_used_mib === null) return "no GPU";
  const declared = vram_mib === null ? "VRAM undeclared" : `${memoryOf(vram_mib)} VRAM`;
  return vram_used_mib === null ? declared : `${memoryOf(vram_used_mib)} of ${declared}`;
}

/** Returns the requests of an engine, or the time that the next one would wait. */
function requestWords(stone: Soulstone): string {
  const { under_way, waiting, ready_in_seconds } = stone;
  if (offline.value !== undefined) return "";
  if (under_way + waiting > 0) {
    return [
      ...under_way === 0 ? [] : [`${under_way} under way`],
      ...waiting === 0 ? [] : [`${waiting} waiting`],
    ].join(", ");
  }
  return ready_in_seconds === 0 || hasFailed(stone)
    ? ""
    : `ready in ${durationOf(ready_in_seconds)}`;
}
