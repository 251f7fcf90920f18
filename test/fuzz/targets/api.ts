import assert from "node:assert/strict";
import { type Api, createApi } from "../../../cloud/api/app.js";
import type { Operator } from "../../../cloud/operator/types.js";
import { FakeOperator, PRODUCT } from "../../support/fake-operator.js";
import { type Target, text } from "../target.js";

const AUTHORIZATION = "Authorization: Bearer local";
const JSON_BODY = `${AUTHORIZATION}\nContent-Type: application/json`;
const DEVICE = `{"productId":"${PRODUCT}","deviceName":"light_01","note":"a"}`;

/** Requests to the operators' API: paths, queries, fields of the head, and bodies. */
export const api: Target = {
  name: "api",
  weight: 10,
  corpus: text(
    `GET /api/v1/devices?product=${PRODUCT}&text=a&online=true&after=3&limit=5\n${AUTHORIZATION}\n\n`,
    `GET /api/v1/devices/${PRODUCT}/light_01\n${AUTHORIZATION}\n\n`,
    `GET /api/v1/tasks?plan=1&product=${PRODUCT}&device=light_01&state=waiting\nCookie: ota_session=a; b=c\n\n`,
    `GET /api/v1/events/stream?after=0&device=a%20b\n${AUTHORIZATION}\nLast-Event-ID: 5\n\n`,
    `GET /api/v1/export/events?format=csv&kind=a\n${AUTHORIZATION}\n\n`,
    `GET /api/v1/openapi.json\n\n`,
    `GET /metrics\n${AUTHORIZATION}\n\n`,
    `DELETE /api/v1/events?beforeMs=5\n${AUTHORIZATION}\n\n`,
    `PUT /api/v1/products/${PRODUCT}\n${JSON_BODY}\n\n{"name":"a","registration":"any","deviceLimit":5}`,
    `POST /api/v1/devices\n${JSON_BODY}\n\n${DEVICE}`,
    `POST /api/v1/devices/batch\n${JSON_BODY}\n\n{"devices":[${DEVICE},${DEVICE}]}`,
    `POST /api/v1/devices/count\n${JSON_BODY}\n\n{"productId":"${PRODUCT}","prefix":"x","count":3}`,
    `POST /api/v1/plans\n${JSON_BODY}\n\n{"name":"a","window":{"from":2,"to":4},"retry":[{"code":"-1"}]}`,
    `POST /api/v1/plans/1/retry\n${JSON_BODY}\n\n{"tasks":[1,2]}`,
    `POST /api/v1/session\nContent-Type: application/json\nOrigin: http://cloud\nHost: cloud\n\n{"code":"a"}`,
    `POST /api/v1/tokens\n${JSON_BODY}\nOTA-Command: token new\n\n{"name":"a","role":"viewer","expiresAt":5}`,
    `POST /api/v1/packages?product=${PRODUCT}&version=1&fileName=a.bin&minSignalDbm=-70\n${AUTHORIZATION}\n` +
      "Content-Type: application/octet-stream\nContent-Length: 5\n\nimage",
  ),
  words: [
    '"__proto__":',
    '"constructor":{',
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    "null",
    "1e999",
    "\\ud800",
    "%00",
    "%ff",
    "%2e%2e/",
    "/plans/preview",
    "/gateway",
    "limit=0",
    "Sec-Fetch-Site: cross-site\n",
    "X-Forwarded-For: ::1\n",
    "Authorization: Bearer ",
    "Content-Type: text/plain\n",
  ],
  async run(input) {
    const request = requestOf(input);
    if (request === undefined) return;
    await withApi(async (fetch, log) => {
      const response = await fetch(request);
      const type = response.headers.get("Content-Type") ?? "";
      if (type === "text/event-stream") {
        await response.body?.cancel();
        return;
      }
      const answer = await response.text();
      assert.notEqual(response.status, 500, log.join());
      if (response.status >= 400) {
        assert.equal(type, "application/problem+json");
        const problem = JSON.parse(answer) as { readonly code: unknown; readonly status: unknown };
        assert.ok(typeof problem.code === "string" && problem.status === response.status);
      }
      assert.doesNotMatch(answer, /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028-\u202e]/);
    });
  },
};

/** The operator of this input: nothing of one input is left for the next. */
let current = new FakeOperator();
const operator = new Proxy({} as Operator, {
  get: (_target, name) => {
    const method = current[name as keyof FakeOperator] as unknown;
    return typeof method === "function" ? method.bind(current) : method;
  },
});
const log: string[] = [];
const shared: Api = createApi({
  operator,
  localToken: "local",
  requestsPerMinute: 1e12,
  failuresPerMinute: 1e12,
  onError: (line) => log.push(line),
});

async function withApi(body: (fetch: Api["fetch"], log: readonly string[]) => Promise<void>): Promise<void> {
  current = new FakeOperator();
  log.length = 0;
  await current.addDevices([{ productId: PRODUCT, deviceName: "light_01" }], { name: "fuzz", origin: "local" });
  await body(shared.fetch, log);
}

/** @returns the request that this text is: a line, fields, an empty line, a body; absent if no client could send it */
function requestOf(input: Uint8Array): Request | undefined {
  const bytes = Buffer.from(input);
  const end = bytes.indexOf("\n\n");
  const [first = "", ...rows] = bytes
    .subarray(0, end < 0 ? undefined : end)
    .toString("latin1")
    .split("\n");
  const [method = "", path = ""] = first.split(" ");
  try {
    const headers = new Headers(
      rows.map((row): [string, string] => {
        const colon = row.indexOf(":");
        return [row.slice(0, colon), row.slice(colon + 1)];
      }),
    );
    const body = end < 0 ? undefined : new Uint8Array(bytes.subarray(end + 2));
    const hasBody = body !== undefined && body.byteLength > 0 && !/^(GET|HEAD)$/i.test(method);
    return new Request(`http://cloud${path}`, { method, headers, ...(hasBody ? { body } : {}) });
  } catch {
    return undefined;
  }
}
