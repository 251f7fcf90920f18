import assert from "node:assert/strict";
import { test } from "node:test";
import { type Api, type ApiOptions, createApi } from "../../../../cloud/api/app.js";
import type { Bindings } from "../../../../cloud/api/request.js";
import { FakeOperator } from "../../../support/fake-operator.js";

interface Asking {
  readonly method?: string;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: unknown;
  readonly bindings?: Bindings;
}

function testBed(options: Partial<ApiOptions> = {}) {
  const operator = new FakeOperator();
  const tokens = {
    viewer: operator.token("viewer"),
    operator: operator.token("operator"),
    admin: operator.token("admin"),
  };
  const api = createApi({ operator, ...options });
  return { operator, tokens, api, ask: asking(api) };
}

function asking(api: Api) {
  return async (path: string, { method = "GET", headers = {}, body, bindings }: Asking = {}) => {
    const response = await api.fetch(
      new Request(`http://cloud${path}`, {
        method,
        headers: { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      }),
      bindings,
    );
    const text = await response.text();
    const json = text.startsWith("{") ? (JSON.parse(text) as { [key: string]: unknown }) : {};
    return { status: response.status, headers: response.headers, text, json };
  };
}

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
const cookieOf = (headers: Headers): string => headers.get("Set-Cookie")?.split(";")[0] ?? "";

test("a token that is unknown or revoked is refused, with a word of what to do", async () => {
  const { ask, operator, tokens } = testBed();
  assert.equal((await ask("/api/v1/health", { headers: bearer(tokens.viewer) })).status, 200);
  await operator.revokeToken(operator.tokenList[0]!.id, { name: "test", origin: "local" });
  for (const token of [tokens.viewer, "other", ""]) {
    const { status, json, headers } = await ask("/api/v1/health", { headers: bearer(token) });
    assert.deepEqual([status, json["code"], headers.get("WWW-Authenticate")], [401, "unauthorized", "Bearer"]);
  }
});

test("the token of this machine is an admin, and the audit shows the command", async () => {
  const { ask, operator } = testBed({ localToken: "of-this-machine" });
  const headers = { ...bearer("of-this-machine"), "OTA-Command": "token new" };
  const body = { name: "page", role: "viewer" };
  assert.equal((await ask("/api/v1/tokens", { method: "POST", headers, body })).status, 201);
  assert.deepEqual(
    operator.auditList.map(({ actor, origin }) => ({ actor, origin })),
    [{ actor: "token new", origin: "local" }],
  );
});

test("the name of a command counts only with the token of this machine", async () => {
  const { ask, operator, tokens } = testBed({ localToken: "of-this-machine" });
  const headers = { ...bearer(tokens.operator), "OTA-Command": "something else" };
  await ask("/api/v1/plans", { method: "POST", headers, body: { name: "spring" } });
  assert.equal(operator.auditList[0]?.actor, "operator token");
});

test("the listener of this machine takes no other token", async () => {
  const { ask, tokens } = testBed({ localToken: "of-this-machine" });
  const bindings = { local: true };
  assert.equal((await ask("/api/v1/health", { headers: bearer("of-this-machine"), bindings })).status, 200);
  assert.equal((await ask("/api/v1/health", { headers: bearer(tokens.admin), bindings })).status, 401);
});

test("a sign-in code is good for one session, as an admin", async () => {
  const { ask, api } = testBed();
  const code = api.sessions.newCode();
  const first = await ask("/api/v1/session", { method: "POST", body: { code } });
  assert.deepEqual([first.status, first.json["role"]], [201, "admin"]);
  assert.match(first.headers.get("Set-Cookie") ?? "", /; Path=\/; HttpOnly; SameSite=Strict$/);
  assert.equal((await ask("/api/v1/session", { method: "POST", body: { code } })).status, 401);
  const session = await ask("/api/v1/session", { headers: { Cookie: cookieOf(first.headers) } });
  assert.deepEqual([session.status, session.json["name"]], [200, "sign-in link"]);
});

test("a sign-in code and a session end with time", async () => {
  let now = 1_700_000_000_000;
  const { ask, api, tokens } = testBed({ now: () => now });
  const code = api.sessions.newCode();
  const { headers } = await ask("/api/v1/session", { method: "POST", body: { token: tokens.viewer } });
  now += 3_600_000;
  assert.equal((await ask("/api/v1/session", { method: "POST", body: { code } })).status, 401);
  assert.equal((await ask("/api/v1/session", { headers: { Cookie: cookieOf(headers) } })).status, 200);
  now += 11 * 3_600_000;
  assert.equal((await ask("/api/v1/session", { headers: { Cookie: cookieOf(headers) } })).status, 204);
  assert.equal((await ask("/api/v1/products", { headers: { Cookie: cookieOf(headers) } })).status, 401);
});

test("signing out ends the session, and so does revoking the token behind it", async () => {
  const { ask, tokens, operator } = testBed();
  const signIn = async () => {
    const { headers } = await ask("/api/v1/session", { method: "POST", body: { token: tokens.admin } });
    return { Cookie: cookieOf(headers), "Sec-Fetch-Site": "same-origin" };
  };
  const first = await signIn();
  const second = await signIn();
  assert.equal((await ask("/api/v1/session", { method: "DELETE", headers: first })).status, 204);
  assert.equal((await ask("/api/v1/session", { headers: first })).status, 204);
  assert.equal((await ask("/api/v1/products", { headers: first })).status, 401);
  const { id } = operator.tokenList[2]!;
  assert.equal((await ask(`/api/v1/tokens/${id}`, { method: "DELETE", headers: second })).status, 204);
  assert.equal((await ask("/api/v1/session", { headers: second })).status, 204);
  assert.equal((await ask("/api/v1/products", { headers: second })).status, 401);
});

test("a change by cookie must come from the cloud's own page", async () => {
  const { ask, tokens } = testBed();
  const { headers } = await ask("/api/v1/session", { method: "POST", body: { token: tokens.operator } });
  const change = async (more: { readonly [name: string]: string }) =>
    (
      await ask("/api/v1/plans", {
        method: "POST",
        body: { name: "spring" },
        headers: { Cookie: cookieOf(headers), Host: "cloud:8081", ...more },
      })
    ).status;
  assert.equal(await change({}), 403);
  assert.equal(await change({ "Sec-Fetch-Site": "cross-site" }), 403);
  assert.equal(await change({ "Sec-Fetch-Site": "same-site" }), 403);
  assert.equal(await change({ Origin: "http://evil.example" }), 403);
  assert.equal(await change({ Origin: "null" }), 403);
  assert.equal(await change({ "Sec-Fetch-Site": "same-origin" }), 201);
  assert.equal(await change({ Origin: "http://cloud:8081" }), 201);
});

test("a sign-in from another site is refused", async () => {
  const { ask, tokens } = testBed();
  const headers = { Origin: "http://evil.example", Host: "cloud:8081" };
  assert.equal((await ask("/api/v1/session", { method: "POST", headers, body: { token: tokens.admin } })).status, 403);
});

test("over TLS a cookie is bound to this host and to TLS", async () => {
  const { ask, tokens } = testBed({ secure: true });
  const { headers } = await ask("/api/v1/session", { method: "POST", body: { token: tokens.viewer } });
  assert.match(headers.get("Set-Cookie") ?? "", /^__Host-ota_session=.*; Secure$/);
  assert.equal(headers.get("Strict-Transport-Security"), "max-age=31536000");
});

test("behind a proxy a request that did not come over TLS is refused", async () => {
  const { ask, tokens } = testBed({ behindProxy: true, secure: true });
  const ways = [{}, { "X-Forwarded-Proto": "http" }, { "X-Forwarded-Proto": "https" }];
  const statuses = [];
  for (const way of ways) {
    statuses.push((await ask("/api/v1/health", { headers: { ...bearer(tokens.viewer), ...way } })).status);
  }
  assert.deepEqual(statuses, [403, 403, 200]);
});

test("behind a proxy a client is counted by the address that the proxy added last", async () => {
  const { ask, tokens, operator } = testBed({ behindProxy: true, secure: true, requestsPerMinute: 2 });
  const headers = (forwarded: string) => ({
    ...bearer(tokens.operator),
    "X-Forwarded-Proto": "https",
    "X-Forwarded-For": forwarded,
  });
  const statuses = [];
  for (const forwarded of ["1.1.1.1, 7.7.7.7", "2.2.2.2, 7.7.7.7", "3.3.3.3, 7.7.7.7", "3.3.3.3, 8.8.8.8"]) {
    const request = { method: "POST", headers: headers(forwarded), body: { name: "spring" } };
    statuses.push((await ask("/api/v1/plans", request)).status);
  }
  assert.deepEqual(statuses, [201, 201, 429, 201]);
  assert.equal(operator.auditList.at(-1)?.origin, "8.8.8.8");
});

test("a client that asks too often has to wait, as Retry-After says", async () => {
  let now = 0;
  const { ask, tokens } = testBed({ requestsPerMinute: 3, now: () => now });
  const statuses = [];
  for (let count = 0; count < 4; count++) {
    statuses.push((await ask("/api/v1/health", { headers: bearer(tokens.viewer) })).status);
  }
  assert.deepEqual(statuses, [200, 200, 200, 429]);
  const { headers, json } = await ask("/api/v1/health", { headers: bearer(tokens.viewer) });
  assert.deepEqual([headers.get("Retry-After"), json["code"]], ["20", "rate-limited"]);
  now += 20_000;
  assert.equal((await ask("/api/v1/health", { headers: bearer(tokens.viewer) })).status, 200);
});

test("wrong tokens have a limit of their own, and the token of this machine has none", async () => {
  const { ask } = testBed({ failuresPerMinute: 2, requestsPerMinute: 100, localToken: "local" });
  const statuses = [];
  for (let count = 0; count < 3; count++) {
    statuses.push((await ask("/api/v1/health", { headers: bearer(`guess-${count}`) })).status);
  }
  assert.deepEqual(statuses, [401, 401, 429]);
  assert.equal((await ask("/api/v1/health", { headers: bearer("local") })).status, 200);
});
