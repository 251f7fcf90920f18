import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { openCloudLog } from "../../../../cli/cloud/log.js";

test("a line has the time, what it is about, and the device", () => {
  const stream = new PassThrough();
  const log = openCloudLog({ stream, now: () => Date.UTC(2026, 4, 1, 10) });
  log("report", "version 1.0.0\u001b[2J\n", { productId: "ABCDE12345", deviceName: "light_01" });
  log("warning", "the disk is full");
  assert.equal(
    String(stream.read()),
    "2026-05-01T10:00:00.000Z report ABCDE12345/light_01 version 1.0.0\\u001b[2J\\u000a\n" +
      "2026-05-01T10:00:00.000Z warning the disk is full\n",
  );
});

test("if the reader has gone, that is reported once, and nothing is written any more", () => {
  const stream = new PassThrough();
  let gone = 0;
  const log = openCloudLog({ stream, onReaderGone: () => gone++ });
  stream.emit("error", Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
  stream.emit("error", Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
  log("report", "later");
  assert.equal(gone, 1);
  assert.equal(stream.read(), null);
});

test("for machines a line is one object, whose level says what calls for a look", () => {
  const stream = new PassThrough();
  const log = openCloudLog({ form: "json", stream, now: () => Date.UTC(2026, 4, 1, 10) });
  log("report", 'version "1.0.0"\u001b[2J\n', { productId: "ABCDE12345", deviceName: "light_01" });
  log("trouble", "the disk is full");
  log("warning", "too fast");
  const lines = String(stream.read()).trimEnd().split("\n");
  const at = "2026-05-01T10:00:00.000Z";
  assert.deepEqual(
    lines.map((line) => JSON.parse(line) as unknown),
    [
      { at, level: "info", what: "report", device: "ABCDE12345/light_01", text: 'version "1.0.0"\u001b[2J\n' },
      { at, level: "error", what: "trouble", text: "the disk is full" },
      { at, level: "warn", what: "warning", text: "too fast" },
    ],
  );
  assert.ok(!lines.join("").includes("\u001b"));
});
