/** The commands that start and stop engines. */
import { InvalidArgumentError } from "commander";
import { ABOUT_WISHES, CODEX, JSON_FLAG, seconds } from "./common.ts";
import { argument, command, flag, option, toggle } from "./declare.ts";

const WISH = { wish: argument("<wish...>", "the engines to run", { complete: "wish" }) };

export const plan = command("plan", "Show what a summon would start and stop, and why")
  .details(ABOUT_WISHES)
  .arguments(WISH)
  .options({ codex: CODEX, json: JSON_FLAG })
  .examples("lychd plan vision-ritual", "lychd plan ocr text-generation");

export const pull = command("pull", "Download images and models before the engines need them")
  .details(`${ABOUT_WISHES}
Without a wish it downloads everything that the Codex needs, the images of the
Watchers included. Podman downloads the images. The models of vLLM and SGLang
are downloaded by hf, and those of llama.cpp by llama, in a container of the
image of the engine, to its volumes. Other engines get their models at their
first start. What is already there is not downloaded again; podman pull IMAGE
updates a tag. Ctrl-C stops, and the next run continues.`)
  .arguments({
    wish: argument("[wish...]", "the engines to download for (default: all)", { complete: "wish" }),
  })
  .options({
    dryRun: flag("--dry-run", "print what is missing and download nothing"),
    codex: CODEX,
    json: JSON_FLAG,
  })
  .examples("lychd pull", "lychd pull vision-ritual", "lychd pull eye --dry-run");

export const summon = command("summon", "Start a Coven and wait until every engine answers")
  .alias("start")
  .details(`${ABOUT_WISHES}
It first stops the engines that conflict with the wish. If you press Ctrl-C
before systemd starts the engines, nothing is started; after that, systemd
continues. In both cases lychd prints the state and the next command.

The front door starts and stops engines by itself. After a summon it keeps them
for a while, and with --hold until --release.`)
  .arguments({ wish: argument("[wish...]", "the engines to run", { complete: "wish" }) })
  .options({
    dryRun: flag("--dry-run", "print the plan and change nothing"),
    wait: flag("--no-wait", "return after the start request, before the engines answer"),
    timeoutSeconds: option(
      "--timeout <seconds>",
      "stop waiting after this time; systemd continues (default: no limit for the start, 60 s for an answer)",
      { read: seconds },
    ),
    memoryTimeoutSeconds: option(
      "--memory-timeout <seconds>",
      "how long to wait for free GPU memory before starting anyway",
      { read: seconds, default: 60 },
    ),
    fallback: toggle(
      ["--fallback", "on failure, start the previous engines again"],
      [
        "--no-fallback",
        "do not start them again (default: prompt on a terminal, otherwise do not)",
      ],
    ),
    hold: flag("--hold", "let the front door change nothing from now on", ["release"]),
    release: flag("--release", "let the front door start and stop engines again"),
    codex: CODEX,
    json: flag("--json", "print events as JSON on stdout, one per line"),
  })
  .examples(
    "lychd summon vision-ritual",
    "lychd summon ocr text-generation --fallback",
    "lychd summon eye --timeout 300 --json",
    "lychd summon eye --hold",
  )
  .invocation((values) => {
    if (values.wish.length === 0 && !values.hold && !values.release) {
      throw new InvalidArgumentError("name what to start: a Coven, a Soulstone or capabilities");
    }
    return { command: "summon", ...values };
  });

export const banish = command("banish", "Stop a Soulstone, a Coven or all engines")
  .alias("stop")
  .details(`
A Soulstone is one engine. A Coven is a group of engines that may run together.
Residents (Soulstones that belong to every Coven) keep running.`)
  .arguments({
    wish: argument("[name]", "a Soulstone or a Coven (default: all engines)", { complete: "name" }),
  })
  .options({ json: JSON_FLAG })
  .examples("lychd banish eye", "lychd banish vision-ritual", "lychd banish");

export const serve = command("serve", "Run the front door, which starts engines for requests")
  .details(`
lychd-vessel.service runs this command; lychd render makes that unit if [vessel]
of the Codex has enabled = true. One sandbox speaks HTTP and can neither read
files nor run programs; another one starts and stops engines and has no network.
Before it starts, both try to break out, as in lychd self-test.`)
  .options({
    acceptWeakRuntime: flag(
      "--accept-weak-runtime",
      "start although the runtime does not refuse every attempt (for tests)",
    ),
  })
  .examples("lychd serve", "lychd self-test serve");

export const chat = command("chat", "Send a prompt to a model through the front door")
  .details(`
A model is a name that the front door knows: a Soulstone, an alias, a Coven or a
capability. Its engine starts if it does not run. The answer is printed while it
comes. Without a prompt it is a dialogue on a terminal; - at the end of a prompt,
or alone, reads stdin. If the front door has keys, LYCHD_KEY must be one of them.`)
  .arguments({
    model: argument("[model]", "a name of a model (default: the one that runs)", {
      complete: "name",
    }),
    prompt: argument("[prompt...]", "the words of the prompt, or -"),
  })
  .options({ system: option("--system <text>", "instructions for the model") })
  .examples(
    "lychd chat hermes",
    'lychd chat hermes "Why is the sky blue?"',
    "git diff | lychd chat hermes --system 'Review this change' -",
  );

export const top = command("top", "Show what the front door does now")
  .details(`
On a terminal it shows the Soulstones with their requests and GPU memory, swaps,
the GPUs, and the requests that ended last. Keys summon and banish a Soulstone;
what an order would stop is shown before it is given. In a pipe it prints each
change as a line. If the front door has keys, LYCHD_KEY must be one of them.`)
  .examples("lychd top");
