/// <reference lib="dom" />
import { useEffect, useId, useRef } from "preact/hooks";
import {
  ask,
  curlOf,
  imageToSend,
  type Message,
  messages,
  progress,
  pythonOf,
  sees,
  settings,
  stopAnswer,
} from "./chat.ts";
import { readTemperature, readTokens, type Written } from "./parameters.ts";
import { Copyable, PassingButton } from "./parts.tsx";
import { usePlan } from "./plan.ts";
import { type Soulstone, soulstones, state } from "./state.ts";
import { listOf } from "./words.ts";

/** Engines with only these capabilities do not chat. */
const NO_CHAT = /embed|rerank|speech|transcri|image-gen/i;

/** A chat with any model or capability. */
export function TryIt({ first }: { readonly first: string }) {
  const { model, prompt, system, temperature, maxTokens } = settings;
  const image = imageToSend();
  const known = state.value;
  const names = chatNames(known?.soulstones ?? []);
  const all = [...names.soulstones, ...names.capabilities];
  useEffect(() => {
    if (first !== "" && all.includes(first)) model.value = first;
    else if (!all.includes(model.value)) model.value = runningFirst(names.soulstones) ?? "";
  }, [first, all.join()]);
  const isBusy = progress.value !== undefined;
  const submit = (event: Event) => {
    event.preventDefault();
    const wrong = document.querySelector<HTMLElement>("[aria-invalid]");
    if (wrong !== null) return wrong.focus();
    if (!isBusy && prompt.value.trim() !== "" && model.value !== "") ask();
  };
  return (
    <section class="try" aria-labelledby="try-title">
      <h2 id="try-title">Try it</h2>
      {known !== undefined && first !== "" && !all.includes(first) && (
        <p class="error">
          {soulstones.value.has(first)
            ? `${first} does not chat. Choose another model.`
            : `The Codex has no Soulstone or capability ${JSON.stringify(first)}. Choose one.`}
        </p>
      )}
      <div class="columns">
        <form class="settings" onSubmit={submit}>
          <label class="field">
            Model or capability
            <select
              value={model.value}
              onChange={({ currentTarget }) => model.value = currentTarget.value}
            >
              <optgroup label="Soulstones">
                {names.soulstones.map((name) => (
                  <option key={name} value={name}>
                    {name}
                    {soulstones.value.get(name)?.state === "ready" ? " (runs)" : ""}
                  </option>
                ))}
              </optgroup>
              {names.capabilities.length > 0 && (
                <optgroup label="Capabilities">
                  {names.capabilities.map((name) => (
                    <option key={name} value={name}>{name}</option>
                  ))}
                </optgroup>
              )}
            </select>
          </label>
          <Consequence name={model.value} />
          <Field title="System prompt" of={system} />
          <div class="pair">
            <Field title="Temperature" of={temperature} read={readTemperature} />
            <Field title="Most tokens" of={maxTokens} read={readTokens} />
          </div>
          <ImageField isOff={!sees(model.value)} />
          <details>
            <summary>The same for curl</summary>
            <Copyable text={curlOf(location.origin)} label="the command of curl" />
          </details>
          <details>
            <summary>The same for Python</summary>
            <Copyable text={pythonOf(location.origin)} label="the program in Python" />
          </details>
        </form>
        <div class="chat">
          <Conversation />
          <form class="prompt" onSubmit={submit}>
            <label class="field">
              Prompt
              <textarea
                rows={3}
                value={prompt.value}
                onInput={({ currentTarget }) => prompt.value = currentTarget.value}
                onKeyDown={(event) => {
                  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
                }}
              />
            </label>
            <div class="buttons">
              {isBusy ? <button type="button" onClick={stopAnswer}>Stop</button> : (
                <button
                  type="submit"
                  class="strong"
                  disabled={prompt.value.trim() === "" || model.value === ""}
                >
                  Send
                </button>
              )}
              <button
                type="button"
                class="quiet"
                disabled={isBusy || messages.value.length === 0}
                onClick={() => messages.value = []}
              >
                Clear
              </button>
              {image !== undefined && (
                <>
                  <img src={image} alt="The image to send" />
                  <PassingButton
                    class="small"
                    onClick={() => settings.image.value = undefined}
                  >
                    Remove the image
                  </PassingButton>
                </>
              )}
              <span role="status">{progress.value}</span>
            </div>
          </form>
        </div>
      </div>
    </section>
  );
}

