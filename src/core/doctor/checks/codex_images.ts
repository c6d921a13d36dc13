import { profileOf } from "../../compile/mod.ts";
import { command, countOf } from "../../report/mod.ts";
import { whyUnknown } from "../../facts.ts";
import { type Check, error, ok, skipped, type Subject, warning } from "../check.ts";
import { imageNamesOf } from "../read/podman.ts";

/** Rough sizes of a pull in GB, by engine, for images with a GPU's libraries in them. */
const PULL_GB: Readonly<Record<string, number>> = {
  vllm: 10,
  sglang: 15,
  llamacpp: 2,
  tabbyapi: 5,
};

/** Whether the images are there already. */
export const CODEX_IMAGES: Check = {
  id: "codex.images",
  about: "the images are there, or how large a pull to expect",
  why: "the first start pulls it, within the time that the engine has for its start",
  run(subject) {
    const { facts, codex, wants } = subject;
    if (codex.kind === "none") return [skipped(codex.reason)];
    if (wants.images.length === 0) return [skipped("the Codex has no Soulstone")];
    if (imageNamesOf(facts) === undefined) return [skipped(whyUnknown(facts, "podman-images"))];
    const missing = missingImages(subject);
    if (missing.length === 0) {
      return [ok(`nothing to pull: ${countOf(wants.images.length, "image")}`)];
    }
    return missing.map((image) => {
      if (image.startsWith("localhost/")) {
        return error(
          `${image} is not there, and no registry has it`,
          command`podman build --tag ${image} .`,
          "an engine without an image cannot start",
        );
      }
      const size = pullGb(subject, image);
      const expect = size === undefined ? "" : `: expect a pull of about ${size} GB`;
      return warning(`${image} is not there${expect}`, command`podman pull ${image}`);
    });
  },
};

/** How much a pull is, in GB, where the engine tells. */
export function pullGb({ codex }: Subject, image: string): number | undefined {
  if (codex.kind === "none") return undefined;
  const soulstone = codex.codex.soulstones.find((s) => s.image === image);
  return soulstone === undefined ? undefined : PULL_GB[profileOf(soulstone).name];
}

/** The images of the Codex that Podman does not have. */
export function missingImages({ facts, wants }: Subject): string[] {
  const names = [...imageNamesOf(facts) ?? []];
  return wants.images.filter((image) => !names.some((name) => isImage(image, name)));
}

/**
 * Whether Podman's full name is what an operator wrote, short or full, with or without a tag.
 *
 * @example
 * ```ts
 * import { isImage } from "./codex_images.ts";
 * isImage("vllm/vllm-openai", "docker.io/vllm/vllm-openai:latest"); // true
 * ```
 */
export function isImage(written: string, full: string): boolean {
  const hasTag = /[:@][^/]*$/.test(written);
  // With a tag and a digest Podman goes by the digest.
  const name = hasTag ? written.replace(/:[^/@]+@/, "@") : `${written}:latest`;
  const first = name.split("/")[0] ?? "";
  const isFull = name.includes("/") && (/[.:]/.test(first) || first === "localhost");
  return isFull ? full === name : full === name || full.endsWith(`/${name}`);
}
