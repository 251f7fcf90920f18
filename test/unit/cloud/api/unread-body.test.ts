import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { UPLOAD_LIMIT } from "../../../../cloud/api/routes/packages.js";
import { readToEnd } from "../../../../cloud/api/unread-body.js";

for (const { bytes, isRead } of [
  { bytes: UPLOAD_LIMIT, isRead: true },
  { bytes: UPLOAD_LIMIT + 1, isRead: false },
]) {
  test(`a refused upload of ${bytes} bytes is ${isRead ? "read to its end" : "not read"}`, async () => {
    const body = new PassThrough();
    const incoming = Object.assign(body, { headers: { "content-length": String(bytes) } });
    let hasEnded = false;
    const ended = readToEnd(incoming as unknown as IncomingMessage).then(() => (hasEnded = true));
    await new Promise(setImmediate);
    assert.equal(hasEnded, !isRead);
    body.end("the last bytes");
    await ended;
    assert.equal(body.readableFlowing, isRead ? true : null);
  });
}
