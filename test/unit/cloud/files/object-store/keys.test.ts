import assert from "node:assert/strict";
import { utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { keysOfEnvironment, keysOfFile } from "../../../../../cloud/files/object-store/keys.js";
import { CloudError } from "../../../../../cloud/types.js";
import { withFolder } from "../../../../support/folder.js";

test("keys come from a file, and from it again when it has changed", () =>
  withFolder(async (folder) => {
    const path = join(folder, "keys");
    writeFileSync(path, "AKID\nsecret\n");
    const keys = keysOfFile(path);
    assert.deepEqual(keys(), { accessKeyId: "AKID", secretAccessKey: "secret" });
    writeFileSync(path, "AKID2\r\nsecret2\r\ntoken2\r\n");
    utimesSync(path, 1, 1);
    assert.deepEqual(keys(), { accessKeyId: "AKID2", secretAccessKey: "secret2", sessionToken: "token2" });
    writeFileSync(path, "half");
    utimesSync(path, 2, 2);
    assert.equal(keys().accessKeyId, "AKID2");
  }));

test("a file that holds something else is refused without its content", () =>
  withFolder(async (folder) => {
    const path = join(folder, "keys");
    for (const text of ["", "topsecret", "AKID\ntop secret", "a\nb\nc\nd"]) {
      writeFileSync(path, text);
      assert.throws(
        () => keysOfFile(path),
        (error) => error instanceof CloudError && !error.message.includes("top"),
      );
    }
    assert.throws(() => keysOfFile(join(folder, "absent")), CloudError);
  }));

test("keys come from the environment by the usual names; without them, both ways are named", () => {
  const environment = { AWS_ACCESS_KEY_ID: "AKID", AWS_SECRET_ACCESS_KEY: "secret", AWS_SESSION_TOKEN: "" };
  assert.deepEqual(keysOfEnvironment(environment)(), { accessKeyId: "AKID", secretAccessKey: "secret" });
  assert.throws(() => keysOfEnvironment({ AWS_ACCESS_KEY_ID: "AKID" }), /--files-keys FILE, or AWS_ACCESS_KEY_ID/);
});
