import { outputOf } from "../../facts.ts";
import { command } from "../../report/mod.ts";
import { type Check, error, ok, see, skipped, unknown, type Verdict, warning } from "../check.ts";
import { type KernelSetting, kernelSettingOf, keyQuotaOf } from "../read/kernel.ts";
import { propertiesOf } from "../read/system.ts";
import { remedy, withComment } from "../remedies.ts";
import { missingImages, pullGb } from "./codex.ts";
import { DEVICE_ACCESS } from "./selinux.ts";

/** Below this the image of an engine may not fit. */
const FREE_GIB = 40;

/** Enough for small models. TabbyAPI's compose file sets no limit; --mlock needs the model's size. */
const MEMLOCK_BYTES = 2 ** 30;

/** The number of kernel keys that should be left. */
const SPARE_KEYS = 50;

/** The bytes that a container's key takes: its name is the id of the container. */
const KEY_BYTES = 80;

/** The kernel's smallest defaults. */
const LEAST_INOTIFY: readonly (readonly [KernelSetting, number])[] = [
  ["fs.inotify.max_user_instances", 128],
  ["fs.inotify.max_user_watches", 8192],
];

/** The checks of the rest of the host. */
export const HOST_CHECKS: readonly Check[] = [
  DEVICE_ACCESS,
  {
    id: "host.memlock",
    about: "engines may lock as much memory as they need",
    why: 'the model may be swapped out, or the engine stops with "failed to mlock"',
    run({ facts, codex }) {
      const text = propertiesOf(facts, "user-manager").get("")?.get("DefaultLimitMEMLOCK");
      if (text === undefined) return skipped("the user's systemd does not answer");
      const bytes = text === "infinity" ? Infinity : Number(text);
      const limit = bytes === Infinity ? "unlimited" : `${Math.floor(bytes / 2 ** 20)} MiB`;
      const soulstones = codex.kind === "none" ? [] : codex.codex.soulstones;
      const locking = soulstones.filter((s) =>
        s.exec?.includes("--mlock") === true || s.env["LLAMA_ARG_MLOCK"] !== undefined
      ).map((s) => s.name);
      if (bytes >= MEMLOCK_BYTES || locking.length === 0) {
        return ok(`limit of locked memory: ${limit}`);
      }
      const lock = locking.length === 1 ? "locks" : "lock";
      const fix = remedy(facts, "userManagerDropIn", {
        name: "memlock",
        setting: command`LimitMEMLOCK=infinity`,
      });
      return warning(
        `${locking.join(", ")} ${lock} the model in memory, but the limit is ${limit}`,
        withComment(fix, command`then reboot`),
      );
    },
  },
  {
    id: "host.limits",
    about: "the user has kernel keys and inotify instances left",
    why: 'each container takes a key; without one it fails with "Disk quota exceeded"',
    run({ facts, needs }) {
      const quota = keyQuotaOf(facts);
      const verdicts: Verdict[] = [];
      if (quota !== undefined) {
        const { keys, mostKeys, bytes, mostBytes } = quota;
        const needed = Math.max(SPARE_KEYS, 2 * needs.units.length);
        if (mostKeys - keys < needed || mostBytes - bytes < needed * KEY_BYTES) {
          // containers/crun#981, podman#13363.
          const report = keys >= mostKeys || bytes >= mostBytes ? error : warning;
          verdicts.push(report(
            `the user has ${keys} of ${mostKeys} kernel keys, with ${bytes} of ${mostBytes} bytes`,
            remedy(facts, "kernelSettings", {
              name: "keys",
              settings: ["kernel.keys.maxkeys=2000", "kernel.keys.maxbytes=2000000"],
            }),
          ));
        }
      }
      for (const [setting, least] of LEAST_INOTIFY) {
        const value = kernelSettingOf(facts, setting);
        if (value === undefined || value >= least) continue;
        verdicts.push(warning(
          `${setting} is ${value}`,
          remedy(facts, "kernelSettings", {
            name: setting.replaceAll(".", "-"),
            settings: `${setting}=${8 * least}`,
          }),
          'systemd and Podman watch files with it, and fail with "Too many open files"',
        ));
      }
      if (verdicts.length > 0) return verdicts;
      return quota === undefined
        ? unknown(facts, "key-users")
        : ok(`enough of ${quota.mostKeys} kernel keys are left`);
    },
  },
  {
    id: "host.disk",
    about: "the disk has space for images",
    why: "an engine's image takes 5 to 30 GB, and a pull that fills the disk stops everything",
    run(subject) {
      const { facts } = subject;
      const [, bytes, mount] = /^\s*(\d+)\s+(.*?)\s*$/
        .exec((outputOf(facts, "disk") ?? "").split("\n").at(-1) ?? "") ?? [];
      if (facts.commands["disk"] === undefined) return see("podman.info");
      if (bytes === undefined) return unknown(facts, "disk");
      const free = Number(bytes) / 2 ** 30;
      const shown = `${Math.floor(free)} GiB are free on ${mount}, where Podman stores images`;
      if (free < 1) return error(shown, command`podman image prune`);
      const missing = missingImages(subject);
      const isComplete = subject.codex.kind === "read" && missing?.length === 0;
      // An unpacked image takes about three times the size of its pull.
      const neededGb = (missing ?? subject.needs.images)
        .reduce((sum, image) => sum + 3 * (pullGb(subject, image) ?? 1), 0);
      if (isComplete || free >= Math.max(FREE_GIB, neededGb)) return ok(shown);
      return free >= FREE_GIB
        ? warning(`${shown}; the images may need ${neededGb} GB`, command`podman image prune`)
        : warning(shown, command`podman image prune    # removes images without a name`);
    },
  },
];
