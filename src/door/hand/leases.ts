import { join } from "node:path/posix";
import { LEASE, STOP } from "../../core/rune/names.ts";
import type { Host } from "../../host/host.ts";

/**
 * The files that permit the front door to send requests to engines. Before systemd stops an engine,
 * the drain hook of its unit makes a file `stop-NAME`, and waits until `lease-NAME` is gone.
 */
export class Leases {
  readonly #host: Host;
  readonly #folder: string;
  readonly #names = new Set<string>();

  /** Makes the folder, and removes what another door left there. */
  constructor(host: Host, folder: string) {
    this.#host = host;
    this.#folder = folder;
    host.makeFolder(folder);
    for (const file of host.list(folder)) {
      if (file.startsWith(LEASE) || file.startsWith(STOP)) host.remove(join(folder, file));
    }
  }

  /** The engines with a lease. */
  get names(): ReadonlySet<string> {
    return this.#names;
  }

  grant(name: string): void {
    // The file of a hook that was killed would hide the next one.
    this.#remove(STOP + name);
    this.#host.create(join(this.#folder, LEASE + name), "", 0o600);
    this.#names.add(name);
  }

  revoke(name: string): void {
    if (this.#names.delete(name)) this.#remove(LEASE + name);
  }

  /** Returns true if the stop of an engine waits for its lease. */
  isAsked(name: string): boolean {
    return this.#host.lstat(join(this.#folder, STOP + name)) !== undefined;
  }

  #remove(file: string): void {
    const path = join(this.#folder, file);
    if (this.#host.lstat(path) !== undefined) this.#host.remove(path);
  }
}
