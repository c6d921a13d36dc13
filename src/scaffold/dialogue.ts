import {
  type Codex,
  type EngineName,
  NAME,
  type Plain,
  readCodex,
  tomlValue,
} from "../core/codex/mod.ts";
import { covensOf } from "../core/compile/mod.ts";
import type { Survey } from "../core/doctor/mod.ts";
import { nameFor, portsBeside, type SoulstoneRequest } from "../core/scaffold/mod.ts";
import { EXIT } from "../run/invocation.ts";
import { DialogueEnded, openPrompts, type Prompts } from "../run/prompts.ts";
import type { CommandContext } from "../run/context.ts";
import { Refusal } from "../run/refusal.ts";

/** The present Codex and host. */
export interface DialogueInput {
  readonly json: boolean;
  readonly survey: Survey;
  readonly codex: Codex;
  /** The engine, if it is given. */
  readonly engine?: EngineName | undefined;
}

/** Prompts for a new Codex. Throws a {@linkcode Refusal} if it cannot, or is interrupted. */
export function promptForCodex(
  context: CommandContext,
  input: DialogueInput & { readonly vessel: boolean | undefined },
) {
  return withPrompts(context, { ...input, command: "init --engine" }, async (prompts) => {
    const requests: SoulstoneRequest[] = [];
    const used = usedBy(input);
    do {
      requests.push(await promptForOne(prompts, input, used));
    } while (await prompts.confirm("Add another Soulstone?", false));
    const covens = [...new Set(requests.flatMap((request) => request.covens))];
    const bootCoven = covens.length === 0
      ? undefined
      : await prompts.choose("Which Coven starts at boot?", [
        { value: undefined, name: "none" },
        ...covens.map((name) => ({ value: name, name })),
      ]);
    const vessel = input.vessel ??
      (context.binary === undefined ? undefined : await prompts.confirm(
        "Run the front door, one address that starts the engine of each request?",
        true,
      ));
    return { requests, bootCoven, vessel };
  });
}

/** Prompts for one Soulstone. Throws a {@linkcode Refusal} if it cannot, or is interrupted. */
export function promptForSoulstone(context: CommandContext, input: DialogueInput) {
  return withPrompts(
    context,
    { ...input, command: "add" },
    (prompts) => promptForOne(prompts, input, usedBy(input)),
  );
}

async function withPrompts<T>(
  { terminal }: CommandContext,
  { json, engine = "vllm", command }: DialogueInput & { readonly command: string },
  dialogue: (prompts: Prompts) => Promise<T>,
): Promise<T> {
  if (!terminal.canAsk || !terminal.errIsTerminal || json) {
    const hint = `lychd ${command} ${engine} --model Qwen/Qwen3-8B --coven chat`;
    throw new Refusal("cannot prompt here; name the engine and its model", {
      code: EXIT.usage,
      hint,
    });
  }
  try {
    return await dialogue(await openPrompts(terminal));
  } catch (error) {
    if (!(error instanceof DialogueEnded)) throw error;
    terminal.err("\n");
    throw new Refusal("interrupted; nothing was written", { code: EXIT.interrupted });
  }
}

/** The names and ports of the Codex and of the answers so far. */
type Used = ReturnType<typeof usedBy>;

function usedBy({ codex, survey }: DialogueInput) {
  return {
    names: new Set(codex.soulstones.map((s) => s.name)),
    covens: new Set(covensOf(codex.soulstones).map((coven) => coven.name)),
    ports: portsBeside(codex, survey.listeners),
  };
}

async function promptForOne(
  prompts: Prompts,
  { engine: known }: DialogueInput,
  used: Used,
): Promise<SoulstoneRequest> {
  const engine = known ?? await prompts.choose("Which engine?", ENGINE_CHOICES);
  const image = engine !== "generic" ? undefined : await prompts.text({
    message: "Container image:",
    problemOf: (answer) => problemOf("image", answer),
  });
  const model = engine === "generic" ? undefined : await prompts.text({
    message: MODEL_PROMPTS[engine],
    problemOf: (answer) =>
      answer !== ""
        ? problemOf("model", answer)
        : engine === "vllm" || engine === "sglang"
        ? `${engine} needs a model`
        : undefined,
  }) || undefined;
  const name = await prompts.text({
    message: "Name:",
    default: nameFor(model ?? image ?? engine, used.names),
    problemOf: (answer) =>
      !NAME.test(answer)
        ? "use up to 64 letters, digits, -, _ and .; start with a letter or a digit"
        : used.names.has(answer)
        ? "a Soulstone with this name already exists"
        : undefined,
  });
  const covens = list(
    await prompts.text({
      message: "Covens (Soulstones with a common Coven may run together):",
      default: [...used.covens].sort()[0] ?? "chat",
      problemOf: (answer) => problemOf("groups", list(answer)),
    }),
  );
  const capabilities = list(
    await prompts.text({
      message: "Capabilities, separated by commas (optional):",
      problemOf: (answer) => problemOf("capabilities", list(answer)),
    }),
  );
  const port = Number(
    await prompts.text({
      message: "Port:",
      default: String(used.ports.free()),
      problemOf: (answer) =>
        !/^\d+$/.test(answer)
          ? "enter a number"
          : used.ports.isHeld(Number(answer))
          ? `port ${answer} is already used in the Codex`
          : problemOf("port", Number(answer)),
    }),
  );
  used.names.add(name);
  used.ports.hold(port);
  for (const coven of covens) used.covens.add(coven);
  const rest = { slot: undefined, devices: undefined };
  return { engine, name, image, model, port, covens, capabilities, ...rest };
}

const ENGINE_CHOICES = [
  { value: "vllm", name: "vLLM", description: "many requests at a time; Hugging Face models" },
  { value: "sglang", name: "SGLang", description: "structured output; Hugging Face models" },
  { value: "llamacpp", name: "llama.cpp", description: "GGUF files on the GPU, the CPU or both" },
  { value: "tabbyapi", name: "TabbyAPI", description: "EXL3 models on one consumer GPU" },
  { value: "ollama", name: "Ollama", description: "models of its own library, loaded on request" },
  { value: "generic", name: "another image", description: "any container that serves HTTP" },
] as const satisfies readonly { value: EngineName; name: string; description: string }[];

const MODEL_PROMPTS = {
  vllm: "Model (repository id, or a folder on this host):",
  sglang: "Model (repository id, or a folder on this host):",
  llamacpp: "Model (.gguf file or repository id; empty to serve several):",
  tabbyapi: "Model (a folder on this host; optional):",
  ollama: "Model (such as qwen3:8b; empty to serve several):",
} as const;

function list(text: string): string[] {
  return text.split(",").map((part) => part.trim()).filter((part) => part !== "");
}

/** Returns the error that `lychd check` would report for a field. */
function problemOf(field: string, value: Plain): string | undefined {
  const others = { image: "localhost/x", port: 8780 };
  const lines = Object.entries({ ...others, [field]: value })
    .map(([key, value]) => `${key} = ${tomlValue(value)}\n`).join("");
  const bytes = new TextEncoder().encode(`[x]\n${lines}`);
  const { findings } = readCodex({ folder: "", files: [{ path: "soulstones/x.toml", bytes }] });
  return findings.find(({ severity }) => severity === "error")?.message;
}
