/** A command line, read: what the operator wants. */
export type Invocation =
  | { readonly command: "check"; readonly json: boolean }
  | {
    readonly command: "render";
    readonly mode: "dry-run" | "output";
    readonly json: boolean;
    /** `--exit-code`: whether differences are told by the exit code. */
    readonly exitCode: boolean;
  };

/** The exit codes of lychd. */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  codexInvalid: 3,
  differs: 4,
  doctorErrors: 5,
  hostRefused: 6,
} as const;

/** One of {@linkcode EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
