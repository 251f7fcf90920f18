import { Hono } from "hono";
import { z } from "zod";
import { type Actor, type BrowserSessionRecords, type Operator, Refusal } from "../operator/types.js";
import { Authority, demand } from "./authority.js";
import { EventStreams } from "./event-stream.js";
import { healthAnswer } from "./health-answer.js";
import { readJsonBody } from "./json-body.js";
import { METRICS_TYPE, metricsText, processText } from "./metrics.js";
import { openApiDocument } from "./openapi.js";
import type { Page } from "./page.js";
import { printable, printableJson } from "./printable.js";
import { ApiProblem, problemResponse } from "./problem.js";
import { RateLimit } from "./rate-limit.js";
import { addressOf, type ApiContext, BASE, type Bindings, COMMAND_HEADER } from "./request.js";
import type { Route, Services } from "./route.js";
import { deskRoutes } from "./routes/desk.js";
import { deviceRoutes } from "./routes/devices.js";
import { exportRoutes } from "./routes/exports.js";
import { historyRoutes } from "./routes/history.js";
import { operationRoutes } from "./routes/operations.js";
import { packageRoutes } from "./routes/packages.js";
import { planRoutes } from "./routes/plans.js";
import { sessionRoutes } from "./routes/session.js";
import { settingsRoutes } from "./routes/settings.js";
import type { Principal } from "./sessions.js";
import { Sessions } from "./sessions.js";

export interface ApiOptions {
  readonly operator: Operator;
  /** Where the sessions of browsers outlive a restart. Absent: they are in memory alone. */
  readonly sessionRecords?: BrowserSessionRecords;
  /** The console. Absent: there is the API alone. */
  readonly page?: Page;
  /** Token that signs in the commands on this machine, as an admin. */
  readonly localToken?: string;
  /** A proxy before it speaks TLS: a request must say so in X-Forwarded-Proto. */
  readonly behindProxy?: boolean;
  /** It is reached over TLS, from the server itself or from a proxy: cookies are for TLS alone. */
  readonly secure?: boolean;
  /** Bytes of a JSON body. Default 1 MB. */
  readonly bodyLimit?: number;
  /** Requests of one client a minute. Default 1,200. */
  readonly requestsPerMinute?: number;
  /** Requests with a wrong token or code that one client may make a minute. Default 20. */
  readonly failuresPerMinute?: number;
  /** Streams of events at a time. Default 100. */
  readonly streamLimit?: number;
  /** Milliseconds between two comments in a stream. Default 15 s. */
  readonly heartbeatMs?: number;
  /** Bytes that wait for the reader of a stream. Default 1 MiB. */
  readonly streamBufferBytes?: number;
  /** Codes of what keeps the cloud from its work. Absent: it is always ready. */
  readiness?(): readonly string[];
  /** Milliseconds since 1970. Default: the system's clock. */
  now?(): number;
  /** Called with one line for each error that nobody expected; the request got status 500. */
  onError?(line: string): void;
}

/** All routes, in the order of the document. */
export const ROUTES: readonly Route[] = [
  ...deviceRoutes,
  ...packageRoutes,
  ...planRoutes,
  ...operationRoutes,
  ...historyRoutes,
  ...settingsRoutes,
  ...deskRoutes,
  ...exportRoutes,
  ...sessionRoutes,
];

const SECURITY_HEADERS = {
  "Content-Security-Policy":
    "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
} as const;

/** The API as an application that a server, or a test, calls with requests. */
export interface Api {
  fetch(request: Request, bindings?: Bindings): Promise<Response>;
  readonly sessions: Sessions;
  readonly streams: EventStreams;
}

