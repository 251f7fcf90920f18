import assert from "node:assert/strict";
import { test } from "node:test";
import { type ManifestAnswer, ManifestReader, manifestUrl } from "../../../src/plans/manifest.js";
import { FakeHttp } from "../../support/fake-http.js";
import { VirtualClock } from "../../support/virtual-clock.js";

class Scene {
  readonly http = new FakeHttp();
  readonly clock = new VirtualClock();
  readonly answers: ManifestAnswer[] = [];
  readonly reader: ManifestReader;

  constructor(url = "http://h.test/f.bin?sign=1") {
    this.reader = new ManifestReader({
      http: this.http,
      clock: this.clock,
      url,
      tls: {},
      onEnded: (answer) => this.answers.push(answer),
    });
  }

  body(text: string): ManifestAnswer[] {
    this.http.exchange.head({ status: 200 });
    this.http.exchange.send(Buffer.from(text));
    this.http.exchange.end();
    return this.answers;
  }
}

test("its URL is the firmware's with .json behind the path, byte for byte", () => {
  assert.equal(manifestUrl("http://h/a/b.bin"), "http://h/a/b.bin.json");
  assert.equal(manifestUrl("http://h/a%2Fb?sign=x%00&t=?"), "http://h/a%2Fb.json?sign=x%00&t=?");
});

test("known fields are taken, in any pieces", () => {
  const scene = new Scene();
  scene.http.exchange.head({ status: 200 });
  for (const byte of Buffer.from('{"space":5,"kind":"module","x":null}')) scene.http.exchange.send(Uint8Array.of(byte));
  scene.http.exchange.end();
  assert.deepEqual(scene.answers, [{ found: { space: 5, kind: "module" } }]);
  assert.deepEqual(scene.clock.names(), []);
});

test("1024 bytes are read, and one more is refused with the connection closed", () => {
  const text = (length: number): string => `{"space":5${" ".repeat(length - 11)}}`;
  assert.deepEqual(new Scene().body(text(1024)), [{ found: { space: 5 } }]);
  const long = new Scene();
  assert.deepEqual(long.body(text(1025)), [{ found: { wrong: "manifest is over 1024 bytes" } }]);
  assert.equal(long.http.exchange.closed, true);
});

test("a silent server is waited for ten seconds, also in the middle of the body", () => {
  for (const speaks of [false, true]) {
    const scene = new Scene();
    if (speaks) scene.http.exchange.head({ status: 200 });
    scene.clock.advance(9_999);
    assert.deepEqual(scene.answers, []);
    scene.clock.advance(1);
    assert.deepEqual(scene.answers, [{ unknown: "no answer in time" }]);
    assert.equal(scene.http.exchange.closed, true);
  }
});

test("a body that is no JSON is refused; with a busy or lost server another try may succeed", () => {
  assert.deepEqual(new Scene().body('{"space":'), [{ found: { wrong: "manifest is not JSON" } }]);
  assert.deepEqual(new Scene().body('\ufeff \r\n{"space":'), [{ found: { wrong: "manifest is not JSON" } }]);
  for (const status of [429, 500, 503]) {
    const busy = new Scene();
    busy.http.exchange.head({ status });
    assert.deepEqual(busy.answers, [{ unknown: `server answers ${status}` }]);
  }
  const lost = new Scene();
  lost.http.exchange.fail("closed", "peer closed");
  assert.deepEqual(lost.answers, [{ unknown: "peer closed" }]);
});

test("what is no manifest at all is none: a page, nothing, the firmware, a head that is no HTTP", () => {
  for (const text of ["<!DOCTYPE html><html>{}</html>", "", " ", "[]", '"{}"', "not found", "\xff\xfe"]) {
    const [answer] = new Scene().body(text);
    assert.ok(answer !== undefined && "none" in answer, text);
  }
  const firmware = new Scene();
  firmware.http.exchange.head({ status: 200 });
  firmware.http.exchange.send(Buffer.alloc(4096, 0xe9));
  assert.deepEqual(firmware.answers, [{ none: "over 1024 bytes" }]);
  assert.equal(firmware.http.exchange.closed, true);
  const moved = new Scene();
  moved.http.exchange.head({ status: 302, headers: { location: "http://other.test/f.bin.json" } });
  assert.deepEqual(moved.answers, [{ none: "at another place (302), and not followed" }]);
  const head = new Scene();
  head.http.exchange.fail("malformed", "response head over 4096 bytes");
  assert.deepEqual(head.answers, [{ none: "response head over 4096 bytes" }]);
});

test("closed, it reports nothing any more, whatever still comes", () => {
  const scene = new Scene();
  scene.reader.close();
  scene.reader.close();
  scene.body("{}");
  scene.clock.advance(100_000);
  assert.deepEqual(scene.answers, []);
});

test("TLS is for https alone, with the settings of the firmware's download", () => {
  assert.equal(new Scene().http.exchange.request.tls, undefined);
  const { request } = new Scene("https://h.test/f.bin").http.exchange;
  assert.deepEqual([request.tls, request.host, request.port, request.authority], [{}, "h.test", 443, "h.test"]);
});

test("a malformed URL has no manifest", () => {
  const scene = new Scene("ftp://h/f");
  scene.clock.advance(0);
  assert.deepEqual(scene.answers, [{ found: {} }]);
  assert.equal(scene.http.exchanges.length, 0);
});
