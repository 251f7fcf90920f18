import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpClient, HttpRequest } from "../../../hal/ports/index.js";
import { warningOfPlain, warnOfPlain } from "../../../src/agent/plain-link.js";
import { CollectedLog } from "../../support/log.js";

const CLIENT = { send: () => ({}) } as unknown as HttpClient;

function send(http: HttpClient, request: Partial<HttpRequest>): void {
  http.send(request as HttpRequest);
}

test("a link without TLS is warned about unless it does not leave this machine", () => {
  const logged = new CollectedLog();
  for (const host of ["localhost", "127.0.0.1", "127.1.2.3", "::1"]) {
    assert.equal(warnOfPlain(logged.log, "mqtt", host), false, host);
  }
  for (const host of ["localhost.example", "broker", "10.0.0.1", "1127.0.0.1", "127.0.0.1.example", "fe80::1"]) {
    assert.equal(warnOfPlain(logged.log, "mqtt", host), true, host);
  }
  assert.equal(logged.lines.length, 6);
  assert.equal(logged.lines[1], "warn agent mqtt without TLS to broker: anybody on the way can change what is sent");
});

test("the first plain request to another machine is warned about, no other, and none if images are sealed", () => {
  const logged = new CollectedLog();
  let sealed = true;
  const http = warningOfPlain(CLIENT, logged.log, () => sealed);
  send(http, { host: "files" });
  sealed = false;
  send(http, { host: "files", tls: {} });
  send(http, { host: "127.0.0.1" });
  assert.deepEqual(logged.lines, []);
  send(http, { host: "files" });
  send(http, { host: "others" });
  assert.deepEqual(logged.lines, ["warn agent http without TLS to files: anybody on the way can change what is sent"]);
});
