import assert from "node:assert/strict";
import { test } from "node:test";
import { Names } from "../../../hal/boards/sim/names.js";

const ADDRESSES: { readonly [host: string]: readonly string[] } = {
  "two.test": ["10.0.0.1", "10.0.0.2"],
  "one.test": ["10.0.0.3"],
};

test("a name with several addresses gives the next one at each call, each name for itself", () => {
  const names = new Names((host, callback) => callback(ADDRESSES[host] ?? []));
  const resolved = (host: string): string | undefined => {
    let found: string | undefined;
    names.resolve(host, (address) => (found = address));
    return found;
  };
  assert.deepEqual(["two.test", "one.test", "two.test", "one.test", "two.test"].map(resolved), [
    "10.0.0.1",
    "10.0.0.3",
    "10.0.0.2",
    "10.0.0.3",
    "10.0.0.1",
  ]);
  assert.equal(resolved("none.test"), undefined);
});
