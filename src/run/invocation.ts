import type { EngineName, SchemaKind } from "../core/codex/kinds.ts";
import type { Asked } from "../core/completion/question.ts";
import type { Shell } from "../core/completion/shell.ts";
import type { SoulstoneRequest } from "../core/scaffold/request.ts";

/** A command line, read: what the operator wants. */
export type Invocation =
  | { readonly command: "check"; readonly json: boolean }
  | {
    readonly command: "render";
    readonly mode: "dry-run" | "output";
    readonly json: boolean;
    /** `--exit-code`: whether differences are told by the exit code. */
    readonly exitCode: boolean;
  }
  | { readonly command: "render"; readonly mode: "inscribe" } & InscribeOptions
  | {
    readonly command: "doctor";
    readonly mode: "check" | "print-facts" | "list";
    readonly json: boolean;
    /** `--strict`: whether a warning is an error. */
    readonly strict: boolean;
    /** `--only`: groups and ids of checks. */
    readonly only: readonly string[] | undefined;
  }
  | {
    readonly command: "import";
    readonly json: boolean;
    /** `--all`: whether what was carried over is told one by one. */
    readonly all: boolean;
  }
    & (
      | { readonly from: "quadlet" }
      | {
        readonly from: "llama-swap";
        /** `--image PROGRAM=IMAGE`: images for programs of the host. */
        readonly images: readonly (readonly [program: string, image: string])[];
      }
    )
  | { readonly command: "rollback" } & InscribeOptions
  | { readonly command: "purge"; readonly yes: boolean } & InscribeOptions
  | {
    readonly command: "init";
    readonly json: boolean;
    /** None to ask. */
    readonly requests: readonly SoulstoneRequest[];
    readonly bootCoven: string | undefined;
  }
  | {
    readonly command: "add";
    readonly json: boolean;
    readonly engine: EngineName | undefined;
    /** Nothing to ask. */
    readonly request: SoulstoneRequest | undefined;
  }
  | { readonly command: "schema"; readonly kind: SchemaKind }
  | { readonly command: "completions"; readonly shell: Shell }
  | {
    readonly command: "complete";
    readonly shell: Shell;
    readonly asked: Asked;
    /** What the shell handed over. */
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

/** How a wish is made true. */
export interface SummonOptions {
  readonly json: boolean;
  readonly dryRun: boolean;
  /** Whether to follow it until all that is wanted answers. */
  readonly wait: boolean;
  /** How long to follow it; nothing for as long as systemd's own limits last. */
  readonly timeoutSeconds: number | undefined;
  /** How long to wait for GPU memory to be free. */
  readonly memoryTimeoutSeconds: number;
  /** Whether what ran before is brought back when it fails; nothing to ask. */
  readonly fallback: boolean | undefined;
}

/** How Runes are written into the live folders. */
export interface InscribeOptions {
  readonly json: boolean;
  /** Whether to take our text where a file was edited by hand. */
  readonly force: boolean;
  /** Whether to restart what runs and changed. */
  readonly restart: boolean;
  /** Whether to try the units with the real generator before they are written. */
  readonly verify: boolean;
  /** Whether to tell systemd. */
  readonly reload: boolean;
  /** How long to wait for another run. */
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
  /** As shells have it for SIGINT. */
  interrupted: 130,
} as const;

/** One of {@linkcode EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
