/**
 * Summons beside a systemd and a driver that are played here, for what no real ones do when they are
 * asked to; the real ones run in the lab.
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { readCodex } from "../core/codex/mod.ts";
import { compile } from "../core/compile/mod.ts";
import { foldersOfHome } from "../testing/folders_of_home.ts";
import { HostError } from "../host/host.ts";
import { type MemoryHost, memoryHost } from "../testing/memory_host.ts";
import { EXIT, type ExitCode, type SummonOptions } from "../run/invocation.ts";
import { findPrograms } from "../run/programs.ts";
import { banish } from "../commands/banish.ts";
import type { CommandContext } from "../run/context.ts";
import { inscribe } from "../inscribe/inscribe.ts";
import { logs } from "../commands/logs.ts";
import { memoryContext } from "../testing/memory_context.ts";
import { planWish } from "../commands/plan.ts";
import { status } from "../commands/status.ts";
import { summon } from "../commands/summon.ts";

/** Two that exclude each other. */
const CODEX = ["owl", "sage"].map((name, i) =>
  `[${name}]\nimage = "localhost/x"\nport = ${9001 + i}\ngroups = ["${name}s"]\n` +
  `capabilities = ["text"]\nvram_mib = 20000\ndevices = ["nvidia.com/gpu=all"]\n`
).join("");

const folders = foldersOfHome("/home", { runtime: "/run/user/0", user: 0 });

type Facts = Readonly<Record<string, string>>;

const STOPPED: Facts = { LoadState: "loaded", ActiveState: "inactive", SubState: "dead" };
const RUNNING: Facts = { LoadState: "loaded", ActiveState: "active", SubState: "running" };
const FAILED: Facts = {
  LoadState: "loaded",
  ActiveState: "failed",
  Result: "exit-code",
  ExecMainCode: "1",
  ExecMainStatus: "3",
};

const LOADING: Facts = {
  ...RUNNING,
  ActiveState: "activating",
  SubState: "start",
  NRestarts: "1",
};
const RESTARTING: Facts = { ...FAILED, ActiveState: "activating", SubState: "auto-restart" };

