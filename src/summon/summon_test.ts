/** Summons with a simulated systemd and GPU driver, for cases that the lab cannot produce. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { readCodex } from "../core/codex/mod.ts";
import { compile } from "../core/compile/mod.ts";
import { writeState } from "../core/dispatcher/state_file.ts";
import { foldersOfHome } from "../testing/folders_of_home.ts";
import { HostError } from "../host/host.ts";
import { type MemoryHost, memoryHost } from "../testing/memory_host.ts";
import { EXIT, type ExitCode, type SummonOptions } from "../run/invocation.ts";
import { findPrograms } from "../run/programs.ts";
import type { CommandContext } from "../run/context.ts";
import { inscribeAndApply } from "../apply/inscribe_and_apply.ts";
import { memoryContext } from "../testing/memory_context.ts";
import { runCommand } from "../commands/run.ts";

/** Two Soulstones that exclude each other. */
const CODEX = ["owl", "sage"].map((name, i) =>
  `[${name}]\nimage = "localhost/x"\nport = ${9001 + i}\ngroups = ["${name}s"]\n` +
  `capabilities = ["text"]\nvram_mib = 20000\ndevices = ["nvidia.com/gpu=all"]\n`
).join("");

const OWL = { kind: "soulstone", name: "owl" } as const;
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

/** A host with a rendered Codex. Records orders and output. */
class TestHost {
  /** By the name of the unit. */
  readonly units = new Map<string, Facts>();
  /** The orders to systemd, without queries. */
  readonly orders: string[] = [];
  /** The last unit of each call of journalctl. */
  readonly journals: string[] = [];
  readonly interruption = new AbortController();
  out = "";
  err = "";
  /** The effect of a start. */
  onStart = (_unit: string): void => {};
  /** True if the GPU driver never answers: a query ends only by its limit or by an interrupt. */
  isDriverHung = false;
  /** The end of each query of the hung driver: the milliseconds of its limit, or `abort`. */
  readonly driverEnds: (number | "abort")[] = [];
  /** True if the operator answers each prompt with Ctrl-C. */
  isAsked = false;
  readonly #host: MemoryHost = memoryHost({
    [`${folders.codex}/soulstones/all.toml`]: CODEX,
  }, async (program, args, _env, limits) => {
    if (program === "/nvidia-smi" && this.isDriverHung) {
      return await new Promise((_, reject) => {
        const end = (by: number | "abort") => {
          clearTimeout(timer);
          this.driverEnds.push(by);
          reject(new HostError("timeout", program, "no answer"));
        };
        const limit = limits?.milliseconds ?? Infinity;
        const timer = setTimeout(() => end(limit), limit);
        limits?.until?.addEventListener("abort", () => end("abort"));
      });
    }
    if (program === "/journalctl") this.journals.push(args.at(-1) ?? "");
    return { code: 0, stdout: program === "/systemctl" ? this.#systemctl(args) : "", stderr: "" };
  });

  writeFile(path: string, text: string): void {
    const { files } = this.#host;
    const bytes = new TextEncoder().encode(text);
    files.set(path, { bytes, mode: 0o600 });
  }

  #systemctl(args: readonly string[]): string {
    const units = args.slice(args.indexOf("--") + 1);
    if (args.includes("show")) {
      const patterns = units.map((unit) => new RegExp(`^${unit.replaceAll("*", ".*")}$`));
      return [...this.units].filter(([name, { ActiveState }]) =>
        ActiveState !== "inactive" && patterns.some((pattern) => pattern.test(name))
      ).map((
        [Id, facts],
      ) => Object.entries({ Id, ...facts }).map((e) => e.join("=")).join("\n")).join("\n\n");
    }
    if (args.includes("list-unit-files")) {
      return ["owl", "sage"].map((name) => `soulstone-${name}.service generated -\n`).join("");
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
    const made = await inscribeAndApply(this.context, { ...options, waitSeconds: 0 }, {
      wanted: () => ({ runes }),
    });
    strictEqual(made, EXIT.ok);
    this.out = this.err = "";
    return this;
  }

  async summon(wish: string, options: Partial<SummonOptions> = {}): Promise<ExitCode> {
    return await runCommand({
      command: "summon",
      wish: wish === "" ? [] : [wish],
      json: false,
      dryRun: false,
      wait: true,
      timeoutSeconds: undefined,
      memoryTimeoutSeconds: 1,
      fallback: undefined,
      hold: false,
      release: false,
      ...options,
    }, this.context);
  }
}

