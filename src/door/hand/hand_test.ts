/** The hand with a simulated systemd, whose units have the drain hook, and a scripted front. */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { inscribeAndApply } from "../../apply/inscribe_and_apply.ts";
import { readCodex } from "../../core/codex/mod.ts";
import { compile } from "../../core/compile/mod.ts";
import { readState, STATE_FILE } from "../../core/dispatcher/state_file.ts";
import { VESSEL } from "../../core/rune/names.ts";
import { EXIT, type ExitCode } from "../../run/invocation.ts";
import type { CommandContext } from "../../run/context.ts";
import { findPrograms } from "../../run/programs.ts";
import { foldersOfHome } from "../../testing/folders_of_home.ts";
import { memoryContext } from "../../testing/memory_context.ts";
import { type MemoryHost, memoryHost } from "../../testing/memory_host.ts";
import { userSystemd } from "../../units/systemd.ts";
import type { Order, ToFront, ToHand } from "../channel/messages.ts";
import { Hand } from "./hand.ts";
import { HAND_PACE } from "./pace.ts";

const folders = foldersOfHome("/home", { runtime: "/run/user/0", user: 0 });
const FOLDER = folders.vessel ?? "";
const HOLD = "lychd-hold.service";

/** The units of two Soulstones that exclude each other, and of a front door. */
interface Render {
  readonly door?: number;
  readonly owl?: number;
  /** No port: the Codex is without it. */
  readonly sage?: number | "absent";
  readonly image?: string;
  readonly reserved?: string;
  readonly hasKey?: boolean;
  /** The host of a Portal with a key. */
  readonly portal?: string;
}

/** Returns the files of a Codex. */
function codexOf(
  { door = 8081, owl = 9001, sage = 9002, image = "localhost/x", reserved, hasKey, portal }: Render,
) {
  const soulstones = Object.entries({ owl, sage }).map(([name, port]) =>
    port === "absent"
      ? ""
      : `[${name}]\nimage = "${image}"\nport = ${port}\ngroups = ["${name}s"]\n`
  );
  const texts = {
    "lychd.toml": `[vessel]\nenabled = true\nport = ${door}\ndrain_seconds = 120\n${
      hasKey === true ? `keys.me = "sha256:${"0".repeat(64)}"\n` : ""
    }${reserved === undefined ? "" : `[sepulcher]\nreserve_ports = "${reserved}"\n`}`,
    "soulstones/all.toml": soulstones.join(""),
    ...portal !== undefined && {
      "portals/garage.toml": `url = "https://${portal}"\nkey_secret = "garage-key"\n`,
    },
  };
  const encoder = new TextEncoder();
  return Object.entries(texts).map(([path, text]) => ({ path, bytes: encoder.encode(text) }));
}

type Facts = Readonly<Record<string, string>>;

const INACTIVE: Facts = { LoadState: "loaded", ActiveState: "inactive", SubState: "dead" };
const RUNNING: Facts = { LoadState: "loaded", ActiveState: "active", SubState: "running" };
const STOPPING: Facts = { ...RUNNING, ActiveState: "deactivating", SubState: "stop" };
const STARTING: Facts = { ...RUNNING, ActiveState: "activating", SubState: "start" };
const FAILED: Facts = {
  ...{ LoadState: "loaded", ActiveState: "failed", Result: "exit-code" },
  ...{ ExecMainCode: "1", ExecMainStatus: "3" },
};

/** The times of a hand, shortened so that no test waits long. */
const FAST = {
  ...HAND_PACE,
  renderMilliseconds: 40,
  stateMilliseconds: 10,
  metricsMilliseconds: 40,
  clientsMilliseconds: 60,
  shutdownMilliseconds: 20,
};

/** The time after which a test that waits for something has failed. */
const LONGEST_MILLISECONDS = 60_000;

/** The state of a front without requests. */
const STEADY = { phase: "steady", wish: undefined, engines: [], portals: [] } as const;

/** A message of one kind. */
type OfKind<Kind extends ToFront["kind"]> = Extract<ToFront, { kind: Kind }>;

