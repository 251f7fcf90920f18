import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openState } from "../../../cloud/state.js";
import { withFolder } from "../../support/folder.js";

test("a new folder is made, with an empty state and a signing key of its own", () =>
  withFolder(async (folder) => {
    const keys: string[] = [];
    for (const name of ["a", "b/c"]) {
      const { store, signingKey } = await openState(join(folder, name));
      assert.deepEqual(await store.tables.products.list(), []);
      assert.match(signingKey, /^[0-9a-f]{40}$/);
      keys.push(signingKey);
      await store.close();
    }
    assert.notEqual(keys[0], keys[1]);
  }));

test("the signing key is the same after a restart", () =>
  withFolder(async (folder) => {
    const first = await openState(folder);
    await first.store.close();
    const second = await openState(folder);
    await second.store.close();
    assert.equal(second.signingKey, first.signingKey);
  }));

test("the state, which holds secrets, is for its owner only, while it is open and afterwards", () =>
  withFolder(async (folder) => {
    const { store } = await openState(folder);
    const open = readdirSync(folder).filter((name) => name.startsWith("cloud.db"));
    assert.ok(open.includes("cloud.db-wal"), open.join());
    for (const name of open) assert.equal(statSync(join(folder, name)).mode & 0o077, 0, name);
    await store.close();
    assert.equal(statSync(join(folder, "cloud.db")).mode & 0o077, 0);
  }));

test("a folder is for one process: a second opening is refused, and names the first", () =>
  withFolder(async (folder) => {
    const { store } = await openState(folder);
    await assert.rejects(openState(folder), new RegExp(`is in use by process ${process.pid}: stop it first`));
    await store.close();
    await (await openState(folder)).store.close();
  }));
