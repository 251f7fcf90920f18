import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Api, createApi } from "../../../../cloud/api/app.js";
import { type Core, openAtRest } from "../../../../cloud/core.js";
import { type BrowserSessionRecords, MOST_BROWSER_SESSIONS, Refusal } from "../../../../cloud/operator/types.js";
import { withFolder } from "../../../support/folder.js";
import { FakeOperator } from "../../../support/fake-operator.js";

const ANNA = { name: "anna", origin: "10.0.0.5" };
const TWELVE_HOURS_MS = 12 * 3_600_000;

/** Opens the state as another run of the cloud, and ends it after `body`. */
async function run<T>(folder: string, body: (core: Core, api: Api) => Promise<T>, now = Date.now): Promise<T> {
  const core = await openAtRest(folder);
  try {
    return await body(core, createApi({ operator: core.operator, sessionRecords: core.browserSessions, now }));
  } finally {
    await core.close();
  }
}

async function ask(api: Api, method: string, cookie = "", body?: object): Promise<Response> {
  const headers = { Cookie: cookie, Origin: "http://cloud", Host: "cloud", "Content-Type": "application/json" };
  const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  return api.fetch(new Request("http://cloud/api/v1/session", init));
}

async function signIn(api: Api, proof: object): Promise<string> {
  const response = await ask(api, "POST", "", proof);
  assert.equal(response.status, 201);
  return response.headers.get("Set-Cookie")?.split(";")[0] ?? "";
}

/** @returns whom the cookie signs in; undefined if nobody */
async function whoIs(api: Api, cookie: string): Promise<unknown> {
  const response = await ask(api, "GET", cookie);
  return response.status === 200 ? response.json() : undefined;
}

test("a session outlives a restart, with its name, role and end, and only its hash is stored", () =>
  withFolder(async (folder) => {
    const [byLink, byToken, views] = await run(folder, async ({ operator }, api) => {
      const { token } = await operator.newToken({ name: "bob", role: "viewer" }, ANNA);
      const cookies = [await signIn(api, { code: api.sessions.newCode() }), await signIn(api, { token })] as const;
      return [...cookies, [await whoIs(api, cookies[0]), await whoIs(api, cookies[1])]] as const;
    });
    await run(folder, async (_core, api) => {
      assert.deepEqual([await whoIs(api, byLink), await whoIs(api, byToken)], views);
      assert.equal(await whoIs(api, `${byToken}x`), undefined);
    });
    assert.ok(!readFileSync(join(folder, "cloud.db"), "latin1").includes(byToken.split("=")[1] ?? "?"));
  }));

test("after a restart a session still ends: by signing out, with its token, and after 12 hours", () =>
  withFolder(async (folder) => {
    const { cookies, tokenId } = await run(folder, async ({ operator }, api) => {
      const { token, id } = await operator.newToken({ name: "bob", role: "operator" }, ANNA);
      const code = api.sessions.newCode();
      return { cookies: [await signIn(api, { token }), await signIn(api, { code })] as const, tokenId: id };
    });
    const later = (): number => Date.now() + TWELVE_HOURS_MS;
    await run(folder, async (_core, api) => assert.equal(await whoIs(api, cookies[0]), undefined), later);
    await run(folder, async ({ operator }, api) => {
      assert.notEqual(await whoIs(api, cookies[0]), undefined);
      // As the command on a state that no cloud runs on.
      await operator.revokeToken(tokenId, ANNA);
      assert.equal(await whoIs(api, cookies[0]), undefined);
      assert.equal((await ask(api, "DELETE", cookies[1])).status, 204);
    });
    await run(folder, async (_core, api) => {
      assert.deepEqual([await whoIs(api, cookies[0]), await whoIs(api, cookies[1])], [undefined, undefined]);
    });
  }));

test("a sign-in that a revocation overtakes leaves no session", () =>
  withFolder((folder) =>
    run(folder, async ({ operator, browserSessions }) => {
      const { token, id } = await operator.newToken({ name: "bob", role: "operator" }, ANNA);
      let kept = "";
      const keep: BrowserSessionRecords["keep"] = async (session) => {
        kept = session.sha256;
        await operator.revokeToken(id, ANNA);
        await browserSessions.keep(session);
      };
      const api = createApi({ operator, sessionRecords: { ...browserSessions, keep } });
      assert.equal((await ask(api, "POST", "", { token })).status, 409);
      assert.equal(await browserSessions.find(kept), undefined);
    }),
  ));

test("at most 1,000 sessions are stored: those that have expired go first, and then the oldest", () =>
  withFolder((folder) =>
    run(folder, async ({ browserSessions, state }) => {
      const expiresAt = Date.now() + TWELVE_HOURS_MS;
      const { transactions } = state;
      await transactions.run(async ({ tables }) => {
        for (let index = 0; index < MOST_BROWSER_SESSIONS; index += 1) {
          const sha256 = `s${index}`;
          const end = index === 5 ? 1 : expiresAt;
          const row = { sha256, name: "n", role: "viewer", tokenId: null, createdAt: index, expiresAt: end } as const;
          await tables.browserSessions.insert(row);
        }
      });
      const has = async (sha256: string): Promise<boolean> => (await browserSessions.find(sha256)) !== undefined;
      await browserSessions.keep({ sha256: "new", name: "n", role: "viewer", expiresAt });
      assert.deepEqual([await has("new"), await has("s0"), await has("s5")], [true, true, false]);
      await browserSessions.keep({ sha256: "newer", name: "n", role: "viewer", expiresAt });
      assert.deepEqual([await has("newer"), await has("s0"), await has("s1")], [true, false, true]);
    }),
  ));

test("while the state cannot be stored somebody can sign in, but nobody is told that they are signed out", async () => {
  const operator = new FakeOperator();
  const token = operator.token("viewer");
  const refuse = (): Promise<never> => Promise.reject(new Refusal("storage", "the disk is full"));
  const api = createApi({ operator, sessionRecords: { keep: refuse, end: refuse, find: async () => undefined } });
  const cookie = await signIn(api, { token });
  assert.equal((await ask(api, "DELETE", cookie)).status, 503);
  assert.notEqual(await whoIs(api, cookie), undefined);
});
