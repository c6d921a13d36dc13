import {
  type Codex,
  type EngineName,
  NAME,
  readCodex,
  type TomlText,
  tomlValue,
} from "../core/codex/mod.ts";
import { covensOf } from "../core/compile/mod.ts";
import type { Survey } from "../core/doctor/mod.ts";
import { imageFor, nameFor, portsBeside, type SoulstoneRequest } from "../core/scaffold/mod.ts";
import { DialogueEnded, openPrompts, type Prompts } from "../run/prompts.ts";
import type { CommandContext } from "../run/context.ts";

/** What a dialogue starts from. */
export interface DialogueInput {
  readonly survey: Survey;
  readonly codex: Codex;
  /** The engine, when it is known already. */
  readonly engine?: EngineName | undefined;
}

/** What a first Codex is to hold. */
export interface CodexAnswers {
  readonly requests: readonly SoulstoneRequest[];
  readonly bootCoven: string | undefined;
}

/** Asks for a first Codex; nothing when the operator gives up. */
export function askForCodex(
  context: CommandContext,
  input: DialogueInput,
): Promise<CodexAnswers | undefined> {
  return converse(context, async (prompts) => {
    const requests: SoulstoneRequest[] = [];
    const used = usedBy(input);
    do {
      requests.push(await askForOne(prompts, input, used));
    } while (await prompts.confirm("Another Soulstone?", false));
    const covens = [...new Set(requests.flatMap((request) => request.covens))];
    const bootCoven = covens.length === 0 ? undefined : await prompts.choose(
      "Which Coven starts with the host?",
      [
        { value: undefined, name: "none: I start them myself" },
        ...covens.map((name) => ({ value: name, name })),
      ],
    );
    return { requests, bootCoven };
  });
}

/** Asks for one Soulstone; nothing when the operator gives up. */
export function askForSoulstone(
  context: CommandContext,
  input: DialogueInput,
): Promise<SoulstoneRequest | undefined> {
  return converse(context, (prompts) => askForOne(prompts, input, usedBy(input)));
}

async function converse<T>(
  { terminal }: CommandContext,
  talk: (prompts: Prompts) => Promise<T>,
): Promise<T | undefined> {
  try {
    return await talk(await openPrompts(terminal));
  } catch (error) {
    if (!(error instanceof DialogueEnded)) throw error;
    terminal.err("\nlychd: interrupted; nothing was written\n");
    return undefined;
  }
}

/** What is taken already, by the Codex and by the answers so far. */
interface Used {
  readonly names: Set<string>;
  readonly covens: Set<string>;
  readonly ports: ReturnType<typeof portsBeside>;
}

function usedBy({ codex, survey }: DialogueInput): Used {
  return {
    names: new Set(codex.soulstones.map((s) => s.name)),
    covens: new Set(covensOf(codex.soulstones).map((coven) => coven.name)),
    ports: portsBeside(codex, survey.listeners),
  };
}

async function askForOne(
  prompts: Prompts,
  { survey, engine: known }: DialogueInput,
  used: Used,
): Promise<SoulstoneRequest> {
  const engine = known ?? await prompts.choose("Which engine?", ENGINE_CHOICES);
  const image = engine === "generic"
    ? await prompts.text({
      message: "Its image:",
      problemOf: (answer) => problemOf("image", answer),
    })
    : imageFor(engine, survey.vendor);
  const model = await askForModel(prompts, engine);
  const proposed = nameFor(model ?? (engine === "generic" ? image ?? "" : engine), used.names);
  const name = await prompts.text({
    message: "Its name:",
    default: proposed,
    problemOf: (answer) =>
      !NAME.test(answer)
        ? "letters, digits, -, _ and ., first a letter or digit, at most 64"
        : used.names.has(answer)
        ? "there is a Soulstone of that name"
        : undefined,
  });
  const others = [...used.covens].sort();
  const covens = list(
    await prompts.text({
      message: "Its Covens (Soulstones that share one run together):",
      default: others[0] ?? "chat",
      problemOf: (answer) => problemOf("groups", list(answer)),
    }),
  );
  const capabilities = list(
    await prompts.text({
      message: "What it can do, as tags (may be empty):",
      problemOf: (answer) => problemOf("capabilities", list(answer)),
    }),
  );
  const port = Number(
    await prompts.text({
      message: "Its port:",
      default: String(used.ports.free()),
      problemOf: (answer) =>
        !/^\d+$/.test(answer)
          ? "a port is a number"
          : used.ports.isHeld(Number(answer))
          ? `port ${answer} is taken in the Codex`
          : problemOf("port", Number(answer)),
    }),
  );
  used.names.add(name);
  used.ports.hold(port);
  for (const coven of covens) used.covens.add(coven);
  return {
    engine,
    name,
    image: engine === "generic" ? image : undefined,
    model,
    port,
    covens,
    capabilities,
    devices: undefined,
  };
}

async function askForModel(prompts: Prompts, engine: EngineName): Promise<string | undefined> {
  if (engine === "generic") return undefined;
  const needed = engine === "vllm" || engine === "sglang";
  const answer = await prompts.text({
    message: MODEL_QUESTIONS[engine],
    problemOf: (answer) =>
      answer !== ""
        ? problemOf("model", answer)
        : needed
        ? `${engine} starts with a model`
        : undefined,
  });
  return answer === "" ? undefined : answer;
}

const ENGINE_CHOICES = [
  { value: "vllm", name: "vLLM", description: "many requests at a time; models of Hugging Face" },
  { value: "sglang", name: "SGLang", description: "structured output; models of Hugging Face" },
  { value: "llamacpp", name: "llama.cpp", description: "GGUF files; GPU, processor, or both" },
  { value: "tabbyapi", name: "TabbyAPI", description: "EXL3 models on one consumer GPU" },
  { value: "generic", name: "another image", description: "anything that answers by HTTP" },
] as const satisfies readonly { value: EngineName; name: string; description: string }[];

const MODEL_QUESTIONS = {
  vllm: "Its model (a repository, or a folder of this host):",
  sglang: "Its model (a repository, or a folder of this host):",
  llamacpp: "Its model (a .gguf file, or a repository; empty for many):",
  tabbyapi: "Its model (a folder of this host; may be empty):",
} as const;

function list(text: string): string[] {
  return text.split(",").map((part) => part.trim()).filter((part) => part !== "");
}

/** What `lychd check` would say of a field. */
function problemOf(field: string, value: TomlText): string | undefined {
  const others = { image: "localhost/x", port: 8780 };
  const lines = Object.entries({ ...others, [field]: value })
    .map(([key, value]) => `${key} = ${tomlValue(value)}\n`).join("");
  const bytes = new TextEncoder().encode(`[x]\n${lines}`);
  const { findings } = readCodex({ folder: "", files: [{ path: "soulstones/x.toml", bytes }] });
  return findings.find(({ severity }) => severity === "error")?.message;
}