/** Returns a host with the given state of owl; sage is stopped. */
async function hostWith(owl: Facts): Promise<TestHost> {
  const made = await new TestHost().render(CODEX);
  made.units.set("soulstone-owl.service", owl);
  return made;
}

Deno.test("a driver that does not answer within the time limit: nothing is changed", async () => {
  const seen = await hostWith(RUNNING);
  seen.isDriverHung = true;
  strictEqual(await seen.summon("sages", { timeoutSeconds: 0.3, fallback: true }), EXIT.failure);
  deepStrictEqual(seen.driverEnds.filter((by) => by === "abort" || by > 300), []);
  deepStrictEqual(seen.orders, []);
  match(
    seen.err,
    /\nlychd: the limit of 0\.3 s passed before the start: nothing was changed\nhint: lychd doctor/,
  );
});

Deno.test("an interrupt ends a query of the GPUs", async () => {
  const seen = await hostWith(RUNNING);
  seen.isDriverHung = true;
  const ended = seen.summon("sages");
  setTimeout(() => seen.interruption.abort(), 200);
  strictEqual(await ended, EXIT.interrupted);
  deepStrictEqual(seen.driverEnds, ["abort"]);
  deepStrictEqual(seen.orders, []);
  match(seen.err, /\nlychd: interrupted before the start: nothing was changed\n/);
});

Deno.test("with --json, a limit before the start reports that no start is queued", async () => {
  const seen = await hostWith(RUNNING);
  seen.isDriverHung = true;
  await seen.summon("sages", { timeoutSeconds: 0.3, json: true });
  const last = JSON.parse(seen.out.trim().split("\n").at(-1) ?? "");
  deepStrictEqual([last.event, last.waits_for, last.start_told], ["late", ["sage"], false]);
});

/** Runs a summon of sages that fails and restores what ran before. */
async function failing(owl: Facts): Promise<TestHost> {
  const seen = await hostWith(owl);
  failSage(seen);
  strictEqual(await seen.summon("sages", { fallback: true }), EXIT.failure);
  return seen;
}

function failSage(seen: TestHost): void {
  seen.onStart = (unit) => {
    const isSage = unit.includes("sage");
    seen.units.set("soulstone-owl.service", isSage ? STOPPED : RUNNING);
    if (isSage) seen.units.set("soulstone-sage.service", FAILED);
  };
}

Deno.test("an engine that started again after a crash is restored", async () => {
  const { err, orders } = await failing(LOADING);
  deepStrictEqual(orders.filter((order) => order.startsWith("start")), [
    "start lychd-coven-sages.target",
    "start lychd-coven-owls.target",
  ]);
  match(err, /\nrestored owl\n$/);
});

Deno.test("an engine that waited for its restart is not restored, with the reason", async () => {
  const { err, orders } = await failing(RESTARTING);
  deepStrictEqual(orders.filter((order) => order.startsWith("start")), [
    "start lychd-coven-sages.target",
  ]);
  match(err, /\nlychd: nothing to restore: owl had crashed before\n$/);
});

Deno.test("Ctrl-C at the prompt restores nothing, and prints the command that would", async () => {
  const seen = await hostWith(RUNNING);
  failSage(seen);
  seen.isAsked = true;
  strictEqual(await seen.summon("sages"), EXIT.interrupted);
  match(
    seen.err,
    /\? \[Y\/n\] \n.*lychd: interrupted; nothing was restored\nhint: lychd summon coven:owls restores what ran before\n$/,
  );
});

const STALE: Facts = { ...RUNNING, NeedDaemonReload: "yes" };
const NOT_READ = "warning: systemd has not loaded the new units of owl\n" +
  "hint: systemctl --user daemon-reload\n";