/** The other end of a channel to the hand. */
class ScriptedFront {
  readonly channel: MessagePort;
  /** The messages that no test has taken yet. */
  readonly messages: ToFront[] = [];
  #wake = () => {};

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.channel = port1;
    port1.onmessage = ({ data }: MessageEvent<ToFront>) => {
      this.messages.push(data);
      this.#wake();
    };
    this.handEnd = port2;
  }

  readonly handEnd: MessagePort;

  send(message: ToHand): void {
    this.channel.postMessage(message);
  }

  /** Takes the messages up to the first of this kind that fits. */
  async next<Kind extends ToFront["kind"]>(
    kind: Kind,
    fits: (message: OfKind<Kind>) => boolean = () => true,
  ): Promise<OfKind<Kind>> {
    for (;;) {
      for (let message = this.messages.shift(); message; message = this.messages.shift()) {
        if (message.kind === kind && fits(message as OfKind<Kind>)) return message as OfKind<Kind>;
      }
      await new Promise<void>((wake) => this.#wake = wake);
    }
  }

  /** Takes the messages up to the observation of an engine in a state. */
  async sees(name: string, state: string): Promise<void> {
    await this.next("observed", ({ engines }) => (engines.get(name) ?? "down") === state);
  }
}

/** A host with a rendered Codex, and a hand that runs on it. */
class TestHost {
  /** By the name of the unit. */
  readonly units = new Map<string, Facts>();
  /** The orders to systemd. */
  readonly orders: string[] = [];
  readonly notices: string[] = [];
  readonly fronts: ScriptedFront[] = [];
  readonly interruption = new AbortController();
  readonly host: MemoryHost;
  readonly context: CommandContext;
  out = "";
  err = "";
  journal = "";
  /** The arguments of each journalctl that follows. */
  readonly journals: (readonly string[])[] = [];
  /** The output of ss, and its arguments. */
  connections = "";
  /** The answer of Podman for a secret. */
  secret = { code: 0, stdout: "sesame\n", stderr: "" };
  asked: readonly string[] = [];
  isShutdown = false;
  /** Called before each query of the states. */
  onQuery = (): void => {};
  /** The state of an engine after its start. */
  started: Facts = RUNNING;
  ended: Promise<ExitCode> = Promise.resolve(EXIT.ok);

  constructor() {
    this.host = memoryHost({}, (program, args) => {
      if (program === "/systemd-notify") this.notices.push(args.join(" "));
      if (program === "/ss") {
        if (!args.includes("close-wait")) {
          return Promise.resolve({ code: 1, stdout: "", stderr: "" });
        }
        this.asked = args;
      }
      if (program === "/podman" && args[0] === "secret") {
        deepStrictEqual(args.slice(1, 4), ["inspect", "--showsecret", "--format={{.SecretData}}"]);
        return Promise.resolve(
          args.at(-1) === "garage-key" ? this.secret : { code: 1, stdout: "", stderr: "" },
        );
      }
      if (args.includes("--follow")) this.journals.push(args);
      const stdout = program === "/systemctl"
        ? this.#systemctl(args)
        : program === "/journalctl"
        ? this.journal
        : program === "/ss"
        ? this.connections
        : "";
      return Promise.resolve({ code: 0, stdout, stderr: "" });
    });
    const programs = {
      ...findPrograms(() => false),
      systemctl: "/systemctl",
      journalctl: "/journalctl",
      podman: "/podman",
      ss: "/ss",
      systemdNotify: "/systemd-notify",
    };
    this.context = memoryContext(this, {
      host: this.host,
      folders,
      programs,
      startProber: () => ({ answers: () => Promise.resolve(true), close() {} }),
      interruption: this.interruption.signal,
    });
  }

  async render(render: Render = {}): Promise<void> {
    const { codex, findings } = readCodex({ folder: "codex", files: codexOf(render) });
    deepStrictEqual(findings.filter(({ severity }) => severity === "error"), []);
    const { runes } = await compile(codex, "/usr/bin/lychd");
    const options = { json: false, force: false, restart: false, verify: false, reload: false };
    const wanted = () => ({ runes });
    const made = await inscribeAndApply(this.context, { ...options, waitSeconds: 0 }, { wanted });
    strictEqual(made, EXIT.ok);
    this.out = this.err = "";
  }

  /** Starts the hand and its front. */
  async open(answer: ToHand = { kind: "listening" }): Promise<ScriptedFront> {
    const systemd = userSystemd(this.context);
    ok(systemd);
    const openFront = () => {
      const front = new ScriptedFront();
      this.fronts.push(front);
      return front.handEnd;
    };
    const { context } = this;
    const hand = new Hand({ context, systemd, folder: FOLDER, openFront, pace: FAST });
    this.ended = hand.run();
    this.ended.catch(() => {});
    const front = await this.front(0);
    front.send(answer);
    return front;
  }

  /** Waits for the front of this number. */
  async front(index: number): Promise<ScriptedFront> {
    await until(() => this.fronts.length > index);
    return this.fronts[index]!;
  }

