import assert from "node:assert/strict";
import { test } from "node:test";
import { createApi } from "../../../../cloud/api/app.js";
import type { Role } from "../../../../cloud/operator/types.js";
import { FakeOperator, PRODUCT } from "../../../support/fake-operator.js";
import { differences, type Schema } from "../../../support/json-schema.js";

interface Operation {
  readonly description: string;
  readonly requestBody?: { readonly content: { readonly [type: string]: { readonly schema: Schema } } };
  readonly responses: {
    readonly [status: string]: { readonly content?: { readonly [type: string]: { readonly schema: Schema } } };
  };
}
type Document = Schema & { readonly paths: { readonly [path: string]: { readonly [method: string]: Operation } } };

/** One request for each route: the path with its parameters filled in, and the body. */
const REQUESTS: { readonly [route: string]: readonly [path: string, body?: unknown] } = {
  "GET /products": ["/products"],
  "PUT /products/{productId}": [`/products/${PRODUCT}`, { name: "lights", registration: "any", deviceLimit: 5 }],
  "GET /devices": [`/devices?product=${PRODUCT}&online=false&limit=1&order=newest`],
  "POST /devices": ["/devices", { productId: PRODUCT, deviceName: "new_01", note: "in the hall" }],
  "POST /devices/batch": ["/devices/batch", { devices: [{ productId: PRODUCT, deviceName: "light_01" }] }],
  "POST /devices/count": ["/devices/count", { productId: PRODUCT, prefix: "lamp_", count: 3 }],
  "GET /devices/{productId}/{deviceName}": [`/devices/${PRODUCT}/light_01`],
  "PATCH /devices/{productId}/{deviceName}": [`/devices/${PRODUCT}/light_01`, { timeZone: "Asia/Shanghai" }],
  "DELETE /devices/{productId}/{deviceName}": [`/devices/${PRODUCT}/light_01`],
  "PUT /devices/{productId}/{deviceName}/gateway": [
    `/devices/${PRODUCT}/light_02/gateway`,
    { productId: PRODUCT, deviceName: "gateway_01" },
  ],
  "DELETE /devices/{productId}/{deviceName}/gateway": [`/devices/${PRODUCT}/light_01/gateway`],
  "GET /packages": [`/packages?product=${PRODUCT}`],
  "POST /packages": [
    `/packages?product=${PRODUCT}&version=3.0.0&fileName=image.bin&sourceVersion=2.0.0&minSignalDbm=-70`,
    Buffer.from("image"),
  ],
  "GET /packages/{id}": ["/packages/PACKAGE"],
  "POST /packages/{id}/files": ["/packages/PACKAGE/files?fileName=more.bin", Buffer.from("more")],
  "POST /packages/{id}/variants": ["/packages/PACKAGE/variants", { deltaFrom: ["1.0.0"], compressed: true }],
  "DELETE /packages/{id}/variants/{variant}": ["/packages/PACKAGE/variants/VARIANT"],
  "POST /packages/{id}/withdraw": ["/packages/PACKAGE/withdraw"],
  "GET /packages/{id}/secrets": ["/packages/PACKAGE/secrets"],
  "POST /verify": ["/verify", { productId: PRODUCT, version: "2.0.0", deviceName: "light_01" }],
  "GET /plans": ["/plans?state=draft"],
  "POST /plans": ["/plans", { name: "spring", product: PRODUCT, version: "2.0.0", window: { from: 2, to: 4 } }],
  "POST /plans/preview": ["/plans/preview?limit=0&reason=denied", { name: "spring", product: PRODUCT }],
  "GET /plans/{id}": ["/plans/PLAN"],
  "PUT /plans/{id}": ["/plans/PLAN", { name: "summer", product: PRODUCT, version: "2.0.0" }],
  "DELETE /plans/{id}": ["/plans/PLAN"],
  "GET /plans/{id}/preview": ["/plans/PLAN/preview?limit=1000"],
  "GET /plans/{id}/reasons": ["/plans/PLAN/reasons"],
  "POST /plans/{id}/activate": ["/plans/PLAN/activate"],
  "POST /plans/{id}/pause": ["/plans/PLAN/pause"],
  "POST /plans/{id}/resume": ["/plans/PLAN/resume"],
  "POST /plans/{id}/cancel": ["/plans/PLAN/cancel"],
  "POST /plans/{id}/stop": ["/plans/PLAN/stop"],
  "POST /plans/{id}/retry": ["/plans/PLAN/retry", { tasks: [1, 2] }],
  "GET /tasks": [`/tasks?plan=PLAN&product=${PRODUCT}&device=light_01&state=waiting&reason=new`],
  "POST /tasks/{id}/cancel": ["/tasks/TASK/cancel"],
  "GET /events": [`/events?product=${PRODUCT}&device=light_01`],
  "DELETE /events": ["/events?beforeMs=1800000000000"],
  "GET /events/stream": ["/events/stream"],
  "GET /audit": ["/audit?limit=10&order=oldest"],
  "GET /tokens": ["/tokens"],
  "POST /tokens": ["/tokens", { name: "page", role: "viewer", expiresAt: 1_900_000_000_000 }],
  "DELETE /tokens/{id}": ["/tokens/TOKEN"],
  "GET /faults": ["/faults"],
  "POST /faults": ["/faults", { fault: "cut", bytes: 65536 }],
  "DELETE /faults": ["/faults"],
  "DELETE /faults/{id}": ["/faults/1"],
  "POST /upgrades": [
    "/upgrades",
    {
      productId: PRODUCT,
      version: "2.0.0",
      selection: { kind: "versions-and-devices", fromVersions: ["1.0.0"], deviceNames: ["light_01"] },
    },
  ],
  "GET /status": ["/status"],
  "POST /url": ["/url", { productId: PRODUCT, version: "2.0.0", lifetimeSec: 60 }],
  "GET /health": ["/health"],
  "GET /overview": [`/overview?product=${PRODUCT}`],
  "GET /history/versions": [`/history/versions?product=${PRODUCT}&component=motor&from=1&to=2&points=10`],
  "GET /plans/{id}/timeline": ["/plans/PLAN/timeline?points=10"],
  "GET /settings": ["/settings"],
  "PATCH /settings": ["/settings", { keepEventsDays: 30, leastSavingPercent: 20 }],
  "GET /export/devices": ["/export/devices?format=csv"],
  "GET /export/tasks": [`/export/tasks?format=jsonl&plan=PLAN&product=${PRODUCT}`],
  "GET /export/events": ["/export/events?format=csv"],
  "POST /session": ["/session", { token: "token-of-viewer-0" }],
  "GET /session": ["/session"],
  "DELETE /session": ["/session"],
};

