import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { healthAnswer, type Readiness } from "../api/health-answer.js";
import { METRICS_TYPE, metricsText, processText } from "../api/metrics.js";
import { clientOf, RateLimit } from "../api/rate-limit.js";
import { listenOn } from "../listening.js";
import { answerOf, type HookAnswer, type Result, taken } from "./answers.js";
import { type ConnectCall, type PresenceCall, readConnectCall, readPresenceCall, readTopicCall } from "./calls.js";
import { HookCounts } from "./counts.js";
import type { Gatekeeper } from "./gatekeeper.js";
import { CallError, readCall, type ReceivedCall } from "./read-call.js";
import type { HookSecret } from "./secret.js";

export interface HookServerOptions {
  readonly gatekeeper: Pick<Gatekeeper, "connect" | "use">;
  /** Absent: whoever reaches the port is the broker. */
  readonly secret?: HookSecret | undefined;
  readonly readiness: Readiness;
  /** Called for each event of presence; absent if the cloud is not to know of it by hooks. */
  onPresence?(call: PresenceCall): void;
  /** Called with one line, which holds no secret, when something is refused or fails. */
  onProblem?(line: string): void;
  /** Most calls that are decided at a time. Default 256. */
  readonly callLimit?: number;
  /** Milliseconds after which a call is answered with 503: brokers wait for 5 s by default. Default 4 s. */
  readonly decisionMs?: number;
  /** Lines a minute about wrong credentials of one client id from one address. Default 30. */
  readonly refusalsPerMinute?: number;
  /** Milliseconds, from any origin. */
  now?(): number;
}

const CONNECTION_LIMIT = 1000;
const HEADER_LIMIT_BYTES = 8 * 1024;
/** A call is short, and a broker waits for 5 s. */
const REQUEST_TIMEOUT_MS = 5000;
/** Brokers keep a pool of connections. */
const KEEP_ALIVE_MS = 60_000;
const CLOSE_MS = 1000;
/** Requests with a wrong secret from one address, a minute. */
const WRONG_SECRETS_PER_MINUTE = 20;

const HOOKS: { readonly [path: string]: Hook } = {
  "/hooks/mqtt/auth": "auth",
  "/hooks/mqtt/acl": "acl",
  "/hooks/mqtt/presence": "presence",
};
type Hook = "auth" | "acl" | "presence";

/** Answers the calls of another broker: who may connect, and what a client may do. It also says how this process is. */
export class HookServer {
  readonly #options: Required<Omit<HookServerOptions, "secret" | "onPresence" | "onProblem">> & HookServerOptions;
  readonly #server: Server;
  readonly #counts = new HookCounts();
  readonly #refusals: RateLimit;
  readonly #wrongSecrets: RateLimit;
  #calls = 0;