  /** Ends the hand. */
  async close(): Promise<void> {
    for (const front of this.fronts) front.send({ kind: "left" });
    this.interruption.abort();
    await this.ended.catch(() => {});
    for (const front of this.fronts) front.channel.close();
  }

  has(file: string): boolean {
    return this.host.files.has(`${FOLDER}/${file}`);
  }

  text(file: string): string {
    return new TextDecoder().decode(this.host.files.get(`${FOLDER}/${file}`)?.bytes);
  }

  set(name: string, facts: Facts): void {
    this.units.set(`soulstone-${name}.service`, facts);
  }

  /** Lets systemd stop an engine, with its hook. */
  async stop(name: string): Promise<void> {
    this.set(name, STOPPING);
    if (this.has(`lease-${name}`)) {
      this.host.create(`${FOLDER}/stop-${name}`, "", 0o600);
      await until(() => !this.has(`lease-${name}`));
      this.host.remove(`${FOLDER}/stop-${name}`);
    }
    this.set(name, INACTIVE);
  }

  async #start(name: string): Promise<void> {
    for (const other of ["owl", "sage"]) {
      const { ActiveState } = this.units.get(`soulstone-${other}.service`) ?? INACTIVE;
      if (other !== name && ActiveState === "active") await this.stop(other);
    }
    // Later than the look that the end of the other one causes.
    await new Promise((wake) => setTimeout(wake, 100));
    this.set(name, this.started);
  }

  #systemctl(args: readonly string[]): string {
    const units = args.slice(args.indexOf("--") + 1);
    if (args.includes("is-system-running")) return this.isShutdown ? "stopping\n" : "running\n";
    if (args.includes("show")) {
      this.onQuery();
      const patterns = units.map((unit) => new RegExp(`^${unit.replaceAll("*", ".*")}$`));
      return [...this.units]
        .filter(([name, { ActiveState }]) =>
          ActiveState !== "inactive" && patterns.some((pattern) => pattern.test(name))
        )
        .map(([Id, facts]) => Object.entries({ Id, ...facts }).map((e) => e.join("=")).join("\n"))
        .join("\n\n");
    }
    if (args.includes("list-unit-files")) {
      return ["owl", "sage"].map((name) => `soulstone-${name}.service generated -\n`).join("");
    }
    if (args[1] === "start" || args[1] === "stop") {
      this.orders.push(`${args[1]} ${units.join(" ")}`);
      for (const unit of units) {
        const name = /soulstone-(.+)\.service|coven-(.+)s\.target/.exec(unit)?.slice(1).join("") ??
          "";
        if (unit === HOLD) {
          if (args[1] === "start") this.units.set(unit, RUNNING);
          else this.units.delete(unit);
        } else if (args[1] === "start") {
          // The job exists from now on.
          this.set(name, STARTING);
          void this.#start(name);
        } else if (this.units.get(unit)?.ActiveState === "active") void this.stop(name);
      }
    }
    return "";
  }
}

async function until(fits: () => boolean): Promise<void> {
  while (!fits()) await new Promise((wake) => setTimeout(wake, 5));
}

/** Runs a test with a hand, while owl runs. */
function withHand(
  name: string,
  test: (seen: TestHost, front: ScriptedFront) => Promise<void>,
): void {
  const fn = async () => {
    const seen = new TestHost();
    await seen.render();
    seen.set("owl", RUNNING);
    const front = await seen.open();
    try {
      await test(seen, front);
    } finally {
      await seen.close();
    }
  };
  Deno.test({ name, fn, timeout: LONGEST_MILLISECONDS });
}

withHand(
  "a front gets the units, then the states; systemd hears that the door is ready",
  async (seen, front) => {
    const { inventory, door } = await front.next("units");
    deepStrictEqual(inventory.engines.map(({ name }) => name), ["owl", "sage"]);
    strictEqual(door.settings.port, 8081);
    const { engines, isHeld } = await front.next("observed");
    deepStrictEqual([...engines, isHeld], [["owl", "ready"], ["sage", "down"], false]);
    ok(seen.has("lease-owl"));
    await until(() => seen.notices.length > 0);
    deepStrictEqual(seen.notices, ["--ready --status=ready: owl"]);
  },
);

Deno.test("the door is not ready before its front listens, however long that takes", async () => {
  const seen = new TestHost();
  await seen.render();
  seen.set("owl", RUNNING);
  const front = await seen.open({ kind: "state", state: STEADY });
  await until(() => seen.notices.length > 0);
  deepStrictEqual(seen.notices, ["--status=ready: owl"]);
  front.send({ kind: "listening" });
  await until(() => seen.notices.length > 1);
  deepStrictEqual(seen.notices.slice(1), ["--ready --status=ready: owl"]);
  await seen.close();
});

