/** The images that Podman has. */
import type { Engine, Inventory } from "../core/orchestrator/inventory.ts";
import { wishFor } from "../core/orchestrator/wish.ts";
import { printable } from "../core/report/printable.ts";
import { type Host, HostError } from "../host/host.ts";
import type { CommandContext } from "../run/context.ts";
import { EXIT } from "../run/invocation.ts";
import { Refusal } from "../run/refusal.ts";

/** Podman waits while another one writes to its storage. */
const LIMITS = { milliseconds: 10_000, bytes: 65_536 };

/** The part of a context that runs Podman. */
type Running = Pick<CommandContext, "host" | "programs">;

/** Returns true if Podman has an image, or why it does not answer. */
async function exists(
  host: Host,
  podman: string,
  image: string,
): Promise<boolean | { readonly why: string }> {
  try {
    const { code, stderr } = await host.run(podman, ["image", "exists", "--", image], {}, LIMITS);
    return code <= 1 ? code === 0 : { why: stderr.trim() };
  } catch (error) {
    if (error instanceof HostError) return { why: error.message };
    throw error;
  }
}

/** An image that Podman does not have, and the engines that need it. */
export interface MissingImage {
  readonly image: string;
  readonly soulstones: readonly string[];
}

/** Returns the images of `engines` that Podman does not have; none where Podman does not answer. */
export async function missingImages(
  { host, programs: { podman } }: Running,
  engines: readonly Engine[],
): Promise<MissingImage[]> {
  if (podman === undefined) return [];
  const byImage = Map.groupBy(engines, (engine) => engine.image);
  const found = await Promise.all(
    [...byImage].map(async ([image, some]) =>
      await exists(host, podman, image) === false
        ? [{ image, soulstones: some.map(({ name }) => name) }]
        : []
    ),
  );
  return found.flat();
}

/** Returns the warning about a missing image, and the command that gets it. */
export function missingImageText(
  { image, soulstones }: MissingImage,
  inventory: Inventory,
): { readonly message: string; readonly hint: string | undefined } {
  const [first] = soulstones;
  return {
    message: `Podman does not have the image of ${soulstones.join(", ")}: ${image}`,
    hint: first === undefined || isLocal(image)
      ? undefined
      : `lychd pull ${wishFor(first, inventory)}`,
  };
}

/** Returns true for an image that only exists where it was built. */
export function isLocal(image: string): boolean {
  return image.startsWith("localhost/");
}

/** Returns those of `images` that Podman has. Refuses if Podman does not answer. */
export async function presentImages(
  { host }: Running,
  podman: string,
  images: readonly string[],
): Promise<Set<string>> {
  const found = await Promise.all(images.map(async (image) => {
    const answer = await exists(host, podman, image);
    if (typeof answer === "boolean") return answer ? [image] : [];
    const words = `podman does not answer: ${printable(answer.why)}`;
    throw new Refusal(words, { code: EXIT.hostRefused, hint: "lychd doctor" });
  }));
  return new Set(found.flat());
}

/** Returns the sizes of images on the disk in bytes; none where Podman does not answer. */
export async function imageSizes(
  { host }: Running,
  podman: string,
  images: readonly string[],
): Promise<Map<string, number>> {
  if (images.length === 0) return new Map();
  const words = ["image", "inspect", "--format={{.Size}}", "--", ...images];
  try {
    const { code, stdout } = await host.run(podman, words, {}, LIMITS);
    const sizes = stdout.trim().split("\n").map(Number);
    return new Map(code === 0 ? images.map((image, i) => [image, sizes[i] ?? 0]) : []);
  } catch (error) {
    if (error instanceof HostError) return new Map();
    throw error;
  }
}
