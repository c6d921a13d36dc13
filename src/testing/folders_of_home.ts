import { computeFolders, type Folders } from "../run/folders.ts";

/** What a test, or a document, wants besides a home. */
export interface Besides {
  /** `$XDG_RUNTIME_DIR`. */
  readonly runtime?: string;
  readonly user?: number;
  readonly workingFolder?: string;
  readonly output?: string | undefined;
  readonly facts?: string | undefined;
  readonly imports?: readonly string[];
}

/** The folders of a run in `home`, where no path is a link: for tests and documents. */
export function foldersOfHome(home: string, besides: Besides = {}): Folders {
  const computed = computeFolders({
    env: (name) =>
      name === "HOME" ? home : name === "XDG_RUNTIME_DIR" ? besides.runtime : undefined,
    workingFolder: () => besides.workingFolder ?? "/",
    homeFolder: () => undefined,
    realPath: (path) => path,
    user: besides.user ?? 1000,
    codexOption: undefined,
    outputOption: besides.output,
    factsOption: besides.facts,
    importOptions: besides.imports ?? [],
  });
  if ("problem" in computed) throw new Error(computed.problem);
  return computed.folders;
}