Deno.test("an engine whose stop began just before its lease is never ready", async () => {
  const seen = new TestHost();
  await seen.render();
  seen.set("owl", RUNNING);
  seen.onQuery = () => {
    // Its hook has looked for the lease before the first query, and did not wait.
    if (seen.has("lease-owl")) seen.set("owl", STOPPING);
  };
  const front = await seen.open();
  const { engines } = await front.next("observed");
  strictEqual(engines.get("owl"), "stopping");
  await until(() => !seen.has("lease-owl"));
  await seen.close();
});

withHand("an engine that others stop waits until the front is free", async (seen, front) => {
  await front.sees("owl", "ready");
  const stopped = seen.stop("owl");
  await front.sees("owl", "stopping");
  await new Promise((wake) => setTimeout(wake, 50));
  ok(seen.has("lease-owl"));
  front.send({ kind: "free", engine: "owl" });
  await stopped;
  await front.sees("owl", "down");
  strictEqual(seen.has("stop-owl"), false);
});

withHand(
  "a front that was free before the stop of an engine delays it nevertheless",
  async (seen, front) => {
    await front.sees("owl", "ready");
    front.send({ kind: "free", engine: "owl" });
    // The hand takes the messages of a front in order.
    front.send({ kind: "state", state: { ...STEADY, phase: "held" } });
    await until(() => seen.text(STATE_FILE).includes("held"));
    void seen.stop("owl");
    await front.sees("owl", "stopping");
    await new Promise((wake) => setTimeout(wake, 50));
    ok(seen.has("lease-owl"));
    front.send({ kind: "free", engine: "owl" });
    await front.sees("owl", "down");
  },
);

withHand("the lease of an engine that crashed is revoked at once", async (seen, front) => {
  await front.sees("owl", "ready");
  seen.set("owl", FAILED);
  seen.host.create(`${FOLDER}/stop-owl`, "", 0o600);
  await front.sees("owl", "down");
  strictEqual(seen.has("lease-owl"), false);
});

/** Answers each stop of an engine at once. */
async function freeAll(front: ScriptedFront): Promise<void> {
  await front.sees("owl", "stopping");
  front.send({ kind: "free", engine: "owl" });
}

const SAGE = { kind: "soulstone", name: "sage" } as const;

withHand("a swap of the front: phases, the states, then its end", async (seen, front) => {
  await front.sees("owl", "ready");
  front.send({ kind: "summon", wish: SAGE, stops: ["owl"] });
  await front.next("phase");
  await freeAll(front);
  await front.sees("sage", "ready");
  const result = await front.next("swapped");
  deepStrictEqual(result, { kind: "swapped", result: { kind: "ready" } });
  deepStrictEqual(seen.orders, ["start soulstone-sage.service"]);
  ok(seen.has("lease-sage") && !seen.has("lease-owl"));
  match(seen.err, /^summon soulstone:sage \(\d+\.\d s\): done\n$/);
});

withHand(
  "a swap that would stop others than it may is abandoned, and changes nothing",
  async (seen, front) => {
    await front.sees("owl", "ready");
    front.send({ kind: "summon", wish: SAGE, stops: [] });
    const { result } = await front.next("swapped");
    deepStrictEqual(result, { kind: "abandoned", why: "it would also stop owl" });
    deepStrictEqual(seen.orders, []);
  },
);

withHand(
  "a swap that failed names the engine and the reason, and no line of its log, which may have a prompt",
  async (seen, front) => {
    await front.sees("owl", "ready");
    seen.started = FAILED;
    seen.journal = 'error: cannot parse "my prompt"\n';
    front.send({ kind: "summon", wish: SAGE, stops: ["owl"] });
    await freeAll(front);
    const why = "sage is not ready: it exited with status 3 (lychd logs sage)";
    const { result } = await front.next("swapped");
    deepStrictEqual(result, { kind: "failed", engines: ["sage"], why });
  },
);

withHand(
  "a swap whose engine others stop is abandoned: the engine is not at fault",
  async (seen, front) => {
    await front.sees("owl", "ready");
    seen.started = INACTIVE;
    front.send({ kind: "summon", wish: SAGE, stops: ["owl"] });
    await freeAll(front);
    const { result } = await front.next("swapped");
    strictEqual(result.kind, "abandoned");
  },
);

