import type { CommandContext } from "../run/context.ts";
import type { ExitCode, Invocation } from "../run/invocation.ts";
import { withRefusals } from "../run/refusal.ts";

/** Runs one command and returns its exit code. Prints the Refusal that a command throws. */
export function runCommand(invocation: Invocation, context: CommandContext): Promise<ExitCode> {
  const json = "json" in invocation && invocation.json;
  return withRefusals(context, json, () => dispatch(invocation, context));
}

/** Loads only the module of the command. */
async function dispatch(invocation: Invocation, context: CommandContext): Promise<ExitCode> {
  switch (invocation.command) {
    case "check":
      return await (await import("./check.ts")).check(invocation, context);
    case "render":
      return await (await import("./render.ts")).render(invocation, context);
    case "doctor":
      return await (await import("./doctor.ts")).doctor(invocation, context);
    case "import":
      return await (await import("./import.ts")).importConfiguration(invocation, context);
    case "edit":
      return await (await import("./edit.ts")).edit(invocation, context);
    case "apply":
    case "restart":
      return await (await import("./apply.ts")).apply(invocation, context);
    case "rollback":
      return await (await import("./rollback.ts")).rollback(invocation, context);
    case "purge":
      return await (await import("./purge.ts")).purge(invocation, context);
    case "init":
      return await (await import("./init.ts")).init(invocation, context);
    case "add":
      return await (await import("./add.ts")).add(invocation, context);
    case "schema":
      return (await import("./schema.ts")).schema(invocation, context);
    case "completions":
      return (await import("./completions.ts")).completions(invocation, context);
    case "licenses":
      return (await import("./licenses.ts")).licenses(context);
    case "complete":
      return (await import("./complete.ts")).complete(invocation, context);
    case "plan":
      return await (await import("./plan.ts")).planWish(invocation, context);
    case "pull":
      return await (await import("./pull.ts")).pull(invocation, context);
    case "list":
      return await (await import("./list.ts")).list(invocation, context);
    case "covens":
      return await (await import("./covens.ts")).covens(invocation, context);
    case "explain":
      return await (await import("./explain.ts")).explain(invocation, context);
    case "summon":
      return await (await import("./summon.ts")).summon(invocation, context);
    case "serve":
      return await (await import("./serve.ts")).serve(context);
    case "chat":
      return await (await import("./chat.ts")).chat(invocation, context);
    case "top":
      return await (await import("./top.ts")).top(context);
    case "banish":
      return await (await import("./banish.ts")).banish(invocation, context);
    case "status":
      return await (await import("./status.ts")).status(invocation, context);
    case "logs":
      return await (await import("./logs.ts")).logs(invocation, context);
  }
}