async function filled(): Promise<{ operator: FakeOperator; ids: { readonly [name: string]: number } }> {
  const operator = new FakeOperator();
  for (const role of ["viewer", "operator", "admin"] as const) operator.token(role);
  const actor = { name: "test", origin: "local" };
  await operator.setProduct({ productId: PRODUCT, chip: "esp32" }, actor);
  const names = ["light_01", "light_02", "gateway_01"].map((deviceName) => ({ productId: PRODUCT, deviceName }));
  await operator.addDevices(names, actor);
  await operator.bind(names[0]!, names[2]!, actor);
  const { Readable } = await import("node:stream");
  const request = { productId: PRODUCT, version: "2.0.0", fileName: "a.bin", requirements: { minBatteryPercent: 20 } };
  const added = await operator.addPackage(request, Readable.from([Buffer.from("a")]), actor);
  const { variants } = await operator.addVariants(added.id, { deltaFrom: ["1.0.0"] }, actor);
  const plan = await operator.createPlan({ name: "spring" }, actor);
  const task = operator.task(plan.id, { percent: 50, resultCode: "-1", resultMessage: "no room" });
  operator.event({ device: names[0]!, planId: plan.id, taskId: task.id, detail: { type: "report_version" } });
  const { id: token } = await operator.newToken({ name: "old", role: "viewer" }, actor);
  await operator.addFault({ fault: "cut", bytes: 1 }, actor);
  return { operator, ids: { PACKAGE: added.id, VARIANT: variants[0]!.id, PLAN: plan.id, TASK: task.id, TOKEN: token } };
}

