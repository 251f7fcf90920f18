import type { IncomingMessage, ServerResponse } from "node:http";
import type { Context } from "hono";

/** What the server hands to the application with each request. A test that calls the application has none of it. */
export interface Bindings {
  readonly incoming?: IncomingMessage;
  readonly outgoing?: ServerResponse;
  /** The request came over the listener for commands on this machine. */
  readonly local?: boolean;
}

export type ApiContext = Context<{ Bindings: Bindings }>;

/** Where the API is, below the address of the server. */
export const BASE = "/api/v1";

/** Name of the command, for the audit. It counts only with the token of this machine's commands. */
export const COMMAND_HEADER = "OTA-Command";

/** @returns the address that a request came from; behind a proxy, what the proxy has added last */
export function addressOf(context: ApiContext, behindProxy: boolean): string {
  const forwarded = behindProxy ? context.req.header("X-Forwarded-For")?.split(",").at(-1)?.trim() : undefined;
  if (forwarded !== undefined && /^[0-9A-Fa-f:.]{2,45}$/.test(forwarded)) return forwarded;
  return context.env?.incoming?.socket.remoteAddress ?? "unknown";
}

/**
 * Whether a page of the cloud itself makes the request. Browsers say so in Sec-Fetch-Site or, with a change, in Origin;
 * one that says neither is not believed.
 */
export function isSameOrigin(context: ApiContext, behindProxy: boolean): boolean {
  const site = context.req.header("Sec-Fetch-Site");
  if (site !== undefined) return site === "same-origin";
  const origin = context.req.header("Origin");
  if (origin === undefined || !URL.canParse(origin)) return false;
  const hosts = [context.req.header("Host"), behindProxy ? context.req.header("X-Forwarded-Host") : undefined];
  return hosts.includes(new URL(origin).host);
}

/** @returns the value of a cookie (RFC 6265 §5.4) */
export function cookieOf(context: ApiContext, name: string): string | undefined {
  for (const pair of (context.req.header("Cookie") ?? "").split(";")) {
    const [key, value] = pair.trim().split("=", 2);
    if (key === name) return value;
  }
  return undefined;
}