export function createApi(options: ApiOptions): Api {
  const { operator, localToken, behindProxy = false, secure = false, now = Date.now } = options;
  const { bodyLimit = 1_000_000, requestsPerMinute = 1200, failuresPerMinute = 20 } = options;
  const sessions = new Sessions({ now, records: options.sessionRecords });
  const streams = new EventStreams({
    operator,
    streamLimit: options.streamLimit ?? 100,
    heartbeatMs: options.heartbeatMs ?? 15_000,
    bufferBytes: options.streamBufferBytes ?? 1_048_576,
  });
  options.sessionRecords?.follow?.((ended) => {
    sessions.onEnded(ended);
    void streams.check();
  });
  // With the prefix, a browser takes the cookie only from this host, over TLS (RFC 6265bis §4.1.3.2).
  const cookie = { name: secure ? "__Host-ota_session" : "ota_session", secure };
  const authority = new Authority({
    operator,
    sessions,
    localToken,
    behindProxy,
    cookieName: cookie.name,
    requests: new RateLimit({ perMinute: requestsPerMinute, now }),
    failures: new RateLimit({ perMinute: failuresPerMinute, now }),
  });
  const services: Services = { operator, sessions, streams, authority, cookie };
  const document = printableJson(openApiDocument(ROUTES));
  const app = new Hono<{ Bindings: Bindings }>();

  app.use(async (context, next) => {
    // Whoever looks if the process lives comes to it directly, and without a sign-in.
    const health = healthAnswer(context.req.path, () => options.readiness?.() ?? []);
    if (health !== undefined) {
      return new Response(health.body, { status: health.status, headers: { "Content-Type": health.type } });
    }
    if (behindProxy && context.env?.local !== true && context.req.header("X-Forwarded-Proto") !== "https") {
      throw new ApiProblem("forbidden", "this is for requests over TLS: the proxy must send X-Forwarded-Proto: https");
    }
    await next();
    return undefined;
  });
  app.get(`${BASE}/openapi.json`, () => json(document));
  app.get("/metrics", async (context) => {
    demand("viewer", await authority.principalOf(context));
    return new Response(metricsText(await operator.metrics()) + processText(), {
      headers: { "Content-Type": METRICS_TYPE },
    });
  });
  for (const route of ROUTES) {
    app.on(route.method, `${BASE}${honoPath(route.path)}`, async (context) => {
      const principal = await authority.principalOf(context);
      if (route.role !== "anyone") demand(route.role, principal);
      const actor = actorOf(context, principal, behindProxy);
      const params = checked("path", route.params, context.req.param());
      const query = checked("query", route.query ?? NO_QUERY, queryOf(context));
      const body =
        route.body === undefined
          ? undefined
          : checked("body", route.body, await readJsonBody(context.req.raw, bodyLimit));
      const answer = await route.handle({ params, query, body, actor, principal, context }, services);
      if (answer instanceof Response) return answer;
      return route.status === 204 ? new Response(null, { status: 204 }) : json(printableJson(answer), route.status);
    });
  }
  app.notFound((context) => {
    const isOfApi = context.req.path === "/api" || context.req.path.startsWith("/api/");
    const page = isOfApi || context.env?.local === true ? undefined : options.page?.answer(context.req.raw);
    if (page !== undefined) return page;
    const allowed = ROUTES.filter(({ path }) => matches(path, context.req.path)).map(({ method }) => method);
    const problem =
      allowed.length === 0
        ? new ApiProblem("no-route", `there is nothing here: ${BASE}/openapi.json describes the API`)
        : new ApiProblem("method-not-allowed", `the method is none of ${allowed.join(", ").toUpperCase()}`, {
            headers: { Allow: allowed.join(", ").toUpperCase() },
          });
    return problemResponse(problem);
  });
  app.onError((error, context) => {
    if (error instanceof Refusal || error instanceof ApiProblem) return problemResponse(error);
    const [cause = "", ...places] = (error instanceof Error ? (error.stack ?? error.message) : String(error)).split(
      "\n",
    );
    const place = places[0]?.trim() ?? "";
    options.onError?.(printable(`${context.req.method} ${context.req.path}: ${cause} ${place}`));
    return problemResponse({ code: "internal", message: "the cloud has failed at this request: see its log" });
  });
  return {
    sessions,
    streams,
    fetch: async (request, bindings = {}) => withHeaders(await app.fetch(request, bindings), secure),
  };
}

const NO_QUERY = z.strictObject({});

/** @throws ApiProblem that names each wrong field */
function checked(part: string, schema: z.ZodType | undefined, value: unknown): unknown {
  if (schema === undefined) return {};
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = result.error.issues.map(({ path, message }) => ({
    field: [part, ...path.map(String)].join("."),
    message,
  }));
  const [first] = errors;
  throw new ApiProblem("invalid", printable(`${first?.field}: ${first?.message}`), { errors });
}

/** @returns the fields of the query; one that is given twice has a list, which no schema takes */
function queryOf(context: ApiContext): object {
  return Object.fromEntries(
    Object.entries(context.req.queries()).map(([name, values]) => [name, values.length === 1 ? values[0] : values]),
  );
}

function actorOf(context: ApiContext, principal: Principal | undefined, behindProxy: boolean): Actor {
  if (principal?.proof !== "local") {
    return { name: principal?.name ?? "nobody", origin: addressOf(context, behindProxy) };
  }
  const command = context.req.header(COMMAND_HEADER);
  return { name: command === undefined ? "local" : printable(command).slice(0, 100), origin: "local" };
}

function json(body: string, status = 200): Response {
  return new Response(body, { status, headers: { "Content-Type": "application/json" } });
}

function withHeaders(response: Response, secure: boolean): Response {
  const { headers } = response;
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) headers.set(name, value);
  if (!headers.has("Cache-Control")) headers.set("Cache-Control", "no-store");
  if (secure) headers.set("Strict-Transport-Security", "max-age=31536000");
  return response;
}

/** `/plans/{id}` as hono spells it. */
function honoPath(path: string): string {
  return path.replace(/\{([A-Za-z]+)\}/g, ":$1");
}

function matches(path: string, requested: string): boolean {
  const pattern = path.replace(/\{[A-Za-z]+\}/g, "[^/]+");
  return new RegExp(`^${BASE}${pattern}$`).test(requested);
}
