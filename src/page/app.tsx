/// <reference lib="dom" />
import { Confirmation } from "./confirmation.tsx";
import { Engines } from "./engines.tsx";
import { KeyDialog } from "./key_dialog.tsx";
import { Logs } from "./logs.tsx";
import { Notice } from "./notice.tsx";
import { Now } from "./now.tsx";
import { Requests } from "./requests.tsx";
import { offline, route, state } from "./state.ts";
import { TryIt } from "./try_it.tsx";

const VIEWS = { engines: "Engines", requests: "Requests", try: "Try it" } as const;

/** The whole page: what goes on now, and one of the views. */
export function App() {
  const { view, name } = route.value;
  const { grafana, prometheus } = state.value?.links ?? {};
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          // The fragment names the view.
          event.preventDefault();
          document.getElementById("main")?.focus();
        }}
      >
        Skip to the content
      </a>
      <header class="top">
        <h1>lychd</h1>
        <nav aria-label="Views">
          {Object.entries(VIEWS).map(([id, title]) => (
            <a
              key={id}
              href={`#${id}`}
              aria-current={view === id || view === "logs" && id === "engines" ? "page" : undefined}
            >
              {title}
            </a>
          ))}
        </nav>
        <nav aria-label="History" class="links">
          {grafana && <a href={grafana} rel="noreferrer">Grafana</a>}
          {prometheus && <a href={prometheus} rel="noreferrer">Prometheus</a>}
        </nav>
      </header>
      <Now />
      <main id="main" tabindex={-1} class={offline.value === undefined ? "" : "old"}>
        {view === "requests"
          ? <Requests />
          : view === "try"
          ? <TryIt first={name} />
          : view === "logs"
          ? <Logs key={name} name={name} />
          : <Engines />}
      </main>
      <Confirmation />
      <KeyDialog />
      <Notice />
    </>
  );
}