withHand("while the operator holds what runs, no swap begins", async (seen, front) => {
  await front.sees("owl", "ready");
  seen.units.set(HOLD, RUNNING);
  front.send({ kind: "summon", wish: SAGE, stops: ["owl"] });
  await front.next("observed", ({ isHeld }) => isHeld);
  const { result } = await front.next("swapped");
  deepStrictEqual(result, { kind: "abandoned", why: "the operator keeps what runs" });
  const orders: readonly Order[] = [
    { kind: "summon", wish: ["sage"], hold: false },
    { kind: "banish", name: "owl" },
  ];
  for (const order of orders) {
    front.send({ kind: "order", id: 1, order });
    strictEqual((await front.next("done")).problem, "the operator keeps what runs");
  }
  deepStrictEqual(seen.orders, []);
});

withHand("a hold is noticed when systemd starts and stops its service", async (seen, front) => {
  await front.sees("owl", "ready");
  const link = `${folders.manager}/units/invocation:${HOLD}`;
  seen.host.makeFolder(`${folders.manager}/units`);
  seen.units.set(HOLD, RUNNING);
  seen.host.create(link, "", 0o600);
  await front.next("observed", ({ isHeld }) => isHeld);
  seen.units.delete(HOLD);
  seen.host.remove(link);
  await front.next("observed", ({ isHeld }) => !isHeld);
});

withHand("an order keeps what it starts, and another one ends that", async (seen, front) => {
  await front.sees("owl", "ready");
  const give = async (id: number, order: Order) => {
    front.send({ kind: "order", id, order });
    return (await front.next("done", (done) => done.id === id)).problem;
  };
  strictEqual(await give(1, { kind: "summon", wish: ["sag"], hold: true }) === undefined, false);
  deepStrictEqual(seen.orders, []);
  strictEqual(await give(2, { kind: "summon", wish: ["owl"], hold: true }), undefined);
  const starts = [`start ${HOLD}`, "start soulstone-owl.service"];
  deepStrictEqual(seen.orders, starts);
  const why = "the operator keeps what runs";
  strictEqual(await give(3, { kind: "banish", name: "owl" }), why);
  strictEqual(await give(4, { kind: "release" }), undefined);
  deepStrictEqual(seen.orders, [...starts, `stop ${HOLD}`]);
  match(seen.err, /order: summon owl --hold \(\d+\.\d s\): done\n/);
});

withHand("banish stops the named engines, and none that is not rendered", async (seen, front) => {
  await front.sees("owl", "ready");
  seen.set("newt", RUNNING);
  front.send({ kind: "banish", engines: ["owl", "newt", "lychd-pod"] });
  await freeAll(front);
  await front.next("swapped");
  deepStrictEqual(seen.orders, ["stop soulstone-owl.service"]);
});

withHand("orders of a client are done as by the commands, in turn", async (seen, front) => {
  await front.sees("owl", "ready");
  front.send({ kind: "order", id: 7, order: { kind: "summon", wish: ["sage"], hold: false } });
  front.send({ kind: "order", id: 8, order: { kind: "summon", wish: ["newt"], hold: false } });
  await freeAll(front);
  deepStrictEqual(await front.next("done"), { kind: "done", id: 7, problem: undefined });
  deepStrictEqual(await front.next("done"), {
    ...{ kind: "done", id: 8 },
    problem: "there is no Coven, Soulstone or capability `newt`",
  });
  front.send({ kind: "order", id: 9, order: { kind: "banish", name: undefined } });
  await front.sees("sage", "stopping");
  front.send({ kind: "free", engine: "sage" });
  strictEqual((await front.next("done")).id, 9);
  deepStrictEqual(seen.orders, ["start soulstone-sage.service", "stop soulstone-sage.service"]);
});

withHand("a banish of a client does not wait for a start that is under way", async (_, front) => {
  await front.sees("owl", "ready");
  front.send({ kind: "order", id: 7, order: { kind: "summon", wish: ["sage"], hold: false } });
  front.send({ kind: "order", id: 8, order: { kind: "banish", name: undefined } });
  await freeAll(front);
  strictEqual((await front.next("done")).id, 8);
});

