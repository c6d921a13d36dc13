/** The permissions of a worker; the runtime denies everything else. */
export interface Permissions {
  readonly read: readonly string[];
  readonly write: readonly string[];
  /** Absolute paths of programs. */
  readonly run: readonly string[];
  /** `ADDRESS:PORT`; without it, no network. */
  readonly net?: readonly string[];
}
