import type { Permissions } from "../../run/permissions.ts";
import { EXIT, type ExitCode } from "../../run/invocation.ts";
import type { Terminal } from "../../run/terminal.ts";
import type { Outcome, Places } from "./attempts.ts";

/** A sandbox to be tested: what it is called, what it may do, and how to start it with that. */
export interface Sealed {
  readonly name: string;
  readonly permissions: Permissions;
  readonly start: () => Worker;
}

/** What a sandbox is told. */
export interface SealRequest {
  readonly places: Places;
  readonly permissions: Permissions;
}

/**
 * Has each sandbox of a command try to break out, and tells what became of it: an attempt on a line.
 * Fails unless the runtime refused every one that the command was not granted.
 */
export async function selfTest(
  sandboxes: readonly Sealed[],
  places: Omit<Places, "program">,
  terminal: Pick<Terminal, "out">,
): Promise<ExitCode> {
  let isTight = true;
  for (const { name, permissions, start } of sandboxes) {
    const program = permissions.run[0] ?? "/bin/true";
    const outcomes = await ask(start(), { places: { ...places, program }, permissions });
    for (const { outcome, name, said } of outcomes) {
      terminal.out(`${outcome}: ${name}${said === undefined ? "" : ` (${said})`}\n`);
    }
    const count = (outcome: Outcome["outcome"]) =>
      outcomes.filter((each) => each.outcome === outcome).length;
    const [refused, granted] = [count("refused"), count("granted")];
    isTight &&= refused > 0 && refused + granted === outcomes.length;
    terminal.out(
      `${name} (Deno ${Deno.version.deno}): ` +
        `${refused} of ${outcomes.length} attempts refused, ${granted} granted to it\n`,
    );
  }
  return isTight ? EXIT.ok : EXIT.failure;
}

function ask(worker: Worker, request: SealRequest): Promise<readonly Outcome[]> {
  return new Promise((done, fail) => {
    worker.onmessage = ({ data }: MessageEvent<readonly Outcome[]>) => done(data);
    worker.onerror = (event) => {
      event.preventDefault();
      fail(new Error(event.message));
    };
    worker.postMessage(request);
  });
}
