import assert from "node:assert/strict";
import { test } from "node:test";
import { notices } from "../../../../cloud/console/state/notices.js";
import { reading } from "../../../../cloud/console/state/reading.js";

test("a dropped folder, which cannot be read, is shown as an error and rejects nothing", async () => {
  await reading(Promise.resolve());
  assert.equal(notices.value.length, 0);
  await reading(Promise.reject(new Error("a folder")));
  assert.deepEqual(
    notices.value.map(({ error }) => error?.code),
    ["unreadable"],
  );
});
