import type { z } from "zod";
import type { Actor, Operator, Role } from "../operator/types.js";
import type { EventStreams } from "./event-stream.js";
import type { Authority } from "./authority.js";
import type { ApiContext } from "./request.js";
import type { Principal, Sessions } from "./sessions.js";

/** What the routes work on. */
export interface Services {
  readonly operator: Operator;
  readonly sessions: Sessions;
  readonly streams: EventStreams;
  readonly authority: Authority;
  /** The session's cookie: its name, and whether it is sent over TLS alone. */
  readonly cookie: { readonly name: string; readonly secure: boolean };
}

/** A request that has been checked. */
export interface Asked<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** Who asks, for the audit. */
  readonly actor: Actor;
  /** Who is signed in: somebody, except on a route for anyone. */
  readonly principal: Principal | undefined;
  readonly context: ApiContext;
}

/** A route of the API. The document is made from these, and each request is checked against them. */
export interface Route<Params = unknown, Query = unknown, Body = unknown> {
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  /** Below `/api/v1`; parameters in braces. */
  readonly path: string;
  readonly summary: string;
  /** Least role of those who may ask. */
  readonly role: Role | "anyone";
  readonly params?: z.ZodType<Params>;
  readonly query?: z.ZodType<Query>;
  /** Of a JSON body. */
  readonly body?: z.ZodType<Body>;
  /** Media type of a body that is no JSON. The handler reads it as a stream. */
  readonly bodyStream?: string;
  readonly status: 200 | 201 | 202 | 204;
  /** Of a JSON answer. */
  readonly answer?: z.ZodType;
  /** Media types of an answer that is no JSON. */
  readonly answerTypes?: readonly string[];
  /** There may be no answer: then the status is 204. */
  readonly mayBeEmpty?: boolean;
  /** @returns the answer's JSON, or a whole answer */
  handle(asked: Asked<Params, Query, Body>, services: Services): unknown;
}

/** Infers the types of a route from its schemas. */
export function route<Params, Query, Body>(definition: Route<Params, Query, Body>): Route {
  return definition as unknown as Route;
}
