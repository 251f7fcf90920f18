import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const TYPES: { readonly [ending: string]: string } = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".json": "application/json",
  ".txt": "text/plain; charset=utf-8",
};

/** Where the build has put the page. */
const FOLDER = fileURLToPath(new URL("../console/page", import.meta.url));

interface File {
  readonly type: string;
  readonly etag: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly zipped: Uint8Array<ArrayBuffer>;
}

/** The files of the console, in memory. */
export class Page {
  readonly #files: ReadonlyMap<string, File>;

  /** @param folder the built page; a folder that is missing is a cloud without one */
  constructor(folder = FOLDER) {
    const names = existsSync(folder) ? readdirSync(folder) : [];
    this.#files = new Map(names.filter((name) => extname(name) in TYPES).map((name) => [name, read(folder, name)]));
  }

  /**
   * @returns the file that the path names. Every other path that a browser opens is a place in the page, which is its
   * one document; absent if the request is not for that
   */
  answer(request: Request): Response | undefined {
    if (request.method !== "GET" && request.method !== "HEAD") return undefined;
    const name = new URL(request.url).pathname.slice(1);
    const isOpened = name === "" || request.headers.get("Accept")?.includes("text/html") === true;
    const file = this.#files.get(name) ?? (isOpened ? this.#files.get("index.html") : undefined);
    if (file === undefined) return undefined;
    const headers = { ETag: file.etag, "Cache-Control": "no-cache", Vary: "Accept-Encoding" };
    if (request.headers.get("If-None-Match") === file.etag) return new Response(null, { status: 304, headers });
    const isZipped = /\bgzip\b/.test(request.headers.get("Accept-Encoding") ?? "");
    const body = isZipped ? file.zipped : file.bytes;
    return new Response(request.method === "HEAD" ? null : body, {
      headers: {
        ...headers,
        "Content-Type": file.type,
        "Content-Length": String(body.byteLength),
        ...(isZipped ? { "Content-Encoding": "gzip" } : {}),
      },
    });
  }
}

function read(folder: string, name: string): File {
  const bytes = new Uint8Array(readFileSync(join(folder, name)));
  return {
    type: TYPES[extname(name)] ?? "application/octet-stream",
    // A weak one: the same file is sent with and without compression (RFC 9110 §8.8.1).
    etag: `W/"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`,
    bytes,
    zipped: new Uint8Array(gzipSync(bytes)),
  };
}
