import type { EngineName, SchemaKind } from "../core/codex/kinds.ts";
import type { Asked } from "../core/completion/question.ts";
import type { Shell } from "../core/completion/shell.ts";
import type { SoulstoneRequest } from "../core/scaffold/request.ts";

/** A parsed command line. */
export type Invocation =
  | { readonly command: "check"; readonly json: boolean }
  | {
    readonly command: "render";
    readonly mode: "dry-run" | "output";
    readonly json: boolean;
    /** `--exit-code`: report differences by the exit code. */
    readonly exitCode: boolean;
  }
  | { readonly command: "render"; readonly mode: "inscribe" } & InscribeOptions
  | {
    readonly command: "doctor";
    readonly mode: "check" | "print-facts" | "list";
    readonly json: boolean;
    /** `--strict`: treat warnings as errors. */
    readonly strict: boolean;
    /** `--only`: groups and ids of checks. */
    readonly only: readonly string[] | undefined;
  }
  | {
    readonly command: "import";
    readonly json: boolean;
    /** `--all`: list every imported setting. */
    readonly all: boolean;
  }
    & (
      | { readonly from: "quadlet" }
      | {
        readonly from: "llama-swap";
        /** `--image PROGRAM=IMAGE`: images that replace programs of the host. */
        readonly images: readonly (readonly [program: string, image: string])[];
      }
    )
  | { readonly command: "rollback" } & InscribeOptions
  | { readonly command: "purge"; readonly yes: boolean } & InscribeOptions
  | {
    readonly command: "init";
    readonly json: boolean;
    /** Empty to prompt. */
    readonly requests: readonly SoulstoneRequest[];
    readonly bootCoven: string | undefined;
  }
  | {
    readonly command: "add";
    readonly json: boolean;
    readonly engine: EngineName | undefined;
    /** Undefined to prompt. */
    readonly request: SoulstoneRequest | undefined;
  }
  | { readonly command: "schema"; readonly kind: SchemaKind }
  | { readonly command: "completions"; readonly shell: Shell }
  | {
    readonly command: "complete";
    readonly shell: Shell;
    readonly asked: Asked;
    /** The arguments from the shell. */
    readonly handed: readonly string[];
  }
  | { readonly command: "plan"; readonly json: boolean; readonly wish: readonly string[] }
  | { readonly command: "list" | "covens"; readonly json: boolean }
  | { readonly command: "explain"; readonly json: boolean; readonly unit: string }
  | { readonly command: "summon"; readonly wish: readonly string[] } & SummonOptions
  | { readonly command: "banish"; readonly json: boolean; readonly wish: string | undefined }
  | { readonly command: "status"; readonly json: boolean; readonly watch: boolean }
  | {
    readonly command: "logs";
    readonly json: boolean;
    readonly name: string;
    readonly follow: boolean;
    readonly lines: number;
  };

/** The options of a summon. */
export interface SummonOptions {
  readonly json: boolean;
  readonly dryRun: boolean;
  /** True to wait until every wanted engine answers. */
  readonly wait: boolean;
  /** The time to wait; by default, the limits of systemd apply. */
  readonly timeoutSeconds: number | undefined;
  /** The time to wait for free GPU memory. */
  readonly memoryTimeoutSeconds: number;
  /** True to restart the former engines after a failure; undefined to prompt. */
  readonly fallback: boolean | undefined;
}

/** The options for writing Runes (generated units) into the systemd folders. */
export interface InscribeOptions {
  readonly json: boolean;
  /** True to overwrite files that were edited by hand. */
  readonly force: boolean;
  /** True to restart running services that changed. */
  readonly restart: boolean;
  /** True to try the units with the real generator before they are written. */
  readonly verify: boolean;
  /** True to reload systemd. */
  readonly reload: boolean;
  /** The time to wait for another run of lychd. */
  readonly waitSeconds: number;
}

/** The exit codes of lychd. */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  codexInvalid: 3,
  differs: 4,
  doctorErrors: 5,
  hostRefused: 6,
  /** The exit code of shells for SIGINT. */
  interrupted: 130,
} as const;

/** One of {@linkcode EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
