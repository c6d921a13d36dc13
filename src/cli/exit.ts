/** The exit codes of lychd. */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  codexInvalid: 3,
  differs: 4,
  doctorErrors: 5,
  hostRefused: 6,
  /** The code that shells use for SIGINT. */
  interrupted: 130,
} as const;

/** One of {@linkcode EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The meaning of each exit code, for help and the manual page. */
export const EXIT_MEANINGS: Readonly<Record<ExitCode, string>> = {
  0: "ok",
  1: "failure",
  2: "wrong usage",
  3: "the Codex is invalid",
  4: "differences found (render --dry-run --exit-code)",
  5: "doctor found errors",
  6: "systemd, Podman or the Quadlet generator reported an error",
  130: "interrupted",
};
