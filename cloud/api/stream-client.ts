import type { Change, EventView } from "../operator/types.js";
import { ApiError, type HttpExchange } from "./http-exchange.js";

export interface FollowOptions {
  readonly exchange: HttpExchange;
  onChange(change: Change): void;
  /** Called with one line when the stream breaks, and again if it ends for good. */
  onLost(line: string): void;
}

const RETRY_FIRST_MS = 500;
const RETRY_MOST_MS = 15_000;
/** Longest message of a stream, in characters. */
const MESSAGE_LIMIT = 1_000_000;

/** Reads the stream of events, and opens it again where it broke. @returns how to end that */
export function followStream({ exchange, onChange, onLost }: FollowOptions): () => void {
  const ended = new AbortController();
  let last: string | undefined;
  const run = async (): Promise<void> => {
    let waitMs = RETRY_FIRST_MS;
    while (!ended.signal.aborted) {
      try {
        const headers = last === undefined ? {} : { "Last-Event-ID": last };
        const response = await exchange.send("GET", "/events/stream", { headers, signal: ended.signal });
        waitMs = RETRY_FIRST_MS;
        for await (const { event, id, data } of messagesOf(response)) {
          last = id ?? last;
          const change = changeOf(event, data);
          if (change !== undefined) onChange(change);
        }
        onLost("the cloud has ended the stream of events: it is opened again");
      } catch (error) {
        if (ended.signal.aborted) return;
        onLost(error instanceof Error ? error.message : String(error));
        // A wrong token does not become right.
        if (error instanceof ApiError && (error.status === 401 || error.status === 403)) return;
      }
      await pause(waitMs * (0.5 + Math.random() / 2), ended.signal);
      waitMs = Math.min(RETRY_MOST_MS, waitMs * 2);
    }
  };
  void run();
  return () => ended.abort();
}

interface Message {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: string;
}

/** Server-sent events, as the HTML standard has them (§9.2.6). */
async function* messagesOf(response: Response): AsyncGenerator<Message> {
  if (response.body === null) return;
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const message = parse(text.slice(0, end));
      text = text.slice(end + 2);
      if (message.data !== "") yield message;
    }
    if (text.length > MESSAGE_LIMIT) throw new ApiError("the stream of events has a message without an end");
  }
}

function parse(block: string): Message {
  const fields: { [name: string]: string } = {};
  for (const row of block.split("\n")) {
    const [, name = "", value = ""] = /^([a-z]+): ?(.*)$/.exec(row) ?? [];
    fields[name] = name === "data" && fields["data"] !== undefined ? `${fields["data"]}\n${value}` : value;
  }
  return { event: fields["event"] ?? "event", id: fields["id"], data: fields["data"] ?? "" };
}

function changeOf(event: string, data: string): Change | undefined {
  const value = JSON.parse(data) as { readonly planId: number; readonly packageId: number; readonly productId: string };
  const { planId, packageId, productId } = value;
  switch (event) {
    case "plan":
      return { kind: "plan", planId, productId };
    case "package":
      return { kind: "package", packageId, productId };
    case "presence":
    case "health":
    case "faults":
      return { kind: event };
    case "event":
      return { kind: "event", event: value as unknown as EventView };
    default:
      return undefined;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
