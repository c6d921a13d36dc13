import { outputOf, whyUnknown } from "../../facts.ts";
import { command } from "../../report/mod.ts";
import { type Check, error, ok, skipped, type Subject, warning } from "../check.ts";
import { imageNamesOf } from "../read/podman.ts";
import { missingImages, pullGb } from "./codex_images.ts";

/** Below this the image of an engine may not fit. */
const FREE_GIB = 40;

/** Whether images fit on the disk. */
export const HOST_DISK: Check = {
  id: "host.disk",
  about: "there is room for images",
  why: "an engine's image takes 5 to 30 GB, and a pull that fills the disk stops everything",
  run(subject: Subject) {
    const { facts } = subject;
    const [bytes, ...mount] = (outputOf(facts, "disk") ?? "").split("\n").at(-1)?.trim()
      .split(/\s+/) ?? [];
    const free = Number(bytes) / 2 ** 30;
    if (!(free >= 0) || bytes === "") return [skipped(whyUnknown(facts, "disk"))];
    const shown = `${Math.floor(free)} GiB are free on ${mount.join(" ")}, where images are kept`;
    const isComplete = subject.codex.kind === "read" && imageNamesOf(facts) !== undefined &&
      missingImages(subject).length === 0;
    if (free < 1) return [error(shown, command`podman image prune`)];
    // Unpacked an image is about three times its pull.
    const needed = missingImages(subject)
      .reduce((sum, image) => sum + 3 * (pullGb(subject, image) ?? 1), 0);
    if (isComplete || free >= Math.max(FREE_GIB, needed)) return [ok(shown)];
    return free >= FREE_GIB
      ? [warning(`${shown}; the images may need ${needed}`, command`podman image prune`)]
      : [warning(shown, command`podman image prune    # removes what no name stands for`)];
  },
};