withHand("the state of the dispatcher is in a file", async (seen, front) => {
  const engines = [{ name: "owl", underWay: 2, waiting: 1 }];
  front.send({ kind: "state", state: { phase: "steady", wish: undefined, engines, portals: [] } });
  await until(() => seen.text(STATE_FILE).includes("owl"));
  const { time_seconds: _, ...state } = JSON.parse(seen.text(STATE_FILE));
  deepStrictEqual(state, {
    ...{ phase: "steady", wish: null, swap: null, problem: null, program: null },
    engines: [{ name: "owl", under_way: 2, waiting: 1 }],
    portals: [],
  });
  await seen.close();
  // The unit may be gone, so that systemd does not remove it.
  strictEqual(seen.has(STATE_FILE), false);
});

withHand(
  "clients that closed their side are reported while there are requests",
  async (seen, front) => {
    seen.connections = "1 0 127.0.0.1:8081 127.0.0.1:40000\n1 0 [::1]:8081 [::1]:40001\n" +
      "1 0 [::ffff:10.0.0.1]:8081 [::ffff:10.0.0.2]:40002\n";
    const owl = (waiting: number): ToHand => {
      const engines = [{ name: "owl", underWay: 0, waiting }];
      return { kind: "state", state: { phase: "steady", wish: undefined, engines, portals: [] } };
    };
    front.send(owl(1));
    const { clients } = await front.next("gone");
    deepStrictEqual(clients, ["127.0.0.1:40000", "::1:40001", "10.0.0.2:40002"]);
    deepStrictEqual(seen.asked, ["-Htn", "state", "close-wait", "sport = :8081"]);
  },
);

withHand("the figures of the front are in a file", async (seen, front) => {
  front.send({ kind: "metrics", text: "lychd_vessel_x 1\n" });
  await until(() => seen.has(VESSEL.metricsFile));
  strictEqual(seen.text(VESSEL.metricsFile), "lychd_vessel_x 1\n");
  front.send({ kind: "metrics", text: "lychd_vessel_x 2\n" });
  await until(() => seen.text(VESSEL.metricsFile) === "lychd_vessel_x 2\n");
  await seen.close();
  strictEqual(seen.has(VESSEL.metricsFile), false);
});

for (
  const [name, ...messages] of [
    ["a malformed message", { kind: "run", unit: "x.service" }],
    [
      "a second swap during the first",
      { kind: "summon", wish: SAGE, stops: [] },
      { kind: "banish", engines: [] },
    ],
  ] as const
) {
  withHand(`${name} ends the process with a failure`, async (seen, front) => {
    for (const message of messages) front.channel.postMessage(message);
    strictEqual(await seen.ended, EXIT.failure);
    match(seen.err, /broke the rules of its channel/);
  });
}

withHand("an interrupt lets the front finish its requests", async (seen, front) => {
  seen.interruption.abort();
  strictEqual((await front.next("leave")).withinSeconds, 120);
  await until(() => seen.has("lease-owl"));
  front.send({ kind: "left" });
  strictEqual(await seen.ended, EXIT.ok);
  strictEqual(seen.has("lease-owl"), false);
});

withHand("a shutdown that begins later lets the front leave at once", async (seen, front) => {
  seen.interruption.abort();
  strictEqual((await front.next("leave")).withinSeconds, 120);
  seen.isShutdown = true;
  strictEqual((await front.next("leave")).withinSeconds, 0);
  front.send({ kind: "left" });
  strictEqual(await seen.ended, EXIT.ok);
});

withHand("an engine that failed has its reason, and with keys its log", async (seen, front) => {
  const gone = 'Error: no container with ID or name "soulstone-owl" found: no such container';
  seen.journal = `a prompt\n\n${gone}\nout of memory\n`;
  const link = `${folders.manager}/units/invocation:soulstone-owl.service`;
  seen.host.makeFolder(`${folders.manager}/units`);
  seen.set("owl", { ...FAILED, StateChangeTimestamp: "@17" });
  seen.host.create(link, "", 0o600);
  const problem = { why: "it exited with status 3", command: "lychd logs owl" };
  const { since } = await front.next("observed", ({ engines }) => engines.get("owl") === "down");
  strictEqual(since.get("owl"), 17);
  const { problems } = await front.next("problems", ({ problems }) => problems.size > 0);
  deepStrictEqual([...problems], [["owl", { ...problem, log: undefined }]]);
  await seen.render({ hasKey: true });
  const explained = await front.next("problems");
  deepStrictEqual([...explained.problems], [
    ["owl", { ...problem, log: ["a prompt", "out of memory"] }],
  ]);
  seen.set("owl", RUNNING);
  seen.host.remove(link);
  strictEqual((await front.next("problems")).problems.size, 0);
});

