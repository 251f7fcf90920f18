import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RangeReading, SIGNATURE, SIZE } from "../../support/range-reading.js";

const PLAIN = "http://host/a/file.bin?sign=1";

describe("a RangeReader that is redirected", () => {
  for (const status of [301, 302, 303, 307, 308]) {
    it(`follows a ${status}, with the same range and tag`, () => {
      const reading = RangeReading.requested({ offset: 100, etag: '"abc"' });
      reading.redirect("https://other/x?y", status);
      const [first, second] = reading.http.exchanges;
      assert.equal(first?.closed, true);
      assert.deepEqual([second?.request.host, second?.request.port, second?.request.target], ["other", 443, "/x?y"]);
      assert.deepEqual(second?.request.headers, [
        ["Range", "bytes=100-"],
        ["If-Range", '"abc"'],
      ]);
      assert.deepEqual(reading.told, []);
      reading.answer({ status: 206, headers: { "content-range": `bytes 100-999/${SIZE}` } });
      assert.deepEqual(reading.told, ["opened"]);
    });
  }

  it("follows a location without scheme or host relative to its current URL", () => {
    const reading = RangeReading.requested({ url: PLAIN });
    const target = (): string => `${reading.http.exchange.request.authority}${reading.http.exchange.request.target}`;
    reading.redirect("b.bin?sign=2");
    assert.equal(target(), "host/a/b.bin?sign=2");
    reading.redirect("//other:8080/c/");
    assert.equal(target(), "other:8080/c/");
    reading.redirect("d");
    assert.equal(target(), "other:8080/c/d");
    reading.redirect("?e");
    assert.equal(target(), "other:8080/c/d?e");
    reading.redirect("/f");
    assert.equal(target(), "other:8080/f");
    assert.deepEqual(reading.told, []);
  });

  it("goes from http to https, with the trust anchors it was given", () => {
    const tls = { authority: Uint8Array.of(1) };
    const reading = RangeReading.requested({ url: PLAIN, tls });
    assert.equal(reading.http.exchange.request.tls, undefined);
    reading.redirect("https://host/secure");
    assert.equal(reading.http.exchange.request.tls, tls);
  });

  it("never goes from https to http, not even after a detour", () => {
    for (const location of ["http://host.example/x", "HTTP://host.example/x"]) {
      const reading = RangeReading.requested();
      reading.redirect(location);
      reading.assertFailed("redirect-refused", /^redirect from https to http$/);
      assert.equal(reading.http.exchanges.length, 1);
    }
    const detour = RangeReading.requested({ url: PLAIN });
    detour.redirect("https://host/x");
    detour.redirect("http://host/x");
    detour.assertFailed("redirect-refused", /^redirect from https to http$/);
  });

  it("follows five in a row and refuses the sixth", () => {
    const reading = RangeReading.requested();
    for (let count = 1; count <= 5; count++) reading.redirect(`https://host/${count}`);
    assert.deepEqual(reading.told, []);
    assert.equal(reading.http.exchange.request.target, "/5");
    reading.redirect("https://host/6");
    reading.assertFailed("redirect-refused", /more than 5 redirects/);
    assert.equal(reading.http.exchanges.length, 6);
  });

  it("ends a redirect to itself", () => {
    const reading = RangeReading.requested();
    for (let count = 0; count < 6; count++) reading.redirect("https://host.example:8443/dir/file.bin");
    reading.assertFailed("redirect-refused");
  });

  it("refuses a redirect that leads nowhere", () => {
    const nowhere = [
      undefined,
      "ftp://host/x",
      "http://",
      "https://user:pass@host/",
      "//a b/",
      "/\u20ac",
      "/\r\nX: y",
      `/${"x".repeat(5000)}`,
    ];
    for (const location of nowhere) {
      const reading = RangeReading.requested();
      reading.redirect(location);
      reading.assertFailed("redirect-refused", /^redirect without a usable location$/);
    }
  });

  it("shows a location neither in an error nor in the log", () => {
    const reading = RangeReading.requested();
    reading.redirect(`https://other/x?sign=${SIGNATURE}`);
    reading.redirect(`http://other/x?sign=${SIGNATURE}`);
    reading.assertFailed("redirect-refused");
  });

  it("ignores the rest of the answer that redirected it", () => {
    const reading = RangeReading.requested();
    reading.redirect("https://other/x");
    assert.equal(reading.http.exchanges[0]?.closed, true);
    reading.http.exchange.head({ status: 200, contentLength: SIZE });
    reading.http.exchange.send(new Uint8Array(3));
    reading.readAll();
    assert.equal(reading.received.length, 3);
    assert.equal(reading.http.exchanges[0].readsAfterClose, 0);
  });

  it("takes a refusal after a redirect for the refusal it is", () => {
    const reading = RangeReading.requested();
    reading.redirect("https://other/x");
    reading.answer({ status: 403 });
    reading.assertFailed("url-refused");
  });
});
