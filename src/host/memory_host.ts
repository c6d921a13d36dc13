import { dirname } from "node:path/posix";
import { type FileStatus, type Host, HostError } from "./host.ts";

interface MemoryFile {
  bytes: Uint8Array;
  mode: number;
}

/** A file system in memory, for tests: files by absolute path. */
export interface MemoryHost extends Host {
  readonly files: Map<string, MemoryFile>;
  readonly folders: Set<string>;
}

/**
 * Makes a file system in memory that holds `texts`, by absolute path.
 *
 * @example
 * ```ts
 * import { memoryHost } from "./memory_host.ts";
 * const host = memoryHost({ "/codex/lychd.toml": "" });
 * host.list("/codex"); // ["lychd.toml"]
 * ```
 */
export function memoryHost(texts: Readonly<Record<string, string>> = {}): MemoryHost {
  const files = new Map<string, MemoryFile>();
  const folders = new Set<string>(["/"]);
  const encoder = new TextEncoder();

  function addFolder(path: string): void {
    for (let at = path; at !== "/"; at = dirname(at)) {
      if (files.has(at)) fail("not-found", path, "a part of its path is no folder");
    }
    for (let at = path; !folders.has(at); at = dirname(at)) folders.add(at);
  }
  function fail(fault: HostError["fault"], path: string, words: string): never {
    throw new HostError(fault, path, words);
  }
  function get(path: string): MemoryFile {
    return files.get(path) ?? fail("not-found", path, "it does not exist");
  }
  function stat(path: string): FileStatus | undefined {
    const file = files.get(path);
    if (file !== undefined) {
      return { kind: "file", mode: file.mode, sizeBytes: file.bytes.length, identity: path };
    }
    return folders.has(path)
      ? { kind: "folder", mode: 0o755, sizeBytes: 0, identity: path }
      : undefined;
  }
  function list(path: string): string[] {
    if (!folders.has(path)) fail("not-found", path, "it does not exist");
    return [...files.keys(), ...folders].filter((p) => p !== path && dirname(p) === path)
      .map((p) => p.slice(path === "/" ? 1 : path.length + 1));
  }

  for (const [path, text] of Object.entries(texts)) {
    addFolder(dirname(path));
    files.set(path, { bytes: encoder.encode(text), mode: 0o644 });
  }
  return {
    files,
    folders,
    list,
    stat,
    lstat: stat,
    read: (path, limitBytes) => get(path).bytes.slice(0, limitBytes),
    create(path, content, mode) {
      if (stat(path) !== undefined) fail("other", path, "it is there already");
      if (!folders.has(dirname(path))) fail("not-found", path, "it does not exist");
      files.set(path, { bytes: encoder.encode(content), mode });
    },
    rename(from, to) {
      if (!folders.has(dirname(to))) fail("not-found", to, "it does not exist");
      files.set(to, get(from));
      files.delete(from);
    },
    remove(path) {
      get(path);
      files.delete(path);
    },
    makeFolder: addFolder,
    removeEmptyFolder: (path) =>
      folders.has(path) && list(path).length === 0 && folders.delete(path),
    syncFolder: () => {},
  };
}
