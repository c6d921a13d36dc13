import { type Downloads, type NeededModel, readDownloads } from "../core/orchestrator/downloads.ts";
import { printable } from "../core/report/printable.ts";
import type { CommandContext } from "../run/context.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import { Refusal } from "../run/refusal.ts";
import { printJson } from "../run/say.ts";
import { tableLines } from "../core/report/table.ts";
import { codexProblem, refusePath } from "../trust/path.ts";
import { orRefuse } from "../units/engines.ts";
import { imageSizes, isLocal, presentImages } from "../units/images.ts";
import { planWords } from "../core/orchestrator/transition_text.ts";
import { type CodexView, viewCodex } from "../units/view.ts";

type PullInvocation = Extract<Invocation, { command: "pull" }>;

/** The states of a download, with the words for them. */
const STATES = {
  present: "already there",
  pulled: "pulled",
  /** The program that downloads a model does not report whether anything was missing. */
  complete: "complete",
  missing: "missing",
  unknown: "not checked",
  failed: "failed",
  interrupted: "not finished",
} as const;

interface Outcome {
  readonly state: keyof typeof STATES;
  readonly error?: string;
}

/** An image or a model with its outcome. */
interface Result extends Outcome {
  readonly kind: "image" | "model";
  readonly name: string;
  readonly usedBy: readonly string[];
}

/** `lychd pull [WISH]`: downloads images and models before the engines need them. */
export async function pull(invocation: PullInvocation, context: CommandContext): Promise<ExitCode> {
  const { json, wish, dryRun } = invocation;
  const { folders, programs: { podman }, terminal, interruption } = context;
  const view = await viewCodex(context, json);
  if ("code" in view) return view.code;
  const downloads = readDownloads(view.files, specifiersOf(context), wantedBy(wish, view));
  const problem = codexProblem(folders.codex, view.visited, context);
  if (problem !== undefined && !dryRun) refusePath(problem);
  if (podman === undefined) {
    throw new Refusal("there is no podman", { code: EXIT.hostRefused, hint: "lychd doctor" });
  }
  const present = await presentImages(context, podman, downloads.images.map(({ image }) => image));
  const downloader = { context, podman, present, isAttached: terminal.outIsTerminal && !json };
  const results = dryRun ? previewOf(downloads, present) : await download(downloads, downloader);
  // Ctrl-C leaves the cursor behind `^C`.
  if (interruption.aborted && terminal.errIsTerminal) terminal.err("\n");
  const sizes = await imageSizes(context, podman, [...present]);
  if (json) printJson(context, pullJson(results, sizes, downloads, view));
  else printResults(context, results, sizes, downloads);
  const again = ["lychd pull", ...wish].join(" ");
  if (interruption.aborted) {
    terminal.err(`lychd: interrupted; what is finished stays\nhint: ${again} continues\n`);
    return EXIT.interrupted;
  }
  const failed = results.filter(({ state }) => state === "failed");
  for (const { name, error } of failed) {
    terminal.err(`lychd: ${printable(name)} was not downloaded: ${printable(error ?? "")}\n`);
  }
  if (failed.length === 0) return EXIT.ok;
  terminal.err(`hint: the messages above show why; ${again} tries it again\n`);
  return EXIT.hostRefused;
}

/** Returns the engines that a wish starts if none runs; undefined for everything. */
function wantedBy(
  words: readonly string[],
  { inventory }: CodexView,
): readonly string[] | undefined {
  if (words.length === 0) return undefined;
  const running = { running: { up: new Set<string>(), crashed: new Set<string>() }, strays: [] };
  return orRefuse(planWords(words, inventory, running)).transition.wanted;
}

/** Returns the values of the specifiers that lychd writes into units. */
function specifiersOf({ environment, folders }: CommandContext) {
  const known = { h: environment["HOME"], E: folders.config, t: folders.runtime };
  return {
    specifiers: Object.fromEntries(
      Object.entries(known).filter((entry): entry is [string, string] => entry[1] !== undefined),
    ),
  };
}

function previewOf({ images, models }: Downloads, present: ReadonlySet<string>): Result[] {
  return [
    ...images.map(({ image, usedBy }): Result => {
      const state = present.has(image) ? "present" : "missing";
      return { kind: "image", name: image, usedBy, state };
    }),
    ...models.map(({ model, usedBy }): Result => {
      return { kind: "model", name: model, usedBy, state: "unknown" };
    }),
  ];
}

interface Downloader {
  readonly context: CommandContext;
  readonly podman: string;
  /** The images that Podman has; those that are pulled are added. */
  readonly present: Set<string>;
  /** True if containers may use the terminal. */
  readonly isAttached: boolean;
}

/** Downloads one after the other, images first. Continues after a failure, but not after an interrupt. */
async function download(
  { images, models }: Downloads,
  downloader: Downloader,
): Promise<Result[]> {
  const { context: { terminal, interruption }, present } = downloader;
  const results: Result[] = [];
  for (const { image, usedBy } of images) {
    const outcome: Outcome = present.has(image)
      ? { state: "present" }
      : interruption.aborted
      ? { state: "interrupted" }
      : await pullImage(image, downloader);
    if (outcome.state === "pulled") present.add(image);
    results.push({ kind: "image", name: image, usedBy, ...outcome });
  }
  for (const model of models) {
    const { model: name, usedBy, image } = model;
    if (!interruption.aborted && present.has(image)) {
      terminal.err(`downloading the model ${printable(name)}\n`);
    }
    const outcome: Outcome = interruption.aborted
      ? { state: "interrupted" }
      : present.has(image)
      ? await pullModel(model, downloader)
      : { state: "failed", error: `Podman does not have the image ${image}` };
    results.push({ kind: "model", name, usedBy, ...outcome });
  }
  return results;
}

