/**
 * The rules that rendered units implement. Each can be removed from the units again, to prove that a
 * test fails without it: `LYCHD_LAB_WITHOUT=NAME deno task test:lab` must fail, and
 * `deno task test:lab:without` checks this for every rule.
 */
import { join } from "node:path/posix";

/** A rule, and the test that must fail without it. */
export interface Rule {
  readonly name: string;
  /** Removes the rule from the text of one file. */
  readonly remove: (text: string, file: string) => string;
  /** The file of the test, and a part of its name that no other test of the file contains. */
  readonly test: readonly [file: string, filter: string];
}

function withoutLines(pattern: RegExp): (text: string) => string {
  return (text) => text.split("\n").filter((line) => !pattern.test(line)).join("\n");
}

/** Removes lines only from the file with this name. */
function withoutLinesOf(name: string, pattern: RegExp): Rule["remove"] {
  return (text, file) => file.endsWith(`/${name}`) ? withoutLines(pattern)(text) : text;
}

/** Removes the conflict from only one unit of a pair. */
function oneSided(text: string, file: string): string {
  return file.endsWith("soulstone-a.container")
    ? withoutLines(/^Conflicts=soulstone-/)(text)
    : text;
}

/** All rules. */
export const RULES: readonly Rule[] = [
  {
    name: "conflicts",
    remove: withoutLines(/^Conflicts=soulstone-/),
    test: ["exclusivity_test.ts", "exactly the right services run"],
  },
  {
    name: "conflicts-on-both-sides",
    remove: oneSided,
    test: ["exclusivity_test.ts", "also hold with --job-mode=fail"],
  },
  {
    name: "order-of-conflicts",
    remove: (text, file) =>
      file.endsWith(".container") ? withoutLines(/^After=soulstone-/)(text) : text,
    test: ["exclusivity_test.ts", "twenty swaps"],
  },
  {
    name: "conflicts-name-services",
    remove: (text) => text.replace(/^(Conflicts=soulstone-.*)\.service$/gm, "$1.container"),
    test: ["exclusivity_test.ts", "exactly the right services run"],
  },
  {
    name: "target-after-outsiders",
    remove(text, file) {
      const outsiders = [...text.matchAll(/^Conflicts=(soulstone-.*)$/gm)].map((m) =>
        `After=${m[1]}`
      );
      return file.endsWith(".target")
        ? text.split("\n").filter((line) => !outsiders.includes(line)).join("\n")
        : text;
    },
    test: ["exclusivity_test.ts", "after non-members have stopped"],
  },
  {
    name: "target-wants",
    remove: (text, file) =>
      file.endsWith(".target") ? text.replaceAll("Wants=", "Requires=") : text,
    test: ["exclusivity_test.ts", "a failed member leaves the rest"],
  },
  {
    name: "target-conflicts-with-outsiders",
    remove: (text, file) =>
      file.endsWith(".target") ? withoutLines(/^Conflicts=soulstone-/)(text) : text,
    test: ["exclusivity_test.ts", "stops a non-member"],
  },
  {
    name: "outsiders-conflict-with-target",
    remove: (text, file) =>
      file.endsWith(".container") ? withoutLines(/^Conflicts=lychd-coven-/)(text) : text,
    test: ["exclusivity_test.ts", "a Coven's target is active exactly while"],
  },
  {
    name: "target-conflicts-with-targets",
    remove: (text, file) =>
      file.endsWith(".target") ? withoutLines(/^Conflicts=lychd-coven-/)(text) : text,
    test: ["exclusivity_test.ts", "a Coven that is a subset of another"],
  },
  {
    name: "no-part-of",
    remove: (text, file) =>
      file.endsWith(".container")
        ? text.replace("[Unit]", "[Unit]\nPartOf=lychd-coven-one.target lychd-coven-two.target")
        : text,
    test: ["exclusivity_test.ts", "keeps the processes of a shared Soulstone"],
  },
  {
    name: "target-waits",
    remove: (text, file) => file.endsWith(".target") ? withoutLines(/^After=/)(text) : text,
    test: ["readiness_test.ts", "starting a Coven returns when every member answers"],
  },
  {
    name: "start-limit",
    remove: withoutLines(/^StartLimitIntervalSec=/),
    test: ["exclusivity_test.ts", "ten swaps in ten seconds"],
  },
  {
    name: "start-with-pod",
    remove: withoutLines(/^StartWithPod=/),
    test: ["pod_test.ts", "starting the pod starts no engine"],
  },
  {
    name: "exit-policy",
    remove: withoutLines(/^PodmanArgs=/),
    test: ["pod_test.ts", "the pod survives a swap"],
  },
  {
    name: "wait-until-healthy",
    remove: withoutLines(/^ExecStartPost=/),
    test: ["readiness_test.ts", "returns soon after it answers"],
  },
  {
    name: "health-startup",
    remove: withoutLines(/^HealthStartup/),
    test: ["readiness_test.ts", "returns soon after it answers"],
  },
  {
    name: "start-timeout",
    remove: withoutLines(/^TimeoutStartSec=/),
    test: ["readiness_test.ts", "starting an engine that never answers"],
  },
  {
    name: "no-restart-after-failed-start",
    remove: withoutLines(/^RestartPreventExitStatus=/),
    test: ["readiness_test.ts", "starting an engine that never answers"],
  },
  {
    name: "no-restart-after-killed-start",
    remove: (text) => text.replace(" SIGTERM SIGKILL", ""),
    test: ["readiness_test.ts", "a failed start of an engine that ignores SIGTERM"],
  },
  {
    name: "return-with-pod",
    remove: withoutLines(/^ExecStopPost=.*\blychd-pod\.service\b/),
    test: ["status_test.ts", "after a kill of the infra container exactly the engines"],
  },
  {
    name: "stopped-is-not-failed",
    remove: withoutLines(/^ExecStopPost=/),
    test: [
      "stopped_test.ts",
      "after systemctl stop soulstone-a.service, an engine that is running and ignores SIGTERM",
    ],
  },
  {
    name: "stopped-is-not-failed-while-loading",
    remove: withoutLines(/^ExecStopPost=/),
    test: [
      "stopped_test.ts",
      "after systemctl stop soulstone-a.service, an engine that is loading and ignores SIGTERM",
    ],
  },
  {
    name: "failed-without-a-stop-job",
    remove: (text) => text.replace(/! systemctl --user list-jobs .* \|\| systemctl/, "systemctl"),
    test: ["stopped_test.ts", "that does not become ready in time has failed"],
  },
  {
    name: "restart-after-crash",
    remove: withoutLines(/^Restart=/),
    test: ["pod_test.ts", "a killed engine"],
  },
  {
    name: "no-wait-for-network",
    remove: withoutLines(/^DefaultDependencies=false/),
    test: ["readiness_test.ts", "no unit waits for the network"],
  },
  {
    name: "stop-timeout",
    remove: withoutLines(/^StopTimeout=/),
    test: ["readiness_test.ts", "a swap from an engine that ignores SIGTERM"],
  },
  {
    name: "loopback-only",
    remove: (text) => text.replaceAll("PublishPort=127.0.0.1:", "PublishPort="),
    test: ["pod_test.ts", "on no other address"],
  },
  {
    name: "reserved-ports",
    remove: withoutLines(/^PublishPort=.*-/),
    test: ["pod_test.ts", "within the reserved ports"],
  },
  {
    name: "shared-memory",
    remove: withoutLines(/^ShmSize=/),
    test: ["pod_test.ts", "of shared memory"],
  },
  {
    name: "devices-without-a-dash",
    remove: (text) => text.replace(/^AddDevice=/m, "AddDevice=-"),
    test: ["cdi_test.ts", "gets a CDI device"],
  },
  {
    name: "own-folder",
    remove: (text) => text,
    test: ["pod_test.ts", "a broken unit of the user"],
  },
  {
    name: "boot-coven",
    remove: (text, file) => file.endsWith("lychd.conf") ? "" : text,
    test: ["boot_test.ts", "a boot starts boot_coven"],
  },
  {
    name: "session-does-not-wait",
    remove: (text, file) =>
      file.endsWith(".target") ? withoutLines(/^DefaultDependencies=/)(text) : text,
    test: ["boot_test.ts", "the session does not wait"],
  },
  {
    name: "pod-starts-watchers",
    remove: withoutLinesOf("lychd.pod", /^Wants=/),
    test: ["watchers_test.ts", "the first engine starts"],
  },
  {
    name: "harvester-runs-as-operator",
    remove: withoutLinesOf("harvester.container", /^User=/),
    test: ["watchers_test.ts", "the first engine starts"],
  },
  {
    name: "session-starts-watchers",
    remove: withoutLinesOf("lychd.conf", /^Wants=lychd-watchers/),
    test: ["watchers_test.ts", "a boot starts the Watchers"],
  },
  {
    name: "session-does-not-wait-for-watchers",
    remove: withoutLinesOf("lychd-watchers.target", /^DefaultDependencies=/),
    test: ["watchers_test.ts", "a boot starts the Watchers"],
  },
  {
    name: "observer-is-not-limited",
    remove: withoutLinesOf("lychd-observer.service", /^StartLimitIntervalSec=/),
    test: ["watchers_test.ts", "the observer logs only problems"],
  },
  {
    name: "observer-is-quiet",
    remove: withoutLinesOf("lychd-observer.service", /^LogLevelMax=/),
    test: ["watchers_test.ts", "the observer logs only problems"],
  },
  {
    name: "observer-stops-with-harvester",
    remove: withoutLinesOf("lychd-observer.timer", /^BindsTo=/),
    test: ["watchers_test.ts", "the Harvester keeps its data"],
  },
  {
    name: "observer-cleans-up",
    remove: withoutLinesOf("harvester.container", /^RuntimeDirectory=/),
    test: ["watchers_test.ts", "the Harvester keeps its data"],
  },
  {
    name: "harvester-keeps-its-data",
    remove: withoutLinesOf("harvester.container", /^Volume=harvester-data/),
    test: ["watchers_test.ts", "the Harvester keeps its data"],
  },
  {
    name: "restart-is-not-a-start",
    remove: (text, file) =>
      file.endsWith("/observe.sh") ? text.replace(' && is["NRestarts"] == 0', "") : text,
    test: ["watchers_test.ts", "a crash loop is shown as failed"],
  },
];

/** Removes the rule that LYCHD_LAB_WITHOUT names from a rendered tree, if it names one. */
export async function withoutRule(tree: string): Promise<void> {
  const name = Deno.env.get("LYCHD_LAB_WITHOUT");
  if (!name) return;
  const rule = RULES.find((r) => r.name === name);
  if (rule === undefined) {
    throw new RangeError(`LYCHD_LAB_WITHOUT must name a rule, not \`${name}\``);
  }
  await edit(tree, rule);
  if (name === "own-folder") {
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
      await Deno.writeTextFile(path, rule.remove(await Deno.readTextFile(path), path));
    }
  }
}