withHand(
  "with keys, the log of a rendered engine is read until it is left",
  async (seen, front) => {
    const entry = { MESSAGE: "a prompt", __REALTIME_TIMESTAMP: "1500000" };
    seen.journal = `${JSON.stringify(entry)}\n-- Boot --\n`;
    await front.sees("owl", "ready");
    front.send({ kind: "read-log", id: 1, engine: "owl" });
    strictEqual((await front.next("log-end")).id, 1);
    await seen.render({ hasKey: true });
    await front.next("units");
    for (const [id, engine] of [[2, "--file=/etc/passwd"], [3, "scribe"], [4, ""]] as const) {
      front.send({ kind: "read-log", id, engine });
      strictEqual((await front.next("log-end")).id, id);
    }
    strictEqual(seen.journals.length, 0);
    front.send({ kind: "read-log", id: 5, engine: "owl" });
    const log = await front.next("log");
    deepStrictEqual([log.id, log.lines], [5, [{ timeSeconds: 1.5, text: "a prompt" }]]);
    strictEqual(seen.journals.length, 1);
    ok(seen.journals[0]?.includes("SYSLOG_IDENTIFIER=soulstone-owl"));
    front.send({ kind: "leave-log", id: 5 });
    strictEqual((await front.next("log-end")).id, 5);
  },
);

withHand(
  "a front that reads more logs than it may is not trusted any more",
  async (seen, front) => {
    await seen.render({ hasKey: true });
    await front.next("units", ({ door }) => door.settings.keys.length > 0);
    for (let id = 1; id <= 9; id++) front.send({ kind: "read-log", id, engine: "owl" });
    strictEqual(await seen.ended, EXIT.failure);
    match(seen.err, /broke the rules of its channel: too many logs/);
  },
);

withHand("a render with the same ports reaches the front", async (seen, front) => {
  await front.next("units");
  await seen.render({ image: "localhost/y" });
  const { inventory } = await front.next("units");
  deepStrictEqual(inventory.engines.map(({ image }) => image), ["localhost/y", "localhost/y"]);
  strictEqual(seen.fronts.length, 1);
});

withHand("after a render that removes an engine, the front stays", async (seen, front) => {
  await front.next("units");
  await seen.render({ sage: "absent" });
  const { inventory } = await front.next("units");
  deepStrictEqual(inventory.engines.map(({ name }) => name), ["owl"]);
  strictEqual(seen.fronts.length, 1);
  // The front still has the network for it.
  await seen.render();
  await front.next("units", ({ inventory }) => inventory.engines.length === 2);
  strictEqual(seen.fronts.length, 1);
});

withHand(
  "a render with a Portal opens a front with its host, which gets the key and nothing else does",
  async (seen, front) => {
    await front.sees("owl", "ready");
    await seen.render({ portal: "garage.lan" });
    const second = await seen.front(1);
    const { portalKeys, door } = await second.next("units");
    deepStrictEqual([...portalKeys], [["garage", { key: "sesame" }]]);
    strictEqual(door.portals[0]?.host, "garage.lan");
    second.send({ kind: "listening" });
    await front.next("leave");
    front.send({ kind: "left" });
    // The same host needs no other front, and a key is read again.
    seen.secret = { code: 125, stdout: "", stderr: 'Error: no such secret "garage-key"' };
    await seen.render({ portal: "garage.lan", image: "localhost/y" });
    deepStrictEqual([...(await second.next("units")).portalKeys], [
      ["garage", { problem: "there is no such secret" }],
    ]);
    seen.secret = { code: 0, stdout: "two words\n", stderr: "" };
    await seen.render({ portal: "garage.lan", image: "localhost/z" });
    const [[, key] = []] = (await second.next("units")).portalKeys;
    ok(key !== undefined && "problem" in key && !key.problem.includes("two"));
    strictEqual(seen.fronts.length, 2);
    const files = [...seen.host.files.values()].map(({ bytes }) => new TextDecoder().decode(bytes));
    ok(![seen.out, seen.err, ...seen.notices, ...files].some((text) => text?.includes("sesame")));
  },
);