  constructor(options: HookServerOptions) {
    const now = options.now === undefined ? () => performance.now() : () => options.now?.() ?? 0;
    this.#options = { callLimit: 256, decisionMs: 4000, refusalsPerMinute: 30, ...options, now };
    this.#refusals = new RateLimit({ perMinute: this.#options.refusalsPerMinute, now });
    this.#wrongSecrets = new RateLimit({ perMinute: WRONG_SECRETS_PER_MINUTE, now });
    this.#server = createServer(
      {
        maxHeaderSize: HEADER_LIMIT_BYTES,
        headersTimeout: REQUEST_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        keepAliveTimeout: KEEP_ALIVE_MS,
      },
      (request, response) => void this.#serve(request, response),
    );
    this.#server.maxConnections = CONNECTION_LIMIT;
    this.#server.on("clientError", (_error, socket) => socket.destroy());
  }

  /** @returns the port @throws CloudError if it cannot listen there */
  listen(host: string, port: number): Promise<number> {
    return listenOn(this.#server, host, port, "--hooks-port");
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Lets the calls that run come to their end. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    const timer = setTimeout(() => this.#server.closeAllConnections(), CLOSE_MS);
    await closed;
    clearTimeout(timer);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? "").split("?")[0] ?? "";
    const health = healthAnswer(path, this.#options.readiness);
    if (health !== undefined) {
      send(response, health);
      return;
    }
    const hook = Object.hasOwn(HOOKS, path) ? HOOKS[path] : undefined;
    if (hook === undefined && path !== "/metrics") {
      send(response, plain(404, "there is nothing here"));
      return;
    }
    const refused = this.#refusalOf(request);
    if (refused !== undefined) {
      this.#counts.add(hook ?? "metrics", "unauthorized", 0);
      send(response, refused, { Connection: "close" });
      return;
    }
    if (hook === undefined) {
      const body = metricsText(this.#counts.metrics()) + processText();
      send(response, { status: 200, type: METRICS_TYPE, body });
      return;
    }
    const begun = performance.now();
    const { answer, result } = await this.#answer(hook, request);
    this.#counts.add(hook, result, performance.now() - begun);
    send(response, answer);
  }

  /** @returns the answer to a request without the secret */
  #refusalOf({ headers, socket }: IncomingMessage): HookAnswer | undefined {
    const { secret, onProblem } = this.#options;
    if (secret === undefined || secret.isShownBy(headers.authorization)) return undefined;
    const client = clientOf(socket.remoteAddress ?? "unknown");
    if (this.#wrongSecrets.take(client) > 0) return plain(429, "too many requests without the secret");
    onProblem?.(`a call of the hooks from ${client} is refused: it does not show the secret`);
    return plain(401, "show the secret of the hooks: Authorization: Bearer …");
  }

  async #answer(
    hook: Hook,
    request: IncomingMessage,
  ): Promise<{ readonly answer: HookAnswer; readonly result: string }> {
    const { callLimit, decisionMs, onProblem } = this.#options;
    try {
      const call = await readCall(request);
      if (hook === "presence") return this.#takePresence(call);
      if (this.#calls >= callLimit) throw new CallError(503, "too many calls at a time");
      this.#calls++;
      const decided = this.#decide(hook, call).finally(() => this.#calls--);
      return await within(decided, decisionMs);
    } catch (error) {
      if (error instanceof CallError) return { answer: plain(error.status, error.message), result: "refused" };
      const reason = error instanceof Error ? error.message : String(error);
      onProblem?.(`a call of the hooks (${hook}) cannot be answered: ${reason}`);
      return { answer: plain(503, "this cannot be decided now"), result: "failed" };
    }
  }

  async #decide(
    hook: Exclude<Hook, "presence">,
    { fields, form, hook: name }: ReceivedCall,
  ): Promise<{ readonly answer: HookAnswer; readonly result: Result }> {
    const { gatekeeper } = this.#options;
    if (hook === "acl" || name.startsWith("auth_on_publish") || name.startsWith("auth_on_subscribe")) {
      const call = readTopicCall(fields, name);
      if (call === undefined) throw new CallError(400, "it needs clientid, action and topic");
      const result = await gatekeeper.use(call);
      return { answer: answerOf(form, { result }), result };
    }
    const call = readConnectCall(fields);
    if (call === undefined) throw new CallError(400, "it needs clientid, username and password");
    const decision = await gatekeeper.connect(call);
    if (decision.result === "deny") this.#noteRefusal(call);
    return { answer: answerOf(form, decision), result: decision.result };
  }

  /**
   * Whoever guesses fills no log. A right password is taken all the same: behind one address may be a stranger and the
   * device, and behind a balancer before the broker everybody.
   */
  #noteRefusal({ clientId, peer }: ConnectCall): void {
    if (this.#refusals.take(`${peer} ${clientId}`) > 0) return;
    this.#options.onProblem?.(
      `${shown(clientId)}: CONNECT refused: no such device, wrong password, or its time is over`,
    );
  }

  #takePresence({ fields, hook }: ReceivedCall): { readonly answer: HookAnswer; readonly result: string } {
    const call = readPresenceCall(fields, hook);
    if (call !== undefined) this.#options.onPresence?.(call);
    return { answer: taken(), result: call === undefined ? "ignored" : "taken" };
  }
}

function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not decided within ${ms} ms`)), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function plain(status: number, body: string): HookAnswer {
  return { status, type: "text/plain", body };
}

function send(
  response: ServerResponse,
  { status, type, body }: { readonly status: number; readonly type: string; readonly body: string },
  headers: { readonly [name: string]: string } = {},
): void {
  response.writeHead(status, {
    "Content-Type": type,
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-store",
    ...headers,
  });
  response.end(body);
}

/** @returns what a client id shows in a line of the log */
function shown(clientId: string): string {
  return clientId.replace(/[^ -~]/g, "?").slice(0, 64);
}
