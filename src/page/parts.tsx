/// <reference lib="dom" />
/**
 * The small parts that several views share.
 *
 * @module
 */
import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { numberOf } from "./words.ts";

/** A command or a program to copy. Where the browser refuses the clipboard, the text is selected. */
export function Copyable({ text, label }: { readonly text: string; readonly label: string }) {
  const code = useRef<HTMLElement>(null);
  const copied = useSignal(false);
  const copy = async () => {
    getSelection()?.selectAllChildren(code.current!);
    try {
      await navigator.clipboard.writeText(text);
      copied.value = true;
      setTimeout(() => copied.value = false, 2000);
    } catch {
      // The selected text can be copied by hand.
    }
  };
  const isLong = text.includes("\n");
  return (
    <div class={isLong ? "copyable long" : "copyable"}>
      <pre tabindex={isLong ? 0 : undefined}><code ref={code}>{text}</code></pre>
      <button type="button" class="small" aria-label={`Copy ${label}`} onClick={copy}>
        {copied.value ? "Copied" : "Copy"}
      </button>
    </div>
  );
}

/**
 * A button that goes away when its work is done: then the focus of the keyboard goes to the content, or to
 * the first button of its dialog.
 */
export function PassingButton(properties: JSX.IntrinsicElements["button"]) {
  const button = useRef<HTMLButtonElement>(null);
  // An effect without layout ends only after the button is gone.
  useLayoutEffect(() => {
    const { current } = button;
    const next = current?.closest("dialog")?.querySelector<HTMLElement>("[data-first]") ??
      document.getElementById("main");
    return () => {
      if (document.activeElement === current) next?.focus();
    };
  }, []);
  return <button {...properties} ref={button} type="button" />;
}

/**
 * A button that keeps the focus of the keyboard while it is off: the browser takes the focus from one that
 * is disabled.
 */
export function SteadyButton({ isOff, onClick, ...properties }: {
  readonly isOff: boolean;
  readonly onClick: () => void;
} & Omit<JSX.IntrinsicElements["button"], "onClick">) {
  return (
    <button
      {...properties}
      type="button"
      aria-disabled={isOff}
      onClick={() => {
        if (!isOff) onClick();
      }}
    />
  );
}

/** A modal dialog that is open as long as it is rendered. Without `onClose`, Escape does not close it. */
export function Dialog({ title, onClose, children }: {
  readonly title: string;
  readonly onClose?: () => void;
  readonly children: ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const { current } = dialog;
    const before = document.activeElement;
    current?.showModal();
    current?.querySelector<HTMLElement>("[data-first]")?.focus();
    return () => {
      current?.close();
      const next = before?.isConnected ? before : document.getElementById("main");
      if (next instanceof HTMLElement) next.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby="dialog-title"
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
      onClose={({ currentTarget }) => {
        // A browser lets a page refuse Escape only once.
        if (!currentTarget.isConnected) return;
        if (onClose === undefined) currentTarget.showModal();
        else onClose();
      }}
    >
      <h2 id="dialog-title">{title}</h2>
      {children}
    </dialog>
  );
}

/** A small history: a line of values, with its last value in words unless that is old. */
export function Sparkline({ title, values, unit, isOld }: {
  readonly title: string;
  readonly values: readonly number[];
  readonly unit: string;
  readonly isOld: boolean;
}) {
  const [width, height, most] = [300, 40, Math.max(1, ...values)];
  // The line fills the width from a minute on.
  const step = width / Math.max(29, values.length - 1);
  const x = (i: number) => (width - (values.length - 1 - i) * step).toFixed(1);
  const y = (value: number) => (height - 1 - value / most * (height - 3)).toFixed(1);
  const line = values.map((value, i) => `${x(i)},${y(value)}`).join(" ");
  const last = isOld ? undefined : values.at(-1);
  return (
    <figure class="measure">
      <figcaption>
        <span>{title}</span> <b>{numberOf(last)} {unit}</b>
      </figcaption>
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
        {values.length > 1 && (
          <polygon points={`${x(0)},${height} ${line} ${width},${height}`} class="area" />
        )}
        {values.length > 1 && <polyline points={line} class="line" />}
      </svg>
    </figure>
  );
}

/** A quantity as a part of its most. */
export function Bar({ title, share, text }: {
  readonly title: string;
  readonly share: number;
  readonly text: string;
}) {
  return (
    <figure class="measure">
      <figcaption>
        <span>{title}</span> <b>{text}</b>
      </figcaption>
      <svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
        <rect width={Math.min(100, Math.max(0, share * 100))} height="6" />
      </svg>
    </figure>
  );
}