withHand(
  "a render with another port opens a second front, and the first one leaves",
  async (seen, front) => {
    await front.sees("owl", "ready");
    await seen.render({ sage: 9003 });
    const second = await seen.front(1);
    await second.sees("owl", "ready");
    strictEqual(front.messages.length, 0);
    second.send({ kind: "listening" });
    strictEqual((await front.next("leave")).withinSeconds, 120);
    // Both may have requests at owl.
    for (const each of [second, front]) {
      const engines = [{ name: "owl", underWay: 1, waiting: 0 }];
      const phase = each === front ? "steady" : "draining";
      each.send({ kind: "state", state: { phase, wish: undefined, engines, portals: [] } });
    }
    await until(() =>
      /"draining".*\{"name":"owl","under_way":2,"waiting":0\}/.test(seen.text(STATE_FILE))
    );
    void seen.stop("owl");
    await second.sees("owl", "stopping");
    second.send({ kind: "free", engine: "owl" });
    await new Promise((wake) => setTimeout(wake, 50));
    ok(seen.has("lease-owl"));
    front.send({ kind: "left" });
    await second.sees("owl", "down");
    // The requests of the first front are over.
    await until(() => seen.text(STATE_FILE).includes('"name":"owl","under_way":1,'));
  },
);

withHand("an engine with a reserved port is added to the front that runs", async (seen, front) => {
  await front.next("units");
  await seen.render({ sage: "absent", reserved: "9002-9003" });
  (await seen.front(1)).send({ kind: "listening" });
  const [, second] = seen.fronts;
  await second!.next("units");
  await seen.render({ sage: 9003, reserved: "9002-9003" });
  const { inventory } = await second!.next("units");
  deepStrictEqual(inventory.engines.map(({ port }) => port), [9001, 9003]);
  strictEqual(seen.fronts.length, 2);
});

withHand("a swap waits for the requests of the other front", async (seen, front) => {
  await front.sees("owl", "ready");
  await seen.render({ door: 8082 });
  const second = await seen.front(1);
  second.send({ kind: "listening" });
  await front.next("leave");
  const owl = (underWay: number): ToHand => {
    const engines = [{ name: "owl", underWay, waiting: 0 }];
    return { kind: "state", state: { phase: "steady", wish: undefined, engines, portals: [] } };
  };
  front.send(owl(1));
  await until(() => seen.text(STATE_FILE).includes('"under_way":1'));
  second.send({ kind: "summon", wish: SAGE, stops: ["owl"] });
  // Orders of others do not wait behind it.
  second.send({ kind: "order", id: 1, order: { kind: "banish", name: "sage" } });
  await second.next("done");
  deepStrictEqual(seen.orders, []);
  front.send(owl(0));
  await second.sees("owl", "stopping");
  for (const each of seen.fronts) each.send({ kind: "free", engine: "owl" });
  deepStrictEqual((await second.next("swapped")).result, { kind: "ready" });
});

withHand(
  "a second front that cannot listen is given up until the next render, and the first one goes on",
  async (seen, front) => {
    await front.next("units");
    await seen.render({ door: 8082 });
    const second = await seen.front(1);
    second.send({ kind: "cannot-listen", why: "permission denied" });
    strictEqual((await front.next("units")).door.settings.port, 8082);
    const why = "it still listens on 127.0.0.1:8081: port 8082 is in use";
    const hint = "lychd doctor --only codex.ports && systemctl --user restart lychd-vessel.service";
    await until(() => seen.err !== "");
    strictEqual(seen.err, `warning: the last render is not in force: ${why}\nhint: ${hint}\n`);
    const state = () => readState(seen.text(STATE_FILE));
    await until(() => state()?.problem !== undefined);
    deepStrictEqual(state()?.problem, { why, hint });
    // The next render tries again.
    await seen.render({ door: 8082, image: "localhost/y" });
    (await seen.front(2)).send({ kind: "listening" });
    await front.next("leave");
    await until(() => state()?.problem === undefined);
  },
);

Deno.test("a malformed first message ends the process, too", async () => {
  const seen = new TestHost();
  await seen.render();
  const front = await seen.open({ kind: "listen" } as unknown as ToHand);
  strictEqual(await seen.ended, EXIT.failure);
  front.channel.close();
});

Deno.test("files that another front door left are removed", async () => {
  const seen = new TestHost();
  await seen.render();
  seen.host.makeFolder(FOLDER);
  for (const file of ["lease-sage", "stop-sage"]) seen.host.create(`${FOLDER}/${file}`, "", 0o600);
  await seen.open();
  deepStrictEqual([seen.has("lease-sage"), seen.has("stop-sage")], [false, false]);
  await seen.close();
});

Deno.test("a front door that cannot listen is refused, with the command that shows why", async () => {
  const seen = new TestHost();
  await seen.render();
  const front = await seen.open({ kind: "cannot-listen", why: "address in use" });
  await rejects(seen.ended, {
    message: "the front door cannot listen on 127.0.0.1:8081: port 8081 is in use",
    hint: "lychd doctor --only codex.ports",
  });
  strictEqual(seen.has("lease-owl"), false);
  front.channel.close();
});
