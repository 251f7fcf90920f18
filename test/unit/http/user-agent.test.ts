import assert from "node:assert/strict";
import { test } from "node:test";
import { withUserAgent } from "../../../src/http/user-agent.js";
import { FakeHttp } from "../../support/fake-http.js";

test("every request says who asks, before its own fields, and is the same otherwise", () => {
  const http = new FakeHttp();
  const request = {
    host: "h",
    port: 80,
    target: "/f",
    authority: "h",
    headers: [["Range", "bytes=1-"]],
    wanted: ["etag"],
    connectTimeoutMs: 5000,
    onHead: () => {},
    onReadable: () => {},
    onEnd: () => {},
    onError: () => {},
  } as const;
  const exchange = withUserAgent(http, "product/1.2 (x)").send(request);
  assert.equal(exchange, http.exchanges[0]);
  assert.deepEqual(http.exchanges[0]?.request, {
    ...request,
    headers: [
      ["User-Agent", "product/1.2 (x)"],
      ["Range", "bytes=1-"],
    ],
  });
});
