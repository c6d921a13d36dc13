/** The memory for bodies of requests, in bytes, for all requests together. */
export class BodyMemory {
  readonly #limit: number;
  #used = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  /** Reserves memory for bytes that arrived. Returns false if there is not enough. */
  reserve(bytes: number): boolean {
    if (this.#used + bytes > this.#limit) return false;
    this.#used += bytes;
    return true;
  }

  /** Gives memory back. */
  release(bytes: number): void {
    this.#used -= bytes;
  }
}
