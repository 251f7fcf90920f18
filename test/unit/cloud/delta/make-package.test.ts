import assert from "node:assert/strict";
import { test } from "node:test";
import { makePackage } from "../../../../cloud/delta/make-package.js";
import { encodePackage } from "../../../../cloud/delta/package-file.js";
import { changeProgram, createProgram, linkImage, MINOR } from "../../../support/linked-image.js";

const program = createProgram(3, 60_000);
const request = {
  base: { bytes: linkImage(program), version: "1.0.0" },
  result: { bytes: linkImage(changeProgram(program, MINOR, 4)), version: "1.1.0" },
  chipId: 0,
};

test("a thread of its own makes the same package, and the caller goes on meanwhile", async () => {
  let turns = 0;
  const ticking = setInterval(() => turns++, 1);
  const bytes = await makePackage(request);
  clearInterval(ticking);
  assert.ok(Buffer.from(encodePackage(request)).equals(bytes));
  assert.ok(turns > 10, `${turns} turns`);
});

test("what does not fit into the format is refused with the reason", async () => {
  await assert.rejects(makePackage({ ...request, result: { ...request.result, version: "a b" } }), /fits no package/);
});

test("a thread that takes too long is ended", async () => {
  await assert.rejects(makePackage(request, { timeoutMs: 1 }), /takes too long/);
});
