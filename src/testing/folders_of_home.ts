import { computeFolders, type FolderInput, type Folders } from "../run/folders.ts";

/** The optional input of {@linkcode foldersOfHome}. */
export interface HomeOptions {
  /** `$XDG_RUNTIME_DIR`. */
  readonly runtime?: string;
  readonly user?: number;
  readonly workingFolder?: string;
  readonly output?: string | undefined;
  readonly facts?: string | undefined;
  readonly imports?: FolderInput["importOptions"];
}

/** Computes the folders of a run in `home`, without symlinks: for tests and documents. */
export function foldersOfHome(home: string, options: HomeOptions = {}): Folders {
  return computeFolders({
    env: (name) =>
      name === "HOME" ? home : name === "XDG_RUNTIME_DIR" ? options.runtime : undefined,
    workingFolder: () => options.workingFolder ?? "/",
    homeFolder: () => undefined,
    realPath: (path) => path,
    user: options.user ?? 1000,
    outputOption: options.output,
    factsOption: options.facts,
    importOptions: options.imports,
  });
}