function openApi(): Promise<Document> {
  const { fetch } = createApi({ operator: new FakeOperator() });
  return fetch(new Request("http://cloud/api/v1/openapi.json")).then(
    (response) => response.json() as Promise<Document>,
  );
}

const document = await openApi();
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    route: `${method.toUpperCase()} ${path}`,
    method: method.toUpperCase(),
    operation,
  })),
);

async function ask(route: string, method: string, as: Role | undefined) {
  const { operator, ids } = await filled();
  const api = createApi({ operator });
  const [template, body] = REQUESTS[route] ?? [""];
  const path = template.replace(/\b(PACKAGE|VARIANT|PLAN|TASK|TOKEN)\b/g, (name) => String(ids[name]));
  const raw = Buffer.isBuffer(body);
  const response = await api.fetch(
    new Request(`http://cloud/api/v1${path}`, {
      method,
      headers: {
        ...(as === undefined
          ? {}
          : { Authorization: `Bearer token-of-${as}-${["viewer", "operator", "admin"].indexOf(as)}` }),
        ...(body === undefined ? {} : { "Content-Type": raw ? "application/octet-stream" : "application/json" }),
        ...(raw ? { "Content-Length": String(body.byteLength) } : {}),
      },
      ...(body === undefined ? {} : { body: raw ? new Uint8Array(body) : JSON.stringify(body) }),
    }),
  );
  return { response, body, api };
}

test("the document is OpenAPI 3.1, and each of its routes has a request here", () => {
  assert.match(document["openapi"] as string, /^3\.1\./);
  assert.deepEqual(operations.map(({ route }) => route).sort(), Object.keys(REQUESTS).sort());
});

test("GET /session has no answer if nobody is signed in, as the document says", async () => {
  const { response } = await ask("GET /session", "get", undefined);
  assert.equal(response.status, 204);
  assert.equal(await response.text(), "");
  const operation = operations.find(({ route }) => route === "GET /session")?.operation;
  assert.deepEqual(operation?.responses["204"], { description: "There is none." });
});

for (const { route, method, operation } of operations) {
  const role = /role (viewer|operator|admin)/.exec(operation.description)?.[1] as Role | undefined;

  test(`${route} answers as the document says`, async () => {
    // Nobody needs a role to ask who is signed in.
    const { response, body, api } = await ask(route, method, route === "GET /session" ? "viewer" : role);
    const { default: _problem, ...expected } = operation.responses;
    const [status = "", { content = {} } = {}] = Object.entries(expected)[0] ?? [];
    const text = route === "GET /events/stream" ? "" : await response.text();
    assert.equal(String(response.status), status, text);
    const type = response.headers.get("Content-Type")?.split(";")[0];
    if (status === "204") assert.equal(text, "");
    else assert.ok(type !== undefined && type in content, `${type} is one of ${Object.keys(content).join()}`);
    if (type === "application/json") {
      assert.deepEqual(differences(document, content[type]!.schema, JSON.parse(text)), []);
    }
    const asked = operation.requestBody?.content["application/json"]?.schema;
    if (asked !== undefined) assert.deepEqual(differences(document, asked, body), []);
    assert.equal(response.headers.get("Cache-Control"), "no-store");
    assert.match(response.headers.get("Content-Security-Policy") ?? "", /default-src 'self'.*frame-ancestors 'none'/);
    assert.equal(response.headers.get("X-Content-Type-Options"), "nosniff");
    api.streams.close();
  });

  if (role === undefined) continue;
  test(`${route} is refused without the role ${role}`, async () => {
    const lower = ({ viewer: undefined, operator: "viewer", admin: "operator" } as const)[role];
    const { response } = await ask(route, method, lower);
    const problem = (await response.json()) as { readonly code: string };
    assert.equal(response.status, lower === undefined ? 401 : 403);
    assert.equal(response.headers.get("Content-Type"), "application/problem+json");
    assert.deepEqual(
      differences(document, operation.responses["default"]!.content!["application/problem+json"]!.schema, problem),
      [],
    );
    assert.equal(problem.code, lower === undefined ? "unauthorized" : "forbidden");
  });
}
