import { HostError } from "../../host/host.ts";
import type { CommandContext } from "../../run/context.ts";

/**
 * Shows the status of the front door in `systemctl --user status`. Does nothing where systemd does not
 * listen.
 */
export class ServiceStatus {
  readonly #context: Pick<CommandContext, "host" | "programs">;
  #shown: string | undefined;
  #isHeard = true;

  constructor(context: Pick<CommandContext, "host" | "programs">) {
    this.#context = context;
  }

  async show(text: string): Promise<void> {
    if (text !== this.#shown) await this.#notify(text);
  }

  /** Reports that the front door accepts connections. */
  async showReady(text: string): Promise<void> {
    await this.#notify(text, "--ready");
  }

  async #notify(text: string, ...options: string[]): Promise<void> {
    const { host, programs: { systemdNotify } } = this.#context;
    if (!this.#isHeard || systemdNotify === undefined) return;
    this.#shown = text;
    try {
      // The program inherits NOTIFY_SOCKET.
      const { code } = await host.run(systemdNotify, [...options, `--status=${text}`]);
      this.#isHeard = code === 0;
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      this.#isHeard = false;
    }
  }
}
