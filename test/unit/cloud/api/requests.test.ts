import assert from "node:assert/strict";
import { test } from "node:test";
import { createApi } from "../../../../cloud/api/app.js";
import { FakeOperator, PRODUCT } from "../../../support/fake-operator.js";

function testBed(bodyLimit?: number) {
  const operator = new FakeOperator();
  const log: string[] = [];
  const api = createApi({
    operator,
    localToken: "local",
    onError: (line) => log.push(line),
    ...(bodyLimit === undefined ? {} : { bodyLimit }),
  });
  const ask = async (method: string, path: string, body?: string, headers: { [name: string]: string } = {}) => {
    const response = await api.fetch(
      new Request(`http://cloud${path}`, {
        method,
        headers: {
          Authorization: "Bearer local",
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body }),
      }),
    );
    const { status, headers: answered } = response;
    const text = await response.text();
    const problem = (answered.get("Content-Type")?.endsWith("json") === true ? JSON.parse(text) : {}) as {
      readonly code?: string;
      readonly detail?: string;
      readonly errors?: readonly { readonly field: string }[];
    };
    return { status, headers: answered, text, problem };
  };
  return { operator, ask, log };
}

test("a wrong field is named by its path", async () => {
  const { ask } = testBed();
  const { status, problem } = await ask(
    "POST",
    "/api/v1/devices/batch",
    JSON.stringify({
      devices: [
        { productId: PRODUCT, deviceName: "a" },
        { productId: "short", deviceName: "b c" },
      ],
    }),
  );
  assert.deepEqual([status, problem.code], [400, "invalid"]);
  assert.deepEqual(
    problem.errors?.map(({ field }) => field),
    ["body.devices.1.productId", "body.devices.1.deviceName"],
  );
  assert.match(problem.detail ?? "", /^body\.devices\.1\.productId: a product id is 10 of/);
});

test("unknown and repeated fields of a query are refused", async () => {
  const { ask } = testBed();
  for (const query of [
    "colour=red",
    "limit=1&limit=2",
    "limit=0",
    "limit=1001",
    "after=-1",
    "online=maybe",
    "order=up",
  ]) {
    assert.equal((await ask("GET", `/api/v1/devices?${query}`)).problem.code, "invalid", query);
  }
});

test("a body that is no JSON, of another type, too long or too deep is refused", async () => {
  const { ask } = testBed(1000);
  const post = (body: string, headers = {}) => ask("POST", "/api/v1/plans", body, headers);
  assert.equal((await post("{")).problem.code, "invalid");
  assert.equal((await post("{}", { "Content-Type": "text/plain" })).status, 415);
  assert.equal((await post(`{"name":"${"a".repeat(1000)}"}`)).status, 413);
  assert.equal((await post(`{"name":"a","texts":${"[".repeat(40)}${"]".repeat(40)}}`)).problem.code, "invalid");
  assert.equal((await post(`{"name":"${"[".repeat(40)}\\""}`)).status, 201);
});

test("an upload needs its length and type, and has a limit", async () => {
  const { ask, operator } = testBed();
  const path = `/api/v1/packages?product=${PRODUCT}&version=2.0.0&fileName=a.bin`;
  const type = { "Content-Type": "application/octet-stream" };
  assert.equal((await ask("POST", path, "a", { ...type })).status, 411);
  assert.equal((await ask("POST", path, "a", { ...type, "Content-Length": "104857601" })).status, 413);
  assert.equal((await ask("POST", path, "a", { "Content-Type": "image/png", "Content-Length": "1" })).status, 415);
  assert.equal(operator.uploads.length, 0);
  assert.equal((await ask("POST", path, "a", { ...type, "Content-Length": "1" })).status, 201);
  assert.equal(operator.uploads[0]?.toString(), "a");
});

test("a refusal becomes a problem with its code and status", async () => {
  const { ask } = testBed();
  const { status, headers, problem } = await ask("GET", `/api/v1/devices/${PRODUCT}/none`);
  assert.equal(headers.get("Content-Type"), "application/problem+json");
  assert.deepEqual([status, problem.code], [404, "not-found"]);
  assert.equal(problem.detail, `there is no device ${PRODUCT}/none`);
});

test("an error that nobody expected is 500 without its text, and goes to the log", async () => {
  const { ask, operator, log } = testBed();
  operator.products = () => Promise.reject(new Error("secret detail"));
  const { status, text } = await ask("GET", "/api/v1/products");
  assert.equal(status, 500);
  assert.doesNotMatch(text, /secret detail/);
  assert.match(log.join(), /GET \/api\/v1\/products: .*secret detail/);
  assert.doesNotMatch(log.join(), /\n/);
});

test("a device of tasks is named with its product, and a product may stand alone", async () => {
  const { ask } = testBed();
  assert.equal((await ask("GET", "/api/v1/tasks?device=light_01")).problem.code, "invalid");
  assert.equal((await ask("GET", `/api/v1/tasks?product=${PRODUCT}`)).status, 200);
});