function Field({ title, of, read }: {
  readonly title: string;
  readonly of: { value: string };
  /** Reads a number; none for a text. */
  readonly read?: (text: string) => Written;
}) {
  const problem = read?.(of.value).problem;
  const id = useId();
  return (
    <div class="field">
      <label>
        {title}
        <input
          inputmode={read === undefined ? "text" : "decimal"}
          aria-invalid={problem === undefined ? undefined : true}
          aria-describedby={problem === undefined ? undefined : id}
          value={of.value}
          placeholder="the engine's default"
          onInput={({ currentTarget }) => of.value = currentTarget.value}
        />
      </label>
      {problem !== undefined && <p id={id} class="error">{problem}</p>}
    </div>
  );
}

/** It is there for each model, so that nothing moves. */
function ImageField({ isOff }: { readonly isOff: boolean }) {
  const input = useRef<HTMLInputElement>(null);
  const isEmpty = settings.image.value === undefined;
  useEffect(() => {
    // The same file can be chosen again.
    if (isEmpty) input.current!.value = "";
  }, [isEmpty]);
  return (
    <label class="field">
      Image{isOff && " (this model reads none)"}
      <input
        ref={input}
        type="file"
        disabled={isOff}
        accept="image/*"
        onChange={({ currentTarget: { files } }) => {
          const [file] = files ?? [];
          if (file === undefined) return settings.image.value = undefined;
          const reader = new FileReader();
          reader.onload = () => settings.image.value = String(reader.result);
          reader.readAsDataURL(file);
        }}
      />
    </label>
  );
}

/** Returns the names that may answer a chat. */
function chatNames(stones: readonly Soulstone[]) {
  const chats = stones.filter(({ capabilities }) =>
    capabilities.length === 0 || capabilities.some((each) => !NO_CHAT.test(each))
  );
  const capabilities = chats.flatMap((each) => each.capabilities).filter((each) =>
    !NO_CHAT.test(each)
  );
  return {
    soulstones: chats.map(({ name }) => name),
    capabilities: [...new Set(capabilities)].sort(),
  };
}

function runningFirst(names: readonly string[]): string | undefined {
  return names.find((name) => soulstones.value.get(name)?.state === "ready") ?? names[0];
}

/** The engines that a request to a model would start and stop. */
function Consequence({ name }: { readonly name: string }) {
  const kind = soulstones.value.has(name) ? "soulstone" : "capability";
  const { plan, problem } = usePlan(
    name === "" ? undefined : `wish=${encodeURIComponent(`${kind}:${name}`)}`,
  );
  return (
    <p class="hint consequence" role="status">
      {problem ?? (plan && consequenceOf(plan.starts, plan.stops))}
    </p>
  );
}

function consequenceOf(starts: readonly string[], stops: readonly string[]): string {
  if (starts.length === 0) return "It runs: an answer comes at once.";
  const first = stops.length === 0 ? "" : `stops ${listOf(stops)} and `;
  return `A request ${first}starts ${listOf(starts)}.`;
}

function Conversation() {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [messages.value]);
  return (
    <div ref={list} class="messages" role="log" aria-label="Conversation" tabindex={0}>
      {messages.value.length === 0 && (
        <p class="empty">Write a prompt. The engine starts if it has to.</p>
      )}
      {messages.value.map((message, i) => <Words key={i} {...message} />)}
    </div>
  );
}

function Words({ role, text, reasoning, image, figures, error }: Message) {
  return (
    <article class={role}>
      <h3>{role === "user" ? "You" : "Answer"}</h3>
      {image !== undefined && <img src={image} alt="The image of this prompt" />}
      {reasoning !== undefined && (
        <details open={text === ""}>
          <summary>Reasoning</summary>
          <p>{reasoning}</p>
        </details>
      )}
      <p>{text}</p>
      {error !== undefined && <p class="error">{error}</p>}
      {figures !== undefined && <p class="hint">{figures}</p>}
    </article>
  );
}
