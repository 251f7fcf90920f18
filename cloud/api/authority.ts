import { createHash, timingSafeEqual } from "node:crypto";
import { type Operator, type Role, ROLES, type TokenView } from "../operator/types.js";
import { ApiProblem } from "./problem.js";
import { clientOf, type RateLimit } from "./rate-limit.js";
import { addressOf, type ApiContext, cookieOf, isSameOrigin } from "./request.js";
import type { Principal, Sessions } from "./sessions.js";

export interface AuthorityOptions {
  readonly operator: Pick<Operator, "tokenOf">;
  readonly sessions: Sessions;
  /** Token in serve.json, which signs in the commands on this machine. */
  readonly localToken?: string | undefined;
  readonly behindProxy: boolean;
  readonly cookieName: string;
  /** All requests of a client, and those whose proof was wrong. */
  readonly requests: RateLimit;
  readonly failures: RateLimit;
}

const METHODS_THAT_READ: readonly string[] = ["GET", "HEAD"];

/** Decides who makes a request, and whether that one may make it. */
export class Authority {
  readonly #options: AuthorityOptions;
  readonly #localHash: Buffer | undefined;

  constructor(options: AuthorityOptions) {
    this.#options = options;
    this.#localHash = options.localToken === undefined ? undefined : hashOf(options.localToken);
  }

  /**
   * @returns who makes the request; absent if it brings no proof
   * @throws ApiProblem if the proof is not valid, the client makes too many requests, or a change by cookie does not
   * come from the cloud's own page
   */
  async principalOf(context: ApiContext): Promise<Principal | undefined> {
    const bearer = /^Bearer ([!-~]{1,200})$/i.exec(context.req.header("Authorization") ?? "")?.[1];
    if (bearer !== undefined && this.#isLocal(bearer)) return { name: "local", role: "admin", proof: "local" };
    this.#limit(context, this.#options.requests);
    if (context.env?.local === true) throw this.#failed(context, "this address is for commands on this machine");
    if (context.req.header("Authorization") !== undefined) {
      const token = bearer === undefined ? undefined : await this.#options.operator.tokenOf(bearer);
      if (token === undefined) throw this.#failed(context, "the token is not valid: an admin makes another");
      return principalOfToken(token);
    }
    const id = cookieOf(context, this.#options.cookieName);
    const session = id === undefined ? undefined : await this.#options.sessions.find(id);
    if (session === undefined) return undefined;
    if (!METHODS_THAT_READ.includes(context.req.method) && !isSameOrigin(context, this.#options.behindProxy)) {
      throw new ApiProblem("forbidden", "a change by cookie must come from the cloud's own page");
    }
    return session;
  }

  /** @throws ApiProblem */
  async signIn(
    context: ApiContext,
    given: { readonly code?: string; readonly token?: string },
  ): Promise<Omit<Principal, "proof">> {
    const crossSite = context.req.header("Origin") !== undefined || context.req.header("Sec-Fetch-Site") !== undefined;
    if (crossSite && !isSameOrigin(context, this.#options.behindProxy)) {
      throw new ApiProblem("forbidden", "a sign-in must come from the cloud's own page");
    }
    if (given.code !== undefined && this.#options.sessions.useCode(given.code)) {
      return { name: "sign-in link", role: "admin" };
    }
    const token = given.token === undefined ? undefined : await this.#options.operator.tokenOf(given.token);
    if (token === undefined) {
      throw this.#failed(context, "the code or the token is not valid: a code signs in once, and for an hour");
    }
    return principalOfToken(token);
  }

  #isLocal(bearer: string): boolean {
    return this.#localHash !== undefined && timingSafeEqual(hashOf(bearer), this.#localHash);
  }

  #limit(context: ApiContext, limit: RateLimit): void {
    const seconds = limit.take(clientOf(addressOf(context, this.#options.behindProxy)));
    if (seconds === 0) return;
    throw new ApiProblem("rate-limited", `too many requests: try again after ${seconds} s`, {
      headers: { "Retry-After": String(seconds) },
    });
  }

  #failed(context: ApiContext, message: string): ApiProblem {
    this.#limit(context, this.#options.failures);
    return new ApiProblem("unauthorized", message, { headers: { "WWW-Authenticate": "Bearer" } });
  }
}

/** @throws ApiProblem if the role of the one who makes the request does not suffice */
export function demand(role: Role, principal: Principal | undefined): Principal {
  if (principal === undefined) {
    throw new ApiProblem("unauthorized", "sign in first, or send a token: Authorization: Bearer …", {
      headers: { "WWW-Authenticate": "Bearer" },
    });
  }
  if (ROLES.indexOf(principal.role) < ROLES.indexOf(role)) {
    throw new ApiProblem("forbidden", `this needs the role ${role}: ${principal.name} is ${principal.role}`);
  }
  return principal;
}

function principalOfToken({ id, name, role, expiresAt }: TokenView): Principal {
  return { name, role, proof: "token", tokenId: id, ...(expiresAt === undefined ? {} : { expiresAt }) };
}

function hashOf(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}
