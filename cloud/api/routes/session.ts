import { cookieOf } from "../request.js";
import { ApiProblem } from "../problem.js";
import { printableJson } from "../printable.js";
import { type Route, route, type Services } from "../route.js";
import { session, signIn } from "../schemas/operations.js";
import type { Principal } from "../sessions.js";

export const sessionRoutes: readonly Route[] = [
  route({
    method: "post",
    path: "/session",
    summary: "Signs a browser in, by a token or by the code of the sign-in link. It sets a cookie.",
    role: "anyone",
    body: signIn,
    status: 201,
    answer: session,
    handle: async ({ body, context }, { authority, sessions, cookie }) => {
      if ((body.code === undefined) === (body.token === undefined)) {
        throw new ApiProblem("invalid", "give code or token");
      }
      const { id, principal } = await sessions.begin(await authority.signIn(context, body));
      const seconds = Math.max(0, Math.floor(((principal.expiresAt ?? 0) - sessions.now()) / 1000));
      return new Response(printableJson(viewOf(principal)), {
        status: 201,
        headers: { "Content-Type": "application/json", "Set-Cookie": cookieText(cookie, id, seconds) },
      });
    },
  }),
  route({
    method: "get",
    path: "/session",
    summary: "Who is signed in; status 204 if nobody is.",
    role: "anyone",
    status: 200,
    answer: session,
    mayBeEmpty: true,
    handle: ({ principal }) => (principal === undefined ? new Response(null, { status: 204 }) : viewOf(principal)),
  }),
  route({
    method: "delete",
    path: "/session",
    summary: "Signs a browser out.",
    role: "viewer",
    status: 204,
    handle: async ({ context }, { sessions, cookie }) => {
      const id = cookieOf(context, cookie.name);
      if (id !== undefined) await sessions.end(id);
      return new Response(null, { status: 204, headers: { "Set-Cookie": cookieText(cookie, "", 0) } });
    },
  }),
];

function viewOf({ name, role, expiresAt }: Principal): object {
  return { name, role, ...(expiresAt === undefined ? {} : { expiresAt }) };
}

/** Set-Cookie (RFC 6265 §4.1): no script reads it, and no other site's page sends it. */
function cookieText({ name, secure }: Services["cookie"], value: string, maxAgeSec: number): string {
  return `${name}=${value}; Max-Age=${maxAgeSec}; Path=/; HttpOnly; SameSite=Strict${secure ? "; Secure" : ""}`;
}
