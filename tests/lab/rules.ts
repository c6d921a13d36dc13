/**
 * The rules of the law, each with a way to take it out of rendered units again: the proof that a test
 * would notice. `LYCHD_LAB_WITHOUT=NAME deno task test:lab` must be red; `deno task test:lab:without`
 * shows it for all of them.
 */
import { join } from "node:path/posix";

/** One rule, and the test that must fail without it. */
export interface Rule {
  readonly name: string;
  /** Takes the rule out of the text of one file. */
  readonly takeOut: (text: string, file: string) => string;
  /** The file and the name of the test. */
  readonly test: readonly [file: string, filter: string];
}

function withoutLines(pattern: RegExp): (text: string) => string {
  return (text) => text.split("\n").filter((line) => !pattern.test(line)).join("\n");
}

/** Takes lines out of the file of a name only. */
function withoutLinesOf(name: string, pattern: RegExp): Rule["takeOut"] {
  return (text, file) => file.endsWith(`/${name}`) ? withoutLines(pattern)(text) : text;
}

/** Takes out a line of the first of a conflicting pair only. */
function oneSided(text: string, file: string): string {
  return file.endsWith("soulstone-a.container")
    ? withoutLines(/^Conflicts=soulstone-/)(text)
    : text;
}

/** Every rule of the law. */
export const RULES: readonly Rule[] = [
  {
    name: "conflicts",
    takeOut: withoutLines(/^Conflicts=soulstone-/),
    test: ["law_test.ts", "exactly the right services run"],
  },
  {
    name: "conflicts-on-both-sides",
    takeOut: oneSided,
    test: ["law_test.ts", "with --job-mode=fail too"],
  },
  {
    name: "order-of-conflicts",
    takeOut: (text, file) =>
      file.endsWith(".container") ? withoutLines(/^After=soulstone-/)(text) : text,
    test: ["law_test.ts", "twenty swaps"],
  },
  {
    name: "conflicts-name-services",
    takeOut: (text) => text.replace(/^(Conflicts=soulstone-.*)\.service$/gm, "$1.container"),
    test: ["law_test.ts", "exactly the right services run"],
  },
  {
    name: "target-after-outsiders",
    takeOut(text, file) {
      const outsiders = [...text.matchAll(/^Conflicts=(soulstone-.*)$/gm)].map((m) =>
        `After=${m[1]}`
      );
      return file.endsWith(".target")
        ? text.split("\n").filter((line) => !outsiders.includes(line)).join("\n")
        : text;
    },
    test: ["law_test.ts", "returns when what is not in it has ended"],
  },
  {
    name: "target-wants",
    takeOut: (text, file) =>
      file.endsWith(".target") ? text.replaceAll("Wants=", "Requires=") : text,
    test: ["law_test.ts", "a member that fails leaves the others"],
  },
  {
    name: "target-conflicts-with-outsiders",
    takeOut: (text, file) =>
      file.endsWith(".target") ? withoutLines(/^Conflicts=soulstone-/)(text) : text,
    test: ["law_test.ts", "ends what is not in it"],
  },
  {
    name: "outsiders-conflict-with-target",
    takeOut: (text, file) =>
      file.endsWith(".container") ? withoutLines(/^Conflicts=lychd-coven-/)(text) : text,
    test: ["law_test.ts", "a Coven's target is active exactly while"],
  },
  {
    name: "target-conflicts-with-targets",
    takeOut: (text, file) =>
      file.endsWith(".target") ? withoutLines(/^Conflicts=lychd-coven-/)(text) : text,
    test: ["law_test.ts", "a Coven that is part of another"],
  },
  {
    name: "no-part-of",
    takeOut: (text, file) =>
      file.endsWith(".container")
        ? text.replace("[Unit]", "[Unit]\nPartOf=lychd-coven-one.target lychd-coven-two.target")
        : text,
    test: ["law_test.ts", "keeps the process of a shared Soulstone"],
  },
  {
    name: "target-waits",
    takeOut: (text, file) => file.endsWith(".target") ? withoutLines(/^After=/)(text) : text,
    test: ["readiness_test.ts", "start of a Coven returns when all of it answers"],
  },
  {
    name: "start-limit",
    takeOut: withoutLines(/^StartLimitIntervalSec=/),
    test: ["law_test.ts", "ten swaps in ten seconds"],
  },
  {
    name: "start-with-pod",
    takeOut: withoutLines(/^StartWithPod=/),
    test: ["pod_test.ts", "starting the pod starts no engine"],
  },
  {
    name: "exit-policy",
    takeOut: withoutLines(/^PodmanArgs=/),
    test: ["pod_test.ts", "lives through a swap to nothing and back"],
  },
  {
    name: "notify-healthy",
    takeOut: withoutLines(/^Notify=/),
    test: ["readiness_test.ts", "returns when it answers"],
  },
  {
    name: "health-startup",
    takeOut: withoutLines(/^HealthStartup/),
    test: ["readiness_test.ts", "returns when it answers"],
  },
  {
    name: "start-timeout",
    takeOut: withoutLines(/^TimeoutStartSec=/),
    test: ["readiness_test.ts", "start of an engine that never answers"],
  },
  {
    name: "no-restart-after-a-start-that-failed",
    takeOut: withoutLines(/^RestartPreventExitStatus=/),
    test: ["readiness_test.ts", "start of an engine that never answers"],
  },
  {
    name: "no-restart-after-a-start-that-was-killed",
    takeOut: (text) => text.replace(" SIGTERM SIGKILL", ""),
    test: ["readiness_test.ts", "nothing is left either"],
  },
  {
    name: "stopped-is-not-failed",
    takeOut: withoutLines(/^ExecStopPost=/),
    test: [
      "stopped_test.ts",
      "that runs and ignores SIGTERM is stopped, and has not failed, by systemctl stop",
    ],
  },
  {
    name: "stopped-is-not-failed-while-it-loads",
    takeOut: withoutLines(/^ExecStopPost=/),
    test: [
      "stopped_test.ts",
      "that loads and ignores SIGTERM is stopped, and has not failed, by systemctl stop",
    ],
  },
  {
    name: "only-who-was-asked-is-stopped",
    takeOut: (text) => text.replace(/! systemctl --user list-jobs .* \|\| systemctl/, "systemctl"),
    test: ["stopped_test.ts", "that does not become ready in time has failed"],
  },
  {
    name: "restart-after-a-crash",
    takeOut: withoutLines(/^Restart=/),
    test: ["pod_test.ts", "a killed engine"],
  },
  {
    name: "no-wait-for-network",
    takeOut: withoutLines(/^DefaultDependencies=false/),
    test: ["readiness_test.ts", "no unit waits for the network"],
  },
  {
    name: "stop-timeout",
    takeOut: withoutLines(/^StopTimeout=/),
    test: ["readiness_test.ts", "an engine that ignores SIGTERM makes"],
  },
  {
    name: "loopback-only",
    takeOut: (text) => text.replaceAll("PublishPort=127.0.0.1:", "PublishPort="),
    test: ["pod_test.ts", "on no other address"],
  },
  {
    name: "reserved-ports",
    takeOut: withoutLines(/^PublishPort=.*-/),
    test: ["pod_test.ts", "a range of reserved ports"],
  },
  {
    name: "shared-memory",
    takeOut: withoutLines(/^ShmSize=/),
    test: ["pod_test.ts", "the shared memory of an engine"],
  },
  {
    name: "devices-without-a-dash",
    takeOut: (text) => text.replace(/^AddDevice=/m, "AddDevice=-"),
    test: ["cdi_test.ts", "a device of a specification"],
  },
  {
    name: "folder-of-our-own",
    takeOut: (text) => text,
    test: ["pod_test.ts", "a broken file of somebody else"],
  },
  {
    name: "boot-coven",
    takeOut: (text, file) => file.endsWith("lychd.conf") ? "" : text,
    test: ["boot_test.ts", "a boot brings up boot_coven"],
  },
  {
    name: "boot-is-not-held-up",
    takeOut: (text, file) =>
      file.endsWith(".target") ? withoutLines(/^DefaultDependencies=/)(text) : text,
    test: ["boot_test.ts", "the session does not wait"],
  },
  {
    name: "watchers-come-with-the-pod",
    takeOut: withoutLinesOf("lychd.pod", /^Wants=/),
    test: ["watchers_test.ts", "the first engine brings"],
  },
  {
    name: "watchers-read-as-the-operator",
    takeOut: withoutLinesOf("harvester.container", /^User=/),
    test: ["watchers_test.ts", "the first engine brings"],
  },
  {
    name: "watchers-come-with-the-session",
    takeOut: withoutLinesOf("lychd.conf", /^Wants=lychd-watchers/),
    test: ["watchers_test.ts", "a boot brings the Watchers up"],
  },
  {
    name: "boot-is-not-held-up-by-watchers",
    takeOut: withoutLinesOf("lychd-watchers.target", /^DefaultDependencies=/),
    test: ["watchers_test.ts", "a boot brings the Watchers up"],
  },
  {
    name: "observer-is-not-limited",
    takeOut: withoutLinesOf("lychd-observer.service", /^StartLimitIntervalSec=/),
    test: ["watchers_test.ts", "the observer says nothing"],
  },
  {
    name: "observer-is-quiet",
    takeOut: withoutLinesOf("lychd-observer.service", /^LogLevelMax=/),
    test: ["watchers_test.ts", "the observer says nothing"],
  },
  {
    name: "observer-ends-with-the-harvester",
    takeOut: withoutLinesOf("lychd-observer.timer", /^BindsTo=/),
    test: ["watchers_test.ts", "the Harvester comes back"],
  },
  {
    name: "observer-leaves-nothing",
    takeOut: withoutLinesOf("harvester.container", /^RuntimeDirectory=/),
    test: ["watchers_test.ts", "the Harvester comes back"],
  },
  {
    name: "harvester-keeps-its-data",
    takeOut: withoutLinesOf("harvester.container", /^Volume=harvester-data/),
    test: ["watchers_test.ts", "the Harvester comes back"],
  },
  {
    name: "a-restart-is-no-start",
    takeOut: (text, file) =>
      file.endsWith("/observe.sh") ? text.replace(' && is["NRestarts"] == 0', "") : text,
    test: ["watchers_test.ts", "an engine that crashes again"],
  },
];

/** Takes the rule that LYCHD_LAB_WITHOUT names out of a rendered tree; does nothing without it. */
export async function withoutRule(tree: string): Promise<void> {
  const name = Deno.env.get("LYCHD_LAB_WITHOUT");
  if (!name) return;
  const rule = RULES.find((r) => r.name === name);
  if (rule === undefined) throw new RangeError(`LYCHD_LAB_WITHOUT names no rule: ${name}`);
  await edit(tree, rule);
  if (name === "folder-of-our-own") {
    const folder = join(tree, "containers/systemd");
    for await (const entry of Deno.readDir(join(folder, "lychd"))) {
      await Deno.rename(join(folder, "lychd", entry.name), join(folder, entry.name));
    }
  }
}

async function edit(folder: string, rule: Rule): Promise<void> {
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) await edit(path, rule);
    else if (!entry.name.endsWith(".json")) {
      await Deno.writeTextFile(path, rule.takeOut(await Deno.readTextFile(path), path));
    }
  }
}
