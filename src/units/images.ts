import type { Engine } from "../core/orchestrator/inventory.ts";
import { HostError } from "../host/host.ts";
import type { CommandContext } from "../run/context.ts";

/** The exit code of `podman image exists` for an image that Podman does not have. */
const NOT_THERE = 1;

/** Podman waits while another one writes to its storage. */
const LIMITS = { milliseconds: 10_000, bytes: 65_536 };

/** An image that Podman does not have, and the engines that need it. */
export interface MissingImage {
  readonly image: string;
  readonly soulstones: readonly string[];
}

/** Returns the images of `engines` that Podman does not have; none where Podman does not answer. */
export async function missingImages(
  { host, programs: { podman } }: Pick<CommandContext, "host" | "programs">,
  engines: readonly Engine[],
): Promise<MissingImage[]> {
  if (podman === undefined) return [];
  const byImage = Map.groupBy(engines, (engine) => engine.image);
  const found = await Promise.all([...byImage].map(async ([image, some]) => {
    try {
      const words = ["image", "exists", "--", image];
      const { code } = await host.run(podman, words, {}, LIMITS);
      return code === NOT_THERE ? [{ image, soulstones: some.map(({ name }) => name) }] : [];
    } catch (error) {
      if (error instanceof HostError) return [];
      throw error;
    }
  }));
  return found.flat();
}
