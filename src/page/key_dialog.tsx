/// <reference lib="dom" />
import { useRef } from "preact/hooks";
import { keyNeeded, useKey } from "./door.ts";
import { Dialog } from "./parts.tsx";

/** Asks for the key when the door needs one. */
export function KeyDialog() {
  const input = useRef<HTMLInputElement>(null);
  if (keyNeeded.value === undefined) return null;
  return (
    <Dialog title="Key">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const text = input.current?.value.trim() ?? "";
          if (text !== "") useKey(text);
        }}
      >
        <p role="alert">{keyNeeded.value}</p>
        <label class="field">
          Key of this door
          <input ref={input} type="password" autocomplete="current-password" required data-first />
        </label>
        <p class="hint">
          The Codex has only the digests of keys, below{" "}
          <code>[vessel.keys]</code>. The page keeps the key until you close this tab.
        </p>
        <div class="buttons">
          <button type="submit" class="strong">Use this key</button>
        </div>
      </form>
    </Dialog>
  );
}
