import { createReadStream } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer, type ServerOptions } from "node:https";
import { type ByteRange, parseRange } from "./byte-range.js";
import type { FaultTarget } from "../faults/fault.js";
import { FaultList } from "../faults/fault-list.js";
import {
  answerFaulty,
  type BodyFaults,
  bodyFaults,
  rangeFaulty,
  refuseHandshakes,
  resetInstead,
  sendFaulty,
} from "../faults/http-faults.js";
import { MANIFEST_SUFFIX } from "./manifest.js";
import type { RegistrationRequest } from "../platform/registration.js";
import type { Downloads } from "./downloads.js";
import { checkSignature, type Holder, holderOf, type Verdict } from "./signed-url.js";

/** What is reported of each request, for logs and measurements. It never holds the query. */
export interface ServedRequest {
  readonly path: string;
  readonly status: number;
  /** Body bytes that were to be sent. */
  readonly byteLength: number;
}

/** A firmware that can be downloaded. */
export interface ServedFile {
  readonly productId: string;
  readonly size: number;
  readonly md5: string;
  /** Where it lies on this machine; absent if it is at another place. */
  readonly filePath?: string;
  /** A URL of another server that has it. */
  readonly elsewhere?: string;
  /** Served as JSON at the path with `.json` added. */
  readonly manifest?: object | undefined;
}

/** Where the server finds its files. */
export interface FileSource {
  /** Key that signs the URLs, in hexadecimal. */
  readonly signingKey: string;
  /** @returns the file of a URL's path; `undefined` if there is none, or its bytes are gone */
  find(path: string, holder: Holder): Promise<ServedFile | undefined>;
  /** Whether a URL that was signed for this holder was taken back since. */
  isRevoked(holder: Holder): Promise<boolean>;
}

export interface FileServerOptions {
  readonly source: FileSource;
  /** Downloads that are under way; they can be ended. */
  readonly downloads?: Downloads | undefined;
  /** If present, the server uses https. */
  readonly tls?: ServerOptions | undefined;
  /** They strike only requests for a firmware by GET. */
  readonly faults?: FaultList | undefined;
  onServed?(request: ServedRequest): void;
  /** Answers a device that registers itself: by the path of the request. */
  readonly registrations?: { readonly [path: string]: (request: RegistrationRequest) => Promise<object> };
}

/** Bytes of a registration at most. */
const REGISTRATION_LIMIT = 4096;

/**
 * Serves added firmware by signed URL, with ranges, as the platform's object store does. If a firmware has a manifest,
 * it is served too.
 */
export function createFileServer(options: FileServerOptions): Server {
  const registrations = new Map(Object.entries(options.registrations ?? {}));
  const listener: RequestListener = (request, response) => {
    const register = request.method === "POST" ? registrations.get(request.url ?? "") : undefined;
    if (register !== undefined) {
      serveRegistration(register, request, response).catch(() => response.destroy());
    } else serve(options, request, response).catch(() => response.destroy());
  };
  if (options.tls === undefined) return createServer(listener);
  const server = createSecureServer(options.tls, listener);
  if (options.faults !== undefined) refuseHandshakes(server, options.faults);
  return server;
}

/** The platform answers 200 also if it refuses. */
async function serveRegistration(
  register: (request: RegistrationRequest) => Promise<object>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).byteLength;
    if (length > REGISTRATION_LIMIT) throw new Error("too long");
  }
  const body = JSON.stringify(await register({ headers: request.headers, content: Buffer.concat(chunks) }));
  response.writeHead(200, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}

