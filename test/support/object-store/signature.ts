import { createHash, createHmac } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** A refusal in the words of S3. */
export interface StoreRefusal {
  readonly status: number;
  readonly code: string;
}

export interface SignedRequest {
  readonly method: string;
  /** Path and query as they came. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

export interface SignatureChecks {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  readonly region: string;
  /** The store's clock. */
  readonly nowMs: number;
}

const SKEW_MS = 15 * 60 * 1000;
const LONGEST_SEC = 7 * 86_400;
const DENIED: StoreRefusal = { status: 403, code: "AccessDenied" };
const WRONG: StoreRefusal = { status: 403, code: "SignatureDoesNotMatch" };
const MALFORMED: StoreRefusal = { status: 400, code: "AuthorizationHeaderMalformed" };

/**
 * Checks a request by AWS Signature Version 4 as its documents have it, and takes nothing that is only nearly so. It
 * shares no code with what signs.
 *
 * @returns `undefined` if the request is signed
 */
export function checkRequest(request: SignedRequest, checks: SignatureChecks): StoreRefusal | undefined {
  const [path = "", search = ""] = request.target.split("?", 2);
  const query = search === "" ? [] : search.split("&").map((pair) => splitPair(pair));
  const isPresigned = query.some(([name]) => name === "X-Amz-Signature");
  return isPresigned ? checkQuery(request, path, query, checks) : checkHeader(request, path, query, checks);
}

type Pairs = readonly (readonly [name: string, value: string])[];

function checkHeader(request: SignedRequest, path: string, query: Pairs, checks: SignatureChecks) {
  const { headers, body } = request;
  const given =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? "",
    );
  if (given === null) return headers.authorization === undefined ? DENIED : MALFORMED;
  const [, accessKeyId = "", day = "", region = "", signed = "", signature = ""] = given;
  const date = String(headers["x-amz-date"]);
  const payload = String(headers["x-amz-content-sha256"]);
  if (region !== checks.region || !date.startsWith(day)) return MALFORMED;
  if (accessKeyId !== checks.accessKeyId) return { status: 403, code: "InvalidAccessKeyId" };
  if (Math.abs(timeOf(date) - checks.nowMs) > SKEW_MS) return { status: 403, code: "RequestTimeTooSkewed" };
  if (payload !== sha256(body)) return { status: 400, code: "XAmzContentSHA256Mismatch" };
  const names = signed.split(";");
  const mustBeSigned = Object.keys(headers).filter((name) => name === "host" || name.startsWith("x-amz-"));
  if (mustBeSigned.some((name) => !names.includes(name))) return DENIED;
  if (checks.sessionToken !== undefined && headers["x-amz-security-token"] !== checks.sessionToken) {
    return { status: 400, code: "InvalidToken" };
  }
  const canonical = canonicalRequest(request, { path, query, names, payload });
  return signature === signatureOf(canonical, date, checks) ? undefined : WRONG;
}

function checkQuery(request: SignedRequest, path: string, query: Pairs, checks: SignatureChecks) {
  const value = (name: string): string => decodeURIComponent(query.find(([other]) => other === name)?.[1] ?? "");
  const date = value("X-Amz-Date");
  const expires = Number(value("X-Amz-Expires"));
  const credential = `${checks.accessKeyId}/${date.slice(0, 8)}/${checks.region}/s3/aws4_request`;
  if (value("X-Amz-Algorithm") !== "AWS4-HMAC-SHA256" || !Number.isInteger(expires) || expires < 1) return MALFORMED;
  if (expires > LONGEST_SEC || value("X-Amz-Credential") !== credential) return MALFORMED;
  if (checks.sessionToken !== undefined && value("X-Amz-Security-Token") !== checks.sessionToken) return DENIED;
  const names = value("X-Amz-SignedHeaders").split(";");
  if (!names.includes("host") || request.headers.authorization !== undefined) return DENIED;
  const unsigned = query.filter(([name]) => name !== "X-Amz-Signature");
  const canonical = canonicalRequest(request, { path, query: unsigned, names, payload: "UNSIGNED-PAYLOAD" });
  if (value("X-Amz-Signature") !== signatureOf(canonical, date, checks)) return WRONG;
  const isTooEarly = timeOf(date) - SKEW_MS > checks.nowMs;
  return isTooEarly || timeOf(date) + expires * 1000 <= checks.nowMs ? DENIED : undefined;
}

function canonicalRequest(
  { method, headers }: SignedRequest,
  parts: { path: string; query: Pairs; names: readonly string[]; payload: string },
): string {
  const { path, query, names, payload } = parts;
  const pairs = query.map(([name, value]) => `${strictly(name)}=${strictly(value)}`).sort(byBytes);
  const fields = names.map(
    (name) =>
      `${name}:${String(headers[name] ?? "")
        .trim()
        .replace(/ +/g, " ")}\n`,
  );
  const encoded = path.split("/").map(strictly).join("/");
  return [method, encoded, pairs.join("&"), fields.join(""), names.join(";"), payload].join("\n");
}

function signatureOf(canonical: string, date: string, { secretAccessKey, region }: SignatureChecks): string {
  const day = date.slice(0, 8);
  let key: Buffer = Buffer.from(`AWS4${secretAccessKey}`);
  for (const part of [day, region, "s3", "aws4_request"]) key = createHmac("sha256", key).update(part).digest();
  const text = ["AWS4-HMAC-SHA256", date, `${day}/${region}/s3/aws4_request`, sha256(canonical)].join("\n");
  return createHmac("sha256", key).update(text).digest("hex");
}

/** @returns the text with each byte encoded that is not unreserved (RFC 3986 §2.3), whatever was encoded before */
function strictly(text: string): string {
  const encode = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  return [...Buffer.from(decodeURIComponent(text))]
    .map((byte) => (/[A-Za-z0-9._~-]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : encode(byte)))
    .join("");
}

function splitPair(pair: string): readonly [string, string] {
  const at = pair.indexOf("=");
  return at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
}

function byBytes(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function timeOf(date: string): number {
  const parts = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(date)?.slice(1).map(Number) ?? [];
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}
