import type { HttpAnswer } from "./scenario.js";

export interface Request {
  /** `undefined`: no Range field. */
  readonly from: number | undefined;
  readonly ifRange: string | undefined;
}

/** The bytes of one answer, and what becomes of the connection after them. */
export interface Reply {
  readonly head: Uint8Array;
  readonly body: Uint8Array;
  readonly then: "end" | "stall";
}

const CHUNK_LENGTH = 300;

/** What a right server sends, with the faults of this answer. */
export function replyTo(request: Request, answer: HttpAnswer, file: Uint8Array, etag: string): Reply {
  if (answer.raw !== undefined) return broken(answer, bytesOf(answer.raw), new Uint8Array(0));
  if (answer.status !== undefined) return refusal(answer, file);
  if (answer.refusesRange !== undefined && request.from !== undefined) {
    return refusal({ ...answer, status: answer.refusesRange }, file);
  }
  const asked =
    answer.ignoresRange === true || (request.ifRange !== undefined && request.ifRange !== etag)
      ? undefined
      : request.from;
  const first = Math.max(0, (asked ?? 0) - (answer.earlier ?? 0));
  if (first >= file.byteLength) return refusal({ ...answer, status: 416 }, file);
  const served =
    answer.serves === undefined ? file.byteLength - first : Math.ceil((file.byteLength - first) * answer.serves);
  const content = file.subarray(first, first + served);
  const framing = answer.framing ?? "length";
  const head = headOf(
    `HTTP/1.1 ${asked === undefined || answer.slices === true ? "200 OK" : "206 Partial Content"}`,
    answer,
    {
      ETag: etag,
      ...(framing === "length" ? { "Content-Length": String(content.byteLength) } : {}),
      ...(framing === "chunked" ? { "Transfer-Encoding": "chunked" } : {}),
      ...(asked === undefined ? {} : { "Content-Range": "bytes {first}-{last}/{size}" }),
    },
    { first, last: first + served - 1, size: file.byteLength },
  );
  const body = framing === "chunked" ? chunked(content, answer) : content;
  const extra = new Uint8Array(answer.extra ?? 0).fill(0x2e);
  return broken(answer, head, new Uint8Array(Buffer.concat([body, extra])));
}

function refusal(answer: HttpAnswer, file: Uint8Array): Reply {
  const size = file.byteLength;
  const text = answer.status === 204 || answer.status === 304 ? "" : "<Error>no</Error>";
  const fields = {
    "Content-Length": String(text.length),
    ...(answer.status === 416 ? { "Content-Range": "bytes */{size}" } : {}),
  };
  return broken(
    answer,
    headOf(`HTTP/1.1 ${answer.status} As Told`, answer, fields, { first: 0, last: size - 1, size }),
    bytesOf(text),
  );
}

function headOf(
  line: string,
  answer: HttpAnswer,
  right: { readonly [name: string]: string },
  numbers: { readonly first: number; readonly last: number; readonly size: number },
): Uint8Array {
  const values: { readonly [name: string]: number } = { ...numbers, next: numbers.first + 16 };
  const fields = Object.entries({ Server: "in-memory", ...right, ...answer.fields })
    .filter(([, value]) => value !== null)
    .map(
      ([name, value]) =>
        `${name}: ${String(value).replace(/\{([a-z]+)\}/g, (_all, key: string) => String(values[key]))}\r\n`,
    );
  return bytesOf(`${answer.interim ?? ""}${line}\r\n${fields.join("")}\r\n`);
}

function chunked(content: Uint8Array, { chunks }: HttpAnswer): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < content.byteLength; at += CHUNK_LENGTH) {
    const piece = content.subarray(at, at + CHUNK_LENGTH);
    const middle = chunks !== undefined && at >= content.byteLength / 2;
    const right = piece.byteLength.toString(16);
    const size = middle && chunks === "bad-size" ? "0x12c" : right.padStart(chunks === "padded" ? 12 : 0, "0");
    parts.push(
      bytesOf(`${size}${chunks === "extended" ? ";name=value" : ""}\r\n`),
      piece,
      bytesOf(middle && chunks === "overlong" ? "more\r\n" : "\r\n"),
    );
  }
  if (chunks !== "unending") parts.push(bytesOf(`0\r\n${chunks === "extended" ? "Expires: never\r\n" : ""}\r\n`));
  return new Uint8Array(Buffer.concat(parts));
}

function broken({ breaks, stopsAfter, lingers }: HttpAnswer, head: Uint8Array, body: Uint8Array): Reply {
  if (stopsAfter !== undefined) return { head, body: body.subarray(0, stopsAfter), then: "end" };
  const then = lingers === true ? "stall" : "end";
  if (breaks === undefined) return { head, body, then };
  if (breaks.in === "head") return { head: share(head, breaks.share), body: new Uint8Array(0), then: breaks.then };
  return { head, body: share(body, breaks.share), then: breaks.then };
}

function share(bytes: Uint8Array, part: number): Uint8Array {
  return bytes.subarray(0, Math.floor(bytes.byteLength * part));
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "latin1"));
}
