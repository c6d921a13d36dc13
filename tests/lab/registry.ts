/** A container registry on the host, for pulls of the lab; it also serves files. */
import { labStatus } from "./lab.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** An image: its manifest, and the content of every blob by digest. */
export interface OciImage {
  readonly manifest: { readonly digest: string; readonly mediaType: string };
  readonly blobs: ReadonlyMap<string, Bytes>;
}

/** Reads an OCI layout with one image, as `podman save --format oci-dir` makes it. */
export function readLayout(folder: string): OciImage {
  const blobs = [...Deno.readDirSync(`${folder}/blobs/sha256`)].map(({ name }) =>
    [`sha256:${name}`, Deno.readFileSync(`${folder}/blobs/sha256/${name}`)] as const
  );
  const { manifests } = JSON.parse(Deno.readTextFileSync(`${folder}/index.json`));
  return { manifest: manifests[0], blobs: new Map(blobs) };
}

/** A registry. It records what it is asked for and can stall in the middle of a large answer. */
export class Registry implements AsyncDisposable {
  /** The address for the lab: `10.99.78.1:40123`. */
  readonly address: string;
  /** `PATH` of each request for content, with the first byte of a range: `/v2/x/blobs/sha256:… 0`. */
  readonly requests: string[] = [];
  /** The bytes of the content that was sent. */
  sentBytes = 0;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #end = new AbortController();
  readonly #files: ReadonlyMap<string, { readonly bytes: Bytes; readonly type: string }>;
  #stall: PromiseWithResolvers<void> | undefined;

  /** Serves `files` by path, and `images` by name, with the tag 1. */
  constructor(
    host: string,
    { images, files }: {
      readonly images: Readonly<Record<string, OciImage>>;
      readonly files: Readonly<Record<string, Bytes>>;
    },
  ) {
    const type = "application/octet-stream";
    const known = new Map(Object.entries(files).map(([path, bytes]) => [path, { bytes, type }]));
    for (const [name, { manifest, blobs }] of Object.entries(images)) {
      for (const [digest, bytes] of blobs) {
        known.set(`/v2/${name}/blobs/${digest}`, { bytes, type });
        if (digest !== manifest.digest) continue;
        known.set(`/v2/${name}/manifests/1`, { bytes, type: manifest.mediaType });
      }
    }
    this.#files = known;
    this.#server = Deno.serve(
      { hostname: host, port: 0, signal: this.#end.signal, onListen() {} },
      (request) => this.#answer(request),
    );
    this.address = `${host}:${this.#server.addr.port}`;
  }

  /** Sends only half of the next answers of more than a mebibyte; resolves when it has done so. */
  stall(): Promise<void> {
    this.#stall = Promise.withResolvers();
    return this.#stall.promise;
  }

  /** Sends whole answers again, and forgets the requests. */
  resume(): void {
    this.#stall = undefined;
    this.requests.length = 0;
    this.sentBytes = 0;
  }

  #answer(request: Request): Response {
    const { pathname } = new URL(request.url);
    // The version of the API.
    if (pathname === "/v2/") return new Response("{}");
    const range = /^bytes=(\d+)-$/.exec(request.headers.get("range") ?? "")?.[1];
    this.requests.push(`${pathname} ${range ?? 0}`);
    const file = this.#files.get(pathname);
    if (file === undefined) return new Response("", { status: 404 });
    const { bytes, type } = file;
    const rest = bytes.subarray(Number(range ?? 0));
    const headers = new Headers({ "content-type": type, "content-length": String(rest.length) });
    if (range !== undefined) {
      headers.set("content-range", `bytes ${range}-${bytes.length - 1}/${bytes.length}`);
    }
    const status = range === undefined ? 200 : 206;
    const stall = rest.length > 2 ** 20 ? this.#stall : undefined;
    if (stall === undefined) {
      this.sentBytes += rest.length;
      return new Response(rest, { status, headers });
    }
    const half = new ReadableStream({
      pull(controller) {
        controller.enqueue(rest.subarray(0, rest.length >> 1));
        stall.resolve();
        // Never called again: the rest does not follow.
        return new Promise(() => {});
      },
    });
    return new Response(half, { status, headers });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#server.finished;
  }
}

/** Returns the address of the host in the network of the lab. */
export async function hostAddress(): Promise<string> {
  const { address = "" } = await labStatus();
  return address.replace(/\d+$/, "1");
}
