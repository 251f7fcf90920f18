import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { parseRange } from "../../../cloud/files/byte-range.js";
import type { FilesSettings } from "../../../cloud/files/open-files.js";
import { checkRequest } from "./signature.js";

export const BUCKET = "firmware-bucket";
export const REGION = "test-region-1";
export const KEYS = { accessKeyId: "AKIDTESTTESTTESTTEST", secretAccessKey: "kSecret/with+odd=characters0123456789ab" };

/** An answer in the place of the right one. */
export interface StoreFault {
  /** Which requests: by method, and by a part of the target. Default: all. */
  readonly method?: string;
  readonly target?: string;
  /** How often. Default: once. */
  readonly times?: number;
  readonly status?: number;
  readonly code?: string;
  readonly headers?: { readonly [name: string]: string };
  /** Answers with 200 and an error in the body, as stores do for what takes long. */
  readonly inBody?: boolean;
  /** Does what was asked for, and closes the connection instead of an answer. */
  readonly losesAnswer?: boolean;
  /** Ends the connection after so many bytes of the body. */
  readonly cutAfter?: number;
  /** Answers so late. */
  readonly delayMs?: number;
}

export interface StoredObject {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly headers: { readonly [name: string]: string };
}

interface Upload {
  readonly key: string;
  readonly headers: { readonly [name: string]: string };
  readonly parts: Map<number, Buffer>;
}

interface Answer {
  readonly status: number;
  readonly headers?: { readonly [name: string]: string | number };
  readonly body?: Buffer | string;
}

const LEAST_PART_BYTES = 5 * 1024 * 1024;

