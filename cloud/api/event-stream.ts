import type { Change, EventFilter, EventView, Operator } from "../operator/types.js";
import { ChangeFeed } from "./change-feed.js";
import { printableJson } from "./printable.js";
import { ApiProblem } from "./problem.js";
import type { ApiContext } from "./request.js";

export interface EventStreamsOptions {
  readonly operator: Pick<Operator, "events" | "follow">;
  /** Most streams at a time. */
  readonly streamLimit: number;
  /** Milliseconds between two comments that keep the connection, and after which the right to read is checked again. */
  readonly heartbeatMs: number;
  /** Bytes that wait for a reader. One that is further behind is cut; it comes back with Last-Event-ID. */
  readonly bufferBytes: number;
}

const PLAN_INTERVAL_MS = 250;
const PRESENCE_INTERVAL_MS = 1000;

/** Events of one page while what was missed is replayed. */
const REPLAY_PAGE = 200;

/** The open streams of server-sent events. */
export class EventStreams {
  readonly #options: EventStreamsOptions;
  readonly #feed: ChangeFeed;
  readonly #open = new Set<Stream>();

  constructor(options: EventStreamsOptions) {
    this.#options = options;
    this.#feed = new ChangeFeed({
      operator: options.operator,
      planIntervalMs: PLAN_INTERVAL_MS,
      presenceIntervalMs: PRESENCE_INTERVAL_MS,
    });
  }

  get count(): number {
    return this.#open.size;
  }

  /**
   * Opens a stream. An event carries its id; all other changes carry none, so that a reader that comes back loads those
   * again.
   *
   * @param request.after the last event that the reader has; what came since then is sent first
   * @param request.mayRead whether the reader still may read
   * @throws ApiProblem if there are too many streams
   */
  open(
    context: ApiContext,
    request: { readonly filter: EventFilter; readonly after: number | undefined; mayRead(): Promise<boolean> },
  ): Response {
    if (this.#open.size >= this.#options.streamLimit) {
      throw new ApiProblem("busy", `there are ${this.#open.size} streams already: close one`, {
        headers: { "Retry-After": "5" },
      });
    }
    const stream = new Stream({
      ...this.#options,
      ...request,
      feed: this.#feed,
      onEnd: () => this.#open.delete(stream),
    });
    this.#open.add(stream);
    const { outgoing } = context.env ?? {};
    if (outgoing !== undefined) stream.cut = () => outgoing.destroy();
    return new Response(stream.body, {
      status: 200,
      headers: { "Content-Type": "text/event-stream", "X-Accel-Buffering": "no" },
    });
  }

  /** Ends at once the streams of those who may read no more; otherwise that takes until the next heartbeat. */
  async check(): Promise<void> {
    await Promise.all([...this.#open].map((stream) => stream.check()));
  }

  /** Ends all streams. */
  close(): void {
    for (const stream of this.#open) stream.end();
  }
}

interface StreamOptions extends EventStreamsOptions {
  readonly feed: ChangeFeed;
  readonly filter: EventFilter;
  readonly after: number | undefined;
  mayRead(): Promise<boolean>;
  onEnd(): void;
}

class Stream {
  readonly body: ReadableStream<Uint8Array>;
  /** A reader that reads nothing does not notice the end of its stream: the server ends its connection. */
  cut = (): void => this.#controller?.error(new Error("the reader is too slow"));
  readonly #options: StreamOptions;
  readonly #stopFollowing: () => void;
  readonly #heartbeat: NodeJS.Timeout;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  /** Called when the reader takes bytes. */
  #onPull = (): void => {};
  /** Id of the last event that was sent. */
  #last: number;
  /** What came while events of before are read from the store; absent when that is done. */
  #meanwhile: EventView[] | undefined;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#last = options.after ?? 0;
    this.#meanwhile = options.after === undefined ? undefined : [];
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#onPull(),
        cancel: () => this.#ended(),
      },
      { highWaterMark: options.bufferBytes, size: ({ byteLength }) => byteLength },
    );
    this.#send(": open\n\n");
    this.#stopFollowing = options.feed.follow((change) => this.#onChange(change));
    this.#heartbeat = setInterval(() => void this.#onHeartbeat(), options.heartbeatMs);
    if (options.after !== undefined) void this.#replay().catch(() => this.#cutOff());
  }

  /** Ends the stream in order. */
  end(): void {
    this.#controller?.close();
    this.#ended();
  }

  #onChange(change: Change): void {
    if (change.kind !== "event") this.#sendChange(change);
    else if (!fits(change, this.#options.filter)) return;
    else if (this.#meanwhile !== undefined) {
      // These are in the store already: those for which there is no room are read from there.
      if (this.#meanwhile.length <= REPLAY_PAGE) this.#meanwhile.push(change.event);
    } else this.#sendEvent(change.event);
  }

  /** Sends what is stored, page by page, and goes on with what came in the time of the last page. */
  async #replay(): Promise<void> {
    const { operator, filter } = this.#options;
    for (;;) {
      this.#meanwhile = [];
      const { items, next } = await operator.events(filter, { after: this.#last, limit: REPLAY_PAGE });
      for (const event of items) {
        await this.#room();
        this.#sendEvent(event);
      }
      if (this.#controller === undefined) return;
      if (next === undefined && this.#meanwhile.length <= REPLAY_PAGE) break;
    }
    const meanwhile = this.#meanwhile;
    this.#meanwhile = undefined;
    for (const event of meanwhile) this.#sendEvent(event);
  }

  /** @returns when the reader is ready for more */
  async #room(): Promise<void> {
    while (this.#controller !== undefined && (this.#controller.desiredSize ?? 0) < this.#options.bufferBytes / 2) {
      await new Promise<void>((resolve) => (this.#onPull = resolve));
    }
  }

  #sendChange(change: Exclude<Change, { readonly kind: "event" }>): void {
    const { productId } = this.#options.filter;
    const isOfProduct = change.kind === "plan" || change.kind === "package";
    if (isOfProduct && productId !== undefined && change.productId !== productId) return;
    this.#send(`event: ${change.kind}\ndata: ${printableJson(dataOf(change))}\n\n`);
  }

  #sendEvent(event: EventView): void {
    if (event.id <= this.#last) return;
    this.#last = event.id;
    this.#send(`id: ${event.id}\ndata: ${printableJson(event)}\n\n`);
  }

  async #onHeartbeat(): Promise<void> {
    this.#send(": alive\n\n");
    await this.check();
  }

  /** Ends the stream if its reader may read no more. */
  async check(): Promise<void> {
    const mayRead = await this.#options.mayRead().catch(() => false);
    if (!mayRead && this.#controller !== undefined) this.end();
  }

  #send(text: string): void {
    if (this.#controller === undefined) return;
    this.#controller.enqueue(Buffer.from(text));
    if ((this.#controller.desiredSize ?? 0) <= 0) this.#cutOff();
  }

  /** Ends the connection of a reader that is too slow. */
  #cutOff(): void {
    this.cut();
    this.#ended();
  }

  #ended(): void {
    if (this.#controller === undefined) return;
    this.#controller = undefined;
    clearInterval(this.#heartbeat);
    this.#stopFollowing();
    this.#onPull();
    this.#options.onEnd();
  }
}

function dataOf(change: Exclude<Change, { readonly kind: "event" }>): object {
  switch (change.kind) {
    case "plan":
      return { planId: change.planId, productId: change.productId };
    case "package":
      return { packageId: change.packageId, productId: change.productId };
    default:
      return {};
  }
}

/** Whether the store would find this event by the filter. */
function fits({ event, productId }: Extract<Change, { readonly kind: "event" }>, filter: EventFilter): boolean {
  const { device, planId, taskId, kind } = event;
  return (
    (filter.productId === undefined || (productId ?? device?.productId) === filter.productId) &&
    (filter.deviceName === undefined || device?.deviceName === filter.deviceName) &&
    (filter.planId === undefined || planId === filter.planId) &&
    (filter.taskId === undefined || taskId === filter.taskId) &&
    (filter.kind === undefined || kind === filter.kind)
  );
}
