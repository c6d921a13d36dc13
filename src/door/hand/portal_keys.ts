import type { DoorPortal } from "../../core/orchestrator/door.ts";
import { HostError } from "../../host/host.ts";
import type { CommandContext } from "../../run/context.ts";
import type { PortalKey } from "../channel/messages.ts";

const LIMITS = { milliseconds: 20_000, bytes: 100_000 };

/** Reads the keys of Portals from the secrets of Podman. No message or log has a key. */
export async function readPortalKeys(
  context: CommandContext,
  portals: readonly Pick<DoorPortal, "name" | "keySecret">[],
): Promise<ReadonlyMap<string, PortalKey>> {
  const keys = new Map<string, PortalKey>();
  for (const { name, keySecret } of portals) {
    if (keySecret !== undefined) keys.set(name, await readKey(context, keySecret));
  }
  return keys;
}

async function readKey(
  { host, programs }: Pick<CommandContext, "host" | "programs">,
  secret: string,
): Promise<PortalKey> {
  const { podman } = programs;
  if (podman === undefined) return { problem: "Podman is missing" };
  const format = "--format={{.SecretData}}";
  try {
    const args = ["secret", "inspect", "--showsecret", format, "--", secret];
    const { code, stdout, stderr } = await host.run(podman, args, {}, LIMITS);
    if (code !== 0) return { problem: problemOf(stderr) };
    const key = stdout.trim();
    return /^[\x21-\x7e]{1,4096}$/.test(key)
      ? { key }
      : { problem: "it is empty, or has spaces or characters that no header can have" };
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return { problem: error.message };
  }
}

/** Returns the reason of Podman, of which no part can be the key. */
function problemOf(stderr: string): string {
  if (/no such secret|no secret with name/.test(stderr)) return "there is no such secret";
  return /unknown flag/.test(stderr)
    ? "this Podman cannot show it; 4.7 can"
    : "Podman does not show it";
}