/** A strict S3-compatible store for tests, with one bucket and path-style addresses. */
export class ObjectStore {
  readonly objects = new Map<string, StoredObject>();
  readonly uploads = new Map<string, Upload>();
  readonly requests: { readonly method: string; readonly target: string; readonly status: number }[] = [];
  /** How far its clock is ahead. */
  clockOffsetMs = 0;
  /** Least bytes of a part that is not the last. */
  leastPartBytes = LEAST_PART_BYTES;
  sessionToken: string | undefined;
  readonly #server: Server;
  #faults: { readonly fault: StoreFault; left: number }[] = [];
  #count = 0;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
  }

  /** @param port default: any that is free */
  static async start(port = 0): Promise<ObjectStore> {
    const store = new ObjectStore();
    await new Promise<void>((resolve) => store.#server.listen(port, "127.0.0.1", resolve));
    return store;
  }

  static async run(body: (store: ObjectStore) => Promise<void>): Promise<void> {
    const store = await ObjectStore.start();
    try {
      await body(store);
    } finally {
      await store.stop();
    }
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** As `--files` takes it. */
  location(prefix = "firmware"): string {
    return `s3://${BUCKET}/${prefix}?endpoint=${this.endpoint}&region=${REGION}`;
  }

  /** @param folder gets the file of the keys */
  settings(folder: string, prefix?: string): FilesSettings {
    const keysFile = join(folder, "store-keys");
    writeFileSync(keysFile, `${KEYS.accessKeyId}\n${KEYS.secretAccessKey}\n`);
    return { location: this.location(prefix), keysFile };
  }

  fault(fault: StoreFault): void {
    this.#faults.push({ fault, left: fault.times ?? 1 });
  }

  /** Ends all faults. */
  heal(): void {
    this.#faults = [];
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = "", url: target = "", headers } = request;
    const body = Buffer.concat(chunks);
    const fault = this.#strike(method, target);
    if (fault?.delayMs !== undefined) await setTimeout(fault.delayMs);
    const nowMs = Date.now() + this.clockOffsetMs;
    const checks = { ...KEYS, region: REGION, sessionToken: this.sessionToken, nowMs };
    const refusal = checkRequest({ method, target, headers, body }, checks);
    let answer = refusal === undefined ? undefined : failure(refusal.status, refusal.code);
    if (answer === undefined && fault?.code !== undefined) {
      answer = { ...failure(fault.status ?? 200, fault.code), headers: fault.headers ?? {} };
    }
    answer ??= this.#answer(method, target, request, body);
    this.requests.push({ method, target, status: answer.status });
    if (fault?.losesAnswer === true) {
      request.socket.destroy();
      return;
    }
    const content = Buffer.from(answer.body ?? "");
    response.writeHead(answer.status, {
      Date: new Date(nowMs).toUTCString(),
      "Content-Length": content.byteLength,
      ...answer.headers,
    });
    if (fault?.cutAfter === undefined) {
      response.end(method === "HEAD" ? undefined : content);
      return;
    }
    response.write(content.subarray(0, fault.cutAfter), () => request.socket.destroy());
  }

  #strike(method: string, target: string): StoreFault | undefined {
    const found = this.#faults.find(
      ({ fault, left }) =>
        left > 0 &&
        (fault.method ?? method) === method &&
        (fault.target === undefined || target.includes(fault.target)),
    );
    if (found !== undefined) found.left--;
    return found?.fault;
  }

  #answer(method: string, target: string, request: IncomingMessage, body: Buffer): Answer {
    const { pathname, searchParams } = new URL(target, "http://store");
    const [, bucket = "", ...rest] = decodeURIComponent(pathname).split("/");
    const key = rest.join("/");
    if (bucket !== BUCKET) return failure(404, "NoSuchBucket");
    const uploadId = searchParams.get("uploadId");
    if (method === "POST" && searchParams.has("uploads")) return this.#begin(key, request);
    if (uploadId !== null) return this.#part(method, key, uploadId, Number(searchParams.get("partNumber")), body);
    if (method === "GET" || method === "HEAD") return this.#get(key, request);
    if (method === "DELETE") {
      this.objects.delete(key);
      return { status: 204 };
    }
    if (method !== "PUT") return failure(405, "MethodNotAllowed");
    const source = request.headers["x-amz-copy-source"];
    if (source === undefined) return this.#put(key, body, kept(request));
    const found = this.objects.get(decodeURIComponent(String(source)).replace(`/${BUCKET}/`, ""));
    if (found === undefined) return failure(404, "NoSuchKey");
    this.objects.set(key, found);
    return { status: 200, body: `<CopyObjectResult><ETag>${found.etag}</ETag></CopyObjectResult>` };
  }

  #put(key: string, bytes: Buffer, headers: StoredObject["headers"], etag = etagOf(bytes)): Answer {
    this.objects.set(key, { bytes, etag, headers });
    return { status: 200, headers: { ETag: etag } };
  }

  #get(key: string, request: IncomingMessage): Answer {
    const found = this.objects.get(key);
    if (found === undefined) return failure(404, "NoSuchKey");
    const { bytes, etag } = found;
    const headers = { ...found.headers, ETag: etag, "Accept-Ranges": "bytes" };
    const ifRange = request.headers["if-range"];
    const isRanged = request.method === "GET" && (ifRange === undefined || ifRange === etag);
    const range = isRanged ? parseRange(request.headers.range, bytes.byteLength) : undefined;
    if (range === "unsatisfiable") return failure(416, "InvalidRange");
    if (range === undefined) {
      return { status: 200, headers: { ...headers, "Content-Length": bytes.byteLength }, body: bytes };
    }
    const { first, last } = range;
    return {
      status: 206,
      headers: { ...headers, "Content-Range": `bytes ${first}-${last}/${bytes.byteLength}` },
      body: bytes.subarray(first, last + 1),
    };
  }

  #begin(key: string, request: IncomingMessage): Answer {
    const id = `upload-${++this.#count}`;
    this.uploads.set(id, { key, headers: kept(request), parts: new Map() });
    const body = `<InitiateMultipartUploadResult><Key>${key}</Key><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`;
    return { status: 200, body };
  }

  #part(method: string, key: string, id: string, number: number, body: Buffer): Answer {
    const upload = this.uploads.get(id);
    if (upload === undefined || upload.key !== key) return failure(404, "NoSuchUpload");
    if (method === "DELETE") {
      this.uploads.delete(id);
      return { status: 204 };
    }
    if (method === "PUT") {
      upload.parts.set(number, body);
      return { status: 200, headers: { ETag: etagOf(body) } };
    }
    const named = [...body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>("[0-9a-f]{32}")<\/ETag>/g)];
    const parts = named.map(([, at, etag]) => ({ bytes: upload.parts.get(Number(at)), etag }));
    if (parts.length === 0 || parts.some(({ bytes, etag }) => bytes === undefined || etagOf(bytes) !== etag)) {
      return failure(400, "InvalidPart");
    }
    const pieces = parts.map(({ bytes }) => bytes as Buffer);
    if (pieces.slice(0, -1).some(({ byteLength }) => byteLength < this.leastPartBytes)) {
      return failure(400, "EntityTooSmall");
    }
    this.uploads.delete(id);
    this.#put(key, Buffer.concat(pieces), upload.headers, `"${"0".repeat(32)}-${pieces.length}"`);
    return { status: 200, body: "<CompleteMultipartUploadResult></CompleteMultipartUploadResult>" };
  }
}

function failure(status: number, code: string): Answer {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>no</Message></Error>`;
  return { status, headers: { "Content-Type": "application/xml" }, body };
}

function etagOf(bytes: Uint8Array): string {
  return `"${createHash("md5").update(bytes).digest("hex")}"`;
}

function kept({ headers }: IncomingMessage): StoredObject["headers"] {
  const names = ["content-type", "cache-control"];
  return Object.fromEntries(
    names.flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])]])),
  );
}