Deno.test("every command warns of units that systemd has not loaded", async () => {
  const seen = await hostWith(STALE);
  strictEqual(await seen.summon("sages", { dryRun: true }), EXIT.ok);
  strictEqual(seen.err.split(NOT_READ).length, 2);
  seen.err = "";
  await runCommand(
    { command: "status", name: undefined, short: false, json: false, watch: false },
    seen.context,
  );
  strictEqual(seen.err, NOT_READ);
  await runCommand({ command: "plan", json: false, wish: ["sages"] }, seen.context);
  strictEqual(seen.err.split(NOT_READ).length, 3);
});

/** Returns a host with two strays; one has the name of a capability. */
async function hostWithStrays(): Promise<TestHost> {
  const seen = await hostWith(RUNNING);
  seen.units.set("soulstone-text.service", RUNNING);
  seen.units.set("soulstone-newt.service", RUNNING);
  return seen;
}

for (const name of ["text", "newt"]) {
  Deno.test(`banish and logs accept the name ${name} of a stray`, async () => {
    const seen = await hostWithStrays();
    const asked = { json: false, name, follow: false, lines: 10, since: undefined, all: true };
    strictEqual(await runCommand({ command: "logs", ...asked }, seen.context), EXIT.ok);
    deepStrictEqual(seen.journals, [`--user-unit=soulstone-${name}.service`]);
    strictEqual(
      await runCommand({ command: "banish", json: false, wish: name }, seen.context),
      EXIT.ok,
    );
    deepStrictEqual(seen.orders, [`stop soulstone-${name}.service`]);
  });
}

Deno.test("banish prints which engines it reset from failed", async () => {
  const seen = await hostWith(FAILED);
  strictEqual(
    await runCommand({ command: "banish", json: false, wish: "owl" }, seen.context),
    EXIT.ok,
  );
  strictEqual(seen.out, "owl is not running; nothing to stop\nreset from failed to stopped: owl\n");
});

Deno.test("an unknown name, and a capability that is not the name of a stray, are refused", async () => {
  const seen = await hostWith(RUNNING);
  for (const name of ["text", "newt"]) {
    const asked = { json: false, name, follow: false, lines: 10, since: undefined, all: true };
    strictEqual(await runCommand({ command: "logs", ...asked }, seen.context), EXIT.usage);
    strictEqual(
      await runCommand({ command: "banish", json: false, wish: name }, seen.context),
      EXIT.usage,
    );
  }
  match(seen.err, /`text` is a capability, not a Coven or a Soulstone/);
  match(seen.err, /there is no Coven or Soulstone `newt`/);
  deepStrictEqual([seen.orders, seen.journals], [[], []]);
});

Deno.test("--hold and --release are refused without a front door", async () => {
  const seen = await hostWith(RUNNING);
  for (const option of [{ hold: true }, { release: true }]) {
    seen.err = "";
    strictEqual(await seen.summon("sages", option), EXIT.failure);
    match(
      seen.err,
      /^lychd: there is no front door to hold: nothing was changed\nhint: set enabled/,
    );
  }
  deepStrictEqual(seen.orders, []);
});

Deno.test("a summon waits for a swap of the front door, and then plans", async () => {
  const seen = await hostWith(STOPPED);
  const swap = (phase: "swapping" | "steady") =>
    seen.writeFile(
      `${folders.vessel}/state.json`,
      writeState({
        phase,
        wish: OWL,
        swap: undefined,
        engines: [],
        portals: [],
        problem: undefined,
        program: undefined,
        timeSeconds: 1,
      }),
    );
  swap("swapping");
  seen.onStart = () => {
    seen.units.set("soulstone-owl.service", STOPPED);
    seen.units.set("soulstone-sage.service", RUNNING);
  };
  setTimeout(() => {
    deepStrictEqual(seen.orders, []);
    seen.units.set("soulstone-owl.service", RUNNING);
    swap("steady");
  }, 300);
  strictEqual(await seen.summon("sages"), EXIT.ok);
  match(seen.err, /^waiting for the front door, which starts owl\nCoven sages.*\n {2}stop {3}owl/);
});
