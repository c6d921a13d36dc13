/** What a worker may do; everything that is not listed is denied by the runtime. */
export interface Permissions {
  readonly read: readonly string[];
  readonly write: readonly string[];
  /** Programs by their absolute paths. */
  readonly run: readonly string[];
  /** `ADDRESS:PORT`; none at all when it is left out. */
  readonly net?: readonly string[];
}