/** A host with the Codex rendered, and what it was told and said. */
class House {
  /** By the name of the unit. */
  readonly units = new Map<string, Facts>();
  /** What systemd was told, but for questions. */
  readonly orders: string[] = [];
  /** The units whose journals were asked for last of each call. */
  readonly journals: string[] = [];
  readonly interruption = new AbortController();
  out = "";
  err = "";
  /** What a start makes of units. */
  onStart = (_unit: string): void => {};
  /** Never answers; what gives up earlier is heard. */
  isDriverHung = false;
  /** How long it was given to answer, each time, and how often that time was over. */
  readonly driverLimits: number[] = [];
  driverTimeouts = 0;
  /** Somebody sits at the terminal, and answers each question by Ctrl-C. */
  isAsked = false;
  readonly #host: MemoryHost = memoryHost({
    [`${folders.codex}/soulstones/all.toml`]: CODEX,
  }, async (program, args, _env, limits) => {
    if (program === "/nvidia-smi" && this.isDriverHung) {
      this.driverLimits.push(limits?.milliseconds ?? Infinity);
      return await new Promise((_, reject) => {
        const end = () => {
          clearTimeout(timer);
          reject(new HostError("timeout", program, "no answer"));
        };
        const timer = setTimeout(() => {
          this.driverTimeouts++;
          end();
        }, limits?.milliseconds);
        limits?.until?.addEventListener("abort", end);
      });
    }
    if (program === "/journalctl") this.journals.push(args.at(-1) ?? "");
    return { code: 0, stdout: program === "/systemctl" ? this.#systemctl(args) : "", stderr: "" };
  });

  #systemctl(args: readonly string[]): string {
    const units = args.slice(args.indexOf("--") + 1);
    if (args.includes("show")) {
      const names = units.flatMap((unit) =>
        unit.includes("*") ? [...this.units.keys()].filter((n) => n.startsWith("soul")) : [unit]
      );
      return [...new Set(names)].map((Id) =>
        Object.entries({ Id, ...this.units.get(Id) ?? STOPPED }).map((e) => e.join("=")).join("\n")
      ).join("\n\n");
    }
    this.orders.push(`${args[1]} ${units.join(" ")}`);
    for (const unit of units) {
      if (args[1] === "stop") this.units.set(unit, STOPPED);
      if (args[1] === "start") this.onStart(unit);
    }
    return "";
  }

  get context(): CommandContext {
    const programs = {
      ...findPrograms(() => false),
      systemctl: "/systemctl",
      journalctl: "/journalctl",
      nvidiaSmi: "/nvidia-smi",
    };
    return memoryContext(this, {
      host: this.#host,
      folders,
      programs,
      startProber: () => ({ answers: () => Promise.resolve(true), close() {} }),
      interruption: this.interruption.signal,
    }, {
      canAsk: this.isAsked,
      ask: async (question, until) => {
        this.err += question;
        return await new Promise((end) => {
          until?.addEventListener("abort", () => end(undefined));
          this.interruption.abort();
        });
      },
      errIsTerminal: this.isAsked,
    });
  }

  /** Renders the Codex of these Soulstones. */
  async render(soulstones: string): Promise<this> {
    const bytes = new TextEncoder().encode(soulstones);
    const { codex, findings } = readCodex({
      folder: "codex",
      files: [{ path: "soulstones/all.toml", bytes }],
    });
    deepStrictEqual(findings.filter((finding) => finding.severity === "error"), []);
    const { runes } = await compile(codex);
    const options = { json: false, force: false, restart: false, verify: false, reload: false };
    const made = await inscribe(this.context, { ...options, waitSeconds: 0 }, () => ({ runes }));
    strictEqual(made, EXIT.ok);
    this.out = this.err = "";
    return this;
  }

  async summon(wish: string, options: Partial<SummonOptions> = {}): Promise<ExitCode> {
    return await summon({
      command: "summon",
      wish: [wish],
      json: false,
      dryRun: false,
      wait: true,
      timeoutSeconds: undefined,
      memoryTimeoutSeconds: 1,
      fallback: undefined,
      ...options,
    }, this.context);
  }
}

/** A house in which owl does something, and sage nothing. */
async function house(owl: Facts): Promise<House> {
  const made = await new House().render(CODEX);
  made.units.set("soulstone-owl.service", owl);
  return made;
}

Deno.test("a driver that does not answer before the timeout: nothing was changed", async () => {
  const seen = await house(RUNNING);
  seen.isDriverHung = true;
  strictEqual(await seen.summon("sages", { timeoutSeconds: 0.3, fallback: true }), EXIT.failure);
  ok(seen.driverLimits.length > 0 && seen.driverLimits.every((limit) => limit <= 300));
  deepStrictEqual(seen.orders, []);
  match(
    seen.err,
    /\nlychd: the 0\.3 s were over before systemd was told: nothing was changed\nhint: lychd doctor/,
  );
});

Deno.test("an interrupt is heard while the GPUs are asked", async () => {
  const seen = await house(RUNNING);
  seen.isDriverHung = true;
  const ended = seen.summon("sages");
  setTimeout(() => seen.interruption.abort(), 200);
  strictEqual(await ended, EXIT.interrupted);
  strictEqual(seen.driverTimeouts, 0);
  deepStrictEqual(seen.orders, []);
  match(seen.err, /\nlychd: interrupted before the start: nothing was changed\n/);
});

Deno.test("late before the start, programs are told that nothing was told to start", async () => {
  const seen = await house(RUNNING);
  seen.isDriverHung = true;
  await seen.summon("sages", { timeoutSeconds: 0.3, json: true });
  const last = JSON.parse(seen.out.trim().split("\n").at(-1) ?? "");
  deepStrictEqual([last.event, last.waits_for, last.start_told], ["late", ["sage"], false]);
});

/** A summon of sages that fails, and that brings back what ran before. */
async function failing(owl: Facts): Promise<House> {
  const seen = await house(owl);
  failSage(seen);
  strictEqual(await seen.summon("sages", { fallback: true }), EXIT.failure);
  return seen;
}

