import { countOf } from "../../core/report/text.ts";
import { EXIT, type ExitCode } from "../../run/invocation.ts";
import type { Permissions } from "../../run/permissions.ts";
import type { Terminal } from "../../run/terminal.ts";
import type { Outcome, Places } from "./attempts.ts";

/** A sandbox to test. */
export interface Sandbox {
  readonly name: string;
  readonly permissions: Permissions;
  /** Starts it with exactly these permissions. */
  readonly start: () => Worker;
}

/** The message to a sandbox under test. */
export interface SelfTestRequest {
  readonly places: Places;
  readonly permissions: Permissions;
}

/**
 * Lets each sandbox of a command try to break out, and prints the outcome of each attempt on a line.
 * Fails unless the runtime refused every attempt that the command is not granted.
 */
export async function selfTest(
  sandboxes: readonly Sandbox[],
  places: Omit<Places, "program" | "port">,
  terminal: Pick<Terminal, "out">,
): Promise<ExitCode> {
  let isTight = true;
  let arrivals = 0;
  // The attempts to connect are judged by what arrives here too.
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  (async () => {
    for await (const connection of listener) {
      arrivals++;
      connection.close();
    }
  })();
  for (const { name, permissions, start } of sandboxes) {
    const program = permissions.run[0] ?? "/bin/true";
    const outcomes = await ask(start(), { places: { ...places, port, program }, permissions });
    for (const { outcome, name, said } of outcomes) {
      terminal.out(`${outcome}: ${name}${said === undefined ? "" : ` (${said})`}\n`);
    }
    const [refused = 0, granted = 0] = ["refused", "granted"].map((wanted) =>
      outcomes.filter(({ outcome }) => outcome === wanted).length
    );
    if (arrivals > 0) terminal.out(`not refused: ${countOf(arrivals, "connection")} arrived\n`);
    isTight &&= arrivals === 0 && refused > 0 && refused + granted === outcomes.length;
    terminal.out(
      `${name} (Deno ${Deno.version.deno}): ` +
        `${refused} of ${outcomes.length} attempts refused, ${granted} granted\n`,
    );
  }
  return isTight ? EXIT.ok : EXIT.failure;
}

function ask(worker: Worker, request: SelfTestRequest): Promise<readonly Outcome[]> {
  return new Promise((done, fail) => {
    worker.onmessage = ({ data }: MessageEvent<readonly Outcome[]>) => done(data);
    worker.onerror = (event) => {
      event.preventDefault();
      fail(new Error(event.message));
    };
    worker.postMessage(request);
  });
}