async function pullImage(image: string, { context, podman }: Downloader): Promise<Outcome> {
  if (isLocal(image)) {
    return { state: "failed", error: `no registry has it; podman build --tag ${image} . makes it` };
  }
  const ran = await run(context, podman, ["pull", "--", image], true);
  return ran.code === 0 ? { state: "pulled" } : failureOf(context, statusText("podman pull", ran));
}

/** The exit code of `podman run` for a program that is not in the image. */
const NO_PROGRAM = 127;

/**
 * Downloads a model in a container that ends with it. Only its volumes are writable, so a model whose
 * folder is in none of them fails, instead of being deleted with the container.
 */
async function pullModel(
  { image, options, program, args }: NeededModel,
  { context, podman, isAttached }: Downloader,
): Promise<Outcome> {
  const { host, processId, interruption } = context;
  const name = `lychd-pull-${processId}`;
  const words = [
    ...["run", "--rm", "--pull=never", "--read-only", "--log-driver=none", "--no-healthcheck"],
    // Podman then ends at a signal, even if the program ignores it.
    ...[`--name=${name}`, "--sig-proxy=false", ...isAttached ? ["--tty"] : []],
    ...[...options, `--entrypoint=${program}`, image, ...args],
  ];
  const ran = await run(context, podman, words, !isAttached);
  if (interruption.aborted) await host.run(podman, ["rm", "--force", "--ignore", "--time=0", name]);
  if (ran.code === 0) return { state: "complete" };
  const error = ran.code === NO_PROGRAM
    ? `its image has no ${program}; the engine downloads it at its first start`
    : statusText(program, ran);
  return failureOf(context, error);
}

function statusText(program: string, { code, lastLine }: AttachedRan): string {
  return `${program} ended with status ${code}${lastLine ? `: ${lastLine}` : ""}`;
}

/** More than the last line of any program has. */
const TAIL_CHARACTERS = 4096;

/** The time in which Ctrl-C, which ends Podman too, reaches the sandbox. */
const INTERRUPT_MILLISECONDS = 100;

/** The exit code of Podman, and the last line of its stderr unless that is a terminal. */
interface AttachedRan {
  readonly code: number;
  readonly lastLine: string | undefined;
}

/** Runs Podman until it ends or is interrupted. On a terminal it shows its progress there. */
async function run(
  { host, terminal, interruption: until }: CommandContext,
  podman: string,
  words: readonly string[],
  quiet: boolean,
): Promise<AttachedRan> {
  let tail = "";
  const onStderr = terminal.errIsTerminal ? undefined : (text: string) => {
    terminal.err(text);
    tail = (tail + text).slice(-TAIL_CHARACTERS);
  };
  const code = await host.runAttached(podman, words, { quiet, until, onStderr });
  if (code !== 0) await new Promise((wake) => setTimeout(wake, INTERRUPT_MILLISECONDS));
  return { code, lastLine: tail.trim().split(/[\r\n]+/).at(-1) };
}

function failureOf({ interruption }: CommandContext, error: string): Outcome {
  return interruption.aborted ? { state: "interrupted" } : { state: "failed", error };
}

function printResults(
  { terminal: { out, err, outPalette } }: CommandContext,
  results: readonly Result[],
  sizes: ReadonlyMap<string, number>,
  { leftOut }: Downloads,
): void {
  const [head = "", ...rows] = tableLines([
    ["IMAGE OR MODEL", "STATE", "SIZE", "USED BY"],
    ...results.map(({ name, state, usedBy }) => [
      printable(name),
      STATES[state],
      sizeText(sizes.get(name)),
      usedBy.map(printable).join(", "),
    ]),
  ], outPalette.columns);
  out([outPalette.strong(head), ...rows].map((line) => `${line}\n`).join(""));
  for (const { name, why } of leftOut) {
    err(`lychd: ${printable(name)}: no model is downloaded: ${printable(why)}\n`);
  }
}

/** Returns a size as Podman prints it. */
function sizeText(bytes: number | undefined): string {
  if (bytes === undefined) return "";
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

function pullJson(
  results: readonly Result[],
  sizes: ReadonlyMap<string, number>,
  { leftOut }: Downloads,
  { source, differences }: CodexView,
) {
  const some = (kind: Result["kind"]) => results.filter((result) => result.kind === kind);
  return {
    images: some("image").map(({ name, usedBy, state, error }) => ({
      ...{ image: name, used_by: usedBy, state, size_bytes: sizes.get(name) ?? null },
      ...error !== undefined && { error },
    })),
    models: some("model").map(({ name, usedBy, state, error }) => ({
      ...{ model: name, used_by: usedBy, state },
      ...error !== undefined && { error },
    })),
    left_out: leftOut.map(({ name, why }) => ({ soulstone: name, why })),
    source,
    differences,
  };
}
