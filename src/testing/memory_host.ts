import { dirname } from "node:path/posix";
import { type FileStatus, type Host, HostError, refuseUnreadable } from "../host/host.ts";

interface MemoryFile {
  bytes: Uint8Array;
  mode: number;
}

/** A host in memory, for tests: files by absolute path. */
export interface MemoryHost extends Host {
  readonly files: Map<string, MemoryFile>;
  readonly folders: Set<string>;
  /** Paths that are neither files nor folders, for example pipes. */
  readonly others: Set<string>;
}

/**
 * Makes a host in memory with files of `texts`, by absolute path, and with the programs of `run`.
 *
 * @example
 * ```ts
 * import { memoryHost } from "./memory_host.ts";
 * const host = memoryHost({ "/codex/lychd.toml": "" });
 * host.list("/codex"); // ["lychd.toml"]
 * ```
 */
export function memoryHost(
  texts: Readonly<Record<string, string>> = {},
  run: Host["run"] = () => Promise.resolve({ code: 0, stdout: "", stderr: "" }),
): MemoryHost {
  const files = new Map<string, MemoryFile>();
  const folders = new Set<string>(["/"]);
  const others = new Set<string>();
  const watches = new Set<(path: string) => void>();
  const encoder = new TextEncoder();

  function addFolder(path: string): void {
    for (let at = path; at !== "/"; at = dirname(at)) {
      if (files.has(at)) fail("not-found", path, "a part of its path is not a folder");
    }
    for (let at = path; !folders.has(at); at = dirname(at)) folders.add(at);
  }
  /** Reports a change to those who watch the folder of `path`. */
  function changed(path: string): void {
    for (const report of watches) report(path);
  }
  function fail(reason: HostError["reason"], path: string, words: string): never {
    throw new HostError(reason, path, words);
  }
  function get(path: string): MemoryFile {
    return files.get(path) ?? fail("not-found", path, "it does not exist");
  }
  function stat(path: string): FileStatus | undefined {
    const file = files.get(path);
    const kind = file
      ? "file"
      : others.has(path)
      ? "other"
      : folders.has(path)
      ? "folder"
      : undefined;
    return kind && {
      kind,
      mode: file?.mode ?? 0o755,
      sizeBytes: file?.bytes.length ?? 0,
      owner: 0,
      group: 0,
      identity: path,
      changedSeconds: 0,
    };
  }
  function bytesOf(path: string, limitBytes: number): Uint8Array {
    refuseUnreadable(path, stat(path), limitBytes);
    return get(path).bytes;
  }
  function list(path: string, limit = Infinity): string[] {
    if (!folders.has(path)) fail("not-found", path, "it does not exist");
    return [...files.keys(), ...folders, ...others].filter((p) => p !== path && dirname(p) === path)
      .map((p) => p.slice(path === "/" ? 1 : path.length + 1)).slice(0, limit);
  }

  for (const [path, text] of Object.entries(texts)) {
    addFolder(dirname(path));
    files.set(path, { bytes: encoder.encode(text), mode: 0o644 });
  }
  return {
    files,
    folders,
    others,
    list,
    stat,
    lstat: stat,
    realPath: (path) => path,
    read: (path, limitBytes) => bytesOf(path, limitBytes).slice(),
    readHead: (path, limitBytes) => bytesOf(path, Infinity).slice(0, limitBytes),
    readStream: (path, limitBytes) => get(path).bytes.slice(0, limitBytes),
    create(path, content, mode) {
      if (stat(path) !== undefined) fail("other", path, "it already exists");
      if (!folders.has(dirname(path))) fail("not-found", path, "it does not exist");
      const bytes = typeof content === "string" ? encoder.encode(content) : content.slice();
      files.set(path, { bytes, mode });
      changed(path);
    },
    link(from, to) {
      if (stat(to) !== undefined) fail("other", to, "it already exists");
      if (!folders.has(dirname(to))) fail("not-found", to, "it does not exist");
      files.set(to, get(from));
    },
    rename(from, to) {
      // POSIX keeps both names of one file.
      if (files.get(to) === get(from)) return;
      if (!folders.has(dirname(to))) fail("not-found", to, "it does not exist");
      files.set(to, get(from));
      files.delete(from);
      changed(from);
      changed(to);
    },
    remove(path) {
      if (others.delete(path)) return;
      get(path);
      files.delete(path);
      changed(path);
    },
    makeFolder: addFolder,
    removeEmptyFolder: (path) =>
      folders.has(path) && list(path).length === 0 && folders.delete(path),
    syncFolder: () => {},
    watch(watched, onChange) {
      const report = (path: string) => {
        if (watched.includes(dirname(path))) {
          queueMicrotask(() => watches.has(report) && onChange(path));
        }
      };
      watches.add(report);
      return { close: () => void watches.delete(report) };
    },
    run,
    async runAttached(program, args, { onStderr } = {}) {
      const { code, stderr } = await run(program, args);
      onStderr?.(stderr);
      return code;
    },
    async runFollowed(program, args, { until, onText }) {
      const { code, stdout } = await run(program, args);
      await onText(stdout);
      if (!until.aborted) await new Promise((end) => until.addEventListener("abort", end));
      return code;
    },
    lock: () => Promise.resolve({ release() {} }),
    tryLockFolder: () => ({ release() {} }),
  };
}