test("an unknown path and a wrong method are problems", async () => {
  const { ask } = testBed();
  assert.equal((await ask("GET", "/")).problem.code, "no-route");
  assert.match((await ask("GET", "/")).problem.detail ?? "", /\/api\/v1\/openapi\.json/);
  const { status, headers } = await ask("DELETE", `/api/v1/products/${PRODUCT}`);
  assert.deepEqual([status, headers.get("Allow")], [405, "PUT"]);
});

test("what a device has sent reaches no page or terminal unescaped", async () => {
  const { ask, operator } = testBed();
  operator.event({ detail: { text: "\u001b[2J\u009b1m\u202egnp.exe\u2028" } });
  for (const path of ["/api/v1/events", "/api/v1/export/events?format=csv", "/api/v1/export/events?format=jsonl"]) {
    const { text } = await ask("GET", path);
    assert.doesNotMatch(text, /[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028-\u202e]/, path);
    assert.match(text, /\\u001b/);
  }
  const { items } = JSON.parse((await ask("GET", "/api/v1/events")).text) as { items: [{ detail: { text: string } }] };
  assert.equal(items[0].detail.text, "\u001b[2J\u009b1m\u202egnp.exe\u2028");
});

test("an export is read page by page, and defuses cells that begin like a formula", async () => {
  const { ask, operator } = testBed();
  for (let count = 0; count < 1201; count++) operator.task(1, { reason: "", deviceName: `light_${count}` });
  operator.task(1, { reason: "=1+1", resultMessage: 'say "a", b' });
  const pages: number[] = [];
  const tasks = operator.tasks.bind(operator);
  operator.tasks = async (filter, page) => {
    const answer = await tasks(filter, page);
    pages.push(answer.items.length);
    return answer;
  };
  const { text, headers } = await ask("GET", "/api/v1/export/tasks?format=csv&plan=1");
  const rows = text.split("\r\n");
  assert.equal(rows.length, 1 + 1202 + 1);
  assert.deepEqual(pages, [500, 500, 202]);
  assert.match(rows.at(-2) ?? "", /,'=1\+1,.*,"say ""a"", b",/);
  assert.match(headers.get("Content-Disposition") ?? "", /attachment; filename="tasks\.csv"/);
  const lines = (await ask("GET", "/api/v1/export/tasks?format=jsonl&plan=1")).text.trimEnd().split("\n");
  assert.equal(lines.length, 1202);
  assert.equal((JSON.parse(lines.at(-1)!) as { reason: string }).reason, "=1+1");
});

test("the metrics are in the text format of Prometheus", async () => {
  const { ask, operator } = testBed();
  operator.metrics = async () => [
    {
      name: "reports_total",
      help: 'a\\b\nc "d"',
      type: "counter",
      values: [{ labels: { reason: 'x"y\\z\n' }, value: 3 }],
    },
    { name: "devices_online", help: "now", type: "gauge", values: [{ labels: {}, value: 1 }] },
  ];
  const { text, headers } = await ask("GET", "/metrics");
  assert.match(headers.get("Content-Type") ?? "", /^text\/plain; version=0\.0\.4/);
  assert.ok(
    text.startsWith(
      '# HELP ota_reports_total a\\\\b\\nc "d"\n# TYPE ota_reports_total counter\n' +
        'ota_reports_total{reason="x\\"y\\\\z\\n"} 3\n' +
        "# HELP ota_devices_online now\n# TYPE ota_devices_online gauge\nota_devices_online 1\n",
    ),
    text,
  );
  assert.match(text, /^process_resident_memory_bytes [0-9]+$/m);
});

test("the secret of a device that is known is shown to a command on this machine alone", async () => {
  const { operator, ask } = testBed();
  const token = operator.token("admin");
  const device = JSON.stringify({ productId: PRODUCT, deviceName: "light_01" });
  for (const [path, body] of [
    ["/api/v1/devices", device],
    ["/api/v1/devices/batch", `{"devices":[${device}]}`],
  ] as const) {
    assert.match((await ask("POST", path, body)).text, /deviceSecret/);
    const { status, text } = await ask("POST", path, body, { Authorization: `Bearer ${token}` });
    assert.deepEqual([status, text.includes("deviceSecret")], [201, false], text);
  }
});

test("whoever looks if the cloud lives and is ready needs no sign-in, and no TLS of a proxy", async () => {
  const problems: string[] = [];
  const api = createApi({ operator: new FakeOperator(), behindProxy: true, readiness: () => problems });
  const look = async (path: string): Promise<[number, unknown]> => {
    const response = await api.fetch(new Request(`http://cloud${path}`));
    return [response.status, await response.json()];
  };
  assert.deepEqual(await look("/healthz"), [200, { live: true }]);
  assert.deepEqual(await look("/readyz"), [200, { ready: true, problems: [] }]);
  problems.push("broker");
  assert.deepEqual(await look("/readyz"), [503, { ready: false, problems: ["broker"] }]);
  assert.deepEqual(await look("/healthz"), [200, { live: true }]);
  assert.equal((await look("/metrics"))[0], 403);
});
