import type { IncomingMessage } from "node:http";
import { ANSWER_FORMS, type AnswerForm } from "./answers.js";
import { type Fields, isFields } from "./calls.js";

/** What came in one request of a broker. */
export interface ReceivedCall {
  /** Path without its query. */
  readonly path: string;
  readonly fields: Fields;
  readonly form: AnswerForm;
  /** The hook that VerneMQ names in a header; empty for other brokers. */
  readonly hook: string;
}

/** The request itself is wrong. */
export class CallError extends Error {
  override readonly name = "CallError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A topic has at most 64 KiB, those that a device may use 128 bytes; a client id with user name and password 400. */
const BODY_LIMIT_BYTES = 16 * 1024;

/** The host counts for nothing here. */
const ANY_HOST = "http://hooks";

/** @throws CallError if it is too long, not of a known type, or not what its type says */
export async function readCall(request: IncomingMessage): Promise<ReceivedCall> {
  const url = URL.canParse(request.url ?? "", ANY_HOST) ? new URL(request.url ?? "", ANY_HOST) : undefined;
  if (url === undefined) throw new CallError(400, "the request has no valid target");
  const query = Object.fromEntries(url.searchParams);
  const header = request.headers["vernemq-hook"];
  const hook = typeof header === "string" ? header : "";
  const asked = ANSWER_FORMS.find((form) => form === query["answer"]);
  if (asked === undefined && query["answer"] !== undefined) throw new CallError(400, "answer=json, status or text");
  const body = ["POST", "PUT"].includes(request.method ?? "") ? await readBody(request) : {};
  const form = asked ?? (hook === "" ? "json" : "vernemq");
  return { path: url.pathname, fields: { ...query, ...body }, form, hook };
}

async function readBody(request: IncomingMessage): Promise<Fields> {
  const text = await readText(request);
  if (text === "") return {};
  const type = request.headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  if (type === "application/x-www-form-urlencoded") return Object.fromEntries(new URLSearchParams(text));
  if (type !== "application/json") throw new CallError(415, "the body is to be JSON or a form");
  try {
    const value: unknown = JSON.parse(text);
    if (isFields(value)) return value;
  } catch {
    // Said below.
  }
  throw new CallError(400, "the body is no JSON object");
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    // What is too long is read to its end and not kept: the answer could not be sent otherwise.
    length += chunk.byteLength;
    if (length <= BODY_LIMIT_BYTES) chunks.push(chunk);
  }
  if (length > BODY_LIMIT_BYTES) throw new CallError(413, `the body is longer than ${BODY_LIMIT_BYTES} bytes`);
  return Buffer.concat(chunks).toString("utf8");
}
