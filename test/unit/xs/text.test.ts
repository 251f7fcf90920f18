import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { buildXsHost } from "../../../hal/boards/xs/host/build.js";
import { XsWorker } from "../../../hal/boards/xs/worker.js";
import { ROOT } from "../../support/root.js";

const TEXTS = [
  "",
  "report",
  "a\0b",
  "\u00e9t\u00e9",
  "\u4e2d",
  "\u{1f600}",
  "a\u{1f600}b",
  "\u{10ffff}\u{10000}",
  "\ud800",
  "a\udfffb",
];

test("text becomes UTF-8 in an engine that counts characters as a chip's does", { timeout: 300_000 }, async () => {
  const module = readFileSync(join(ROOT, "dist", "node", "src", "lib", "utf8.js"), "utf8").replace(/^export /gm, "");
  const encoded: string[] = [];
  const { binary } = await buildXsHost();
  const worker = new XsWorker({
    binary,
    onCall: (bytes) => (encoded.push(Buffer.from(bytes).toString("hex")), new Uint8Array(0)),
  });
  try {
    await worker.evaluate(
      `${module}; for (const text of ${JSON.stringify(TEXTS)}) issueCommand(encodeUtf8(text).buffer, undefined, undefined);`,
    );
  } finally {
    worker.kill();
  }
  assert.deepEqual(
    encoded,
    TEXTS.map((text) => Buffer.from(new TextEncoder().encode(text)).toString("hex")),
  );
});