async function serve(options: FileServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { source, onServed } = options;
  const target = request.url ?? "/";
  const path = target.replace(/\?.*$/s, "");
  const done = (status: number, byteLength: number): void => onServed?.({ path, status, byteLength });
  const refuse = (status: number, code: string, message: string): void => {
    const body = `<?xml version='1.0' encoding='utf-8' ?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>\n`;
    response.writeHead(status, { "Content-Type": "application/xml", "Content-Length": Buffer.byteLength(body) });
    response.end(body);
    done(status, Buffer.byteLength(body));
  };

  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("Allow", "GET, HEAD");
    refuse(405, "MethodNotAllowed", "only GET and HEAD");
    return;
  }
  const { verdict, isManifest } = checkTarget(target, path, source.signingKey);
  if (verdict !== "valid") {
    refuse(403, "AccessDenied", verdict === "expired" ? "Request has expired" : "Signature does not match");
    return;
  }
  const holder = holderOf(target);
  if (await source.isRevoked(holder)) {
    refuse(403, "AccessDenied", "The update was taken back");
    return;
  }
  const file = await source.find(isManifest ? path.slice(0, -MANIFEST_SUFFIX.length) : path, holder);
  if (file === undefined || (isManifest && file.manifest === undefined)) {
    refuse(404, "NoSuchKey", "The specified key does not exist.");
    return;
  }
  if (isManifest) {
    const body = JSON.stringify(file.manifest);
    response.writeHead(200, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) });
    // Node itself omits the body of an answer to HEAD.
    response.end(body);
    done(200, request.method === "HEAD" ? 0 : Buffer.byteLength(body));
    return;
  }
  const faults = (request.method === "GET" ? options.faults : undefined) ?? new FaultList();
  const owner: FaultTarget = { productId: file.productId, deviceName: holder.deviceName };
  const other = answerFaulty(faults, owner, target, response);
  if (other !== undefined) {
    done(other.status, other.byteLength);
    return;
  }
  if (file.elsewhere !== undefined) {
    response.writeHead(302, { Location: file.elsewhere, "Cache-Control": "no-store", "Content-Length": 0 });
    response.end();
    done(302, 0);
    return;
  }
  const asked = rangeOf(request, file);
  const range = asked === "unsatisfiable" ? asked : rangeFaulty(faults, owner, asked, file.size);
  if (range === "unsatisfiable") {
    response.setHeader("Content-Range", `bytes */${file.size}`);
    refuse(416, "InvalidRange", "The requested range is not satisfiable");
    return;
  }
  const part = range ?? { first: 0, last: file.size - 1 };
  send(request, response, {
    file,
    range,
    faults: bodyFaults(faults, owner, part, file.size),
  });
  options.downloads?.began(holder, response);
  // It may have been taken back while the file was looked for, when this download could not be ended yet.
  if (await source.isRevoked(holder)) {
    response.destroy();
    done(403, 0);
    return;
  }
  const byteLength = part.last - part.first + 1;
  done(range === undefined ? 200 : 206, request.method === "HEAD" ? 0 : byteLength);
}

/**
 * The URL of a manifest is the URL of its file with `.json` put before the query, so one signature is valid for both,
 * for the same time. Because the version of a firmware may itself end in `.json`, the request is for a manifest only if
 * the signature does not fit the whole path but fits the path without `.json`.
 */
function checkTarget(target: string, path: string, key: string): { verdict: Verdict; isManifest: boolean } {
  const nowSec = Date.now() / 1000;
  const verdict = checkSignature(target, key, nowSec);
  if (verdict !== "invalid" || !path.endsWith(MANIFEST_SUFFIX)) return { verdict, isManifest: false };
  const file = path.slice(0, -MANIFEST_SUFFIX.length) + target.slice(path.length);
  return { verdict: checkSignature(file, key, nowSec), isManifest: true };
}

/** A Range counts only for GET, and only if an If-Range, if there is one, names this file (RFC 9110 §14.2, §13.1.5). */
function rangeOf(request: IncomingMessage, file: ServedFile): ByteRange | "unsatisfiable" | undefined {
  const ifRange = request.headers["if-range"];
  if (ifRange !== undefined && ifRange !== etagOf(file)) return undefined;
  return request.method === "HEAD" ? undefined : parseRange(request.headers.range, file.size);
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { file, range, faults }: { file: ServedFile; range: ByteRange | undefined; faults: BodyFaults | undefined },
): void {
  if (faults !== undefined && resetInstead(faults, request)) return;
  const { first, last } = range ?? { first: 0, last: file.size - 1 };
  response.writeHead(range === undefined ? 200 : 206, {
    "Content-Type": "application/octet-stream",
    "Content-Length": last - first + 1,
    "Accept-Ranges": "bytes",
    ETag: etagOf(file),
    ...(range === undefined ? {} : { "Content-Range": `bytes ${first}-${last}/${file.size}` }),
  });
  if (request.method === "HEAD") {
    response.end();
    return;
  }
  const content = createReadStream(file.filePath ?? "", { start: first, end: last });
  content.on("error", () => response.destroy());
  response.on("close", () => content.destroy());
  if (faults === undefined) content.pipe(response);
  else sendFaulty(content, response, faults, { first, size: file.size }).catch(() => response.destroy());
}

function etagOf({ md5 }: ServedFile): string {
  return `"${md5}"`;
}