function failSage(seen: House): void {
  seen.onStart = (unit) => {
    const isSage = unit.includes("sage");
    seen.units.set("soulstone-owl.service", isSage ? STOPPED : RUNNING);
    if (isSage) seen.units.set("soulstone-sage.service", FAILED);
  };
}

Deno.test("an engine that loaded after a restart is brought back", async () => {
  const { err, orders } = await failing(LOADING);
  deepStrictEqual(orders.filter((order) => order.startsWith("start")), [
    "start lychd-coven-sages.target",
    "start lychd-coven-owls.target",
  ]);
  match(err, /\nowl back again\n$/);
});

Deno.test("one that had crashed and waited for its restart is not, and that is said", async () => {
  const { err, orders } = await failing(RESTARTING);
  deepStrictEqual(orders.filter((order) => order.startsWith("start")), [
    "start lychd-coven-sages.target",
  ]);
  match(err, /\nlychd: nothing to bring back: owl had crashed before\n$/);
});

Deno.test("Ctrl-C at the question brings nothing back, and tells what would", async () => {
  const seen = await house(RUNNING);
  failSage(seen);
  seen.isAsked = true;
  strictEqual(await seen.summon("sages"), EXIT.interrupted);
  match(
    seen.err,
    /\? \[Y\/n\] \n.*lychd: interrupted; nothing was brought back\nhint: lychd summon coven:owls brings back what ran before\n$/,
  );
});

const STALE: Facts = { ...RUNNING, NeedDaemonReload: "yes" };
const NOT_READ = "warning: systemd has not read these units anew: owl\n" +
  "hint: systemctl --user daemon-reload\n";

Deno.test("units that systemd has not read anew are warned of, whoever looks", async () => {
  const seen = await house(STALE);
  strictEqual(await seen.summon("sages", { dryRun: true }), EXIT.ok);
  strictEqual(seen.err.split(NOT_READ).length, 2);
  seen.err = "";
  await status({ command: "status", json: false, watch: false }, seen.context);
  strictEqual(seen.err, NOT_READ);
  await planWish({ command: "plan", json: false, wish: ["sages"] }, seen.context);
  strictEqual(seen.err.split(NOT_READ).length, 3);
});

/** A stray has the name of the capability that both offer, and another one no such name. */
async function houseOfStrays(): Promise<House> {
  const seen = await house(RUNNING);
  seen.units.set("soulstone-text.service", RUNNING);
  seen.units.set("soulstone-newt.service", RUNNING);
  return seen;
}

for (const name of ["text", "newt"]) {
  Deno.test(`a stray that is called ${name} is banished, and its journal read, by its name`, async () => {
    const seen = await houseOfStrays();
    const asked = { json: false, name, follow: false, lines: 10 };
    strictEqual(await logs({ command: "logs", ...asked }, seen.context), EXIT.ok);
    deepStrictEqual(seen.journals, [`--user-unit=soulstone-${name}.service`]);
    strictEqual(
      await banish({ command: "banish", json: false, wish: name }, seen.context),
      EXIT.ok,
    );
    deepStrictEqual(seen.orders, [`stop soulstone-${name}.service`]);
  });
}

Deno.test("banish tells what no longer counts as failed", async () => {
  const seen = await house(FAILED);
  strictEqual(
    await banish({ command: "banish", json: false, wish: "owl" }, seen.context),
    EXIT.ok,
  );
  strictEqual(seen.out, "nothing runs of that\nno longer counted as failed: owl\n");
});

Deno.test("what nothing is called, and a capability that no stray is called, are refused", async () => {
  const seen = await house(RUNNING);
  for (const name of ["text", "newt"]) {
    const asked = { json: false, name, follow: false, lines: 10 };
    strictEqual(await logs({ command: "logs", ...asked }, seen.context), EXIT.usage);
    strictEqual(
      await banish({ command: "banish", json: false, wish: name }, seen.context),
      EXIT.usage,
    );
  }
  match(seen.err, /`text` is a capability, and neither a Coven nor a Soulstone/);
  match(seen.err, /there is no Coven or Soulstone `newt`/);
  deepStrictEqual([seen.orders, seen.journals], [[], []]);
});
