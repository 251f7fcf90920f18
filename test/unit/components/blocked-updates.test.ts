import assert from "node:assert/strict";
import { test } from "node:test";
import { HalError, type KeyValueStore } from "../../../hal/ports/index.js";
import { BlockedUpdates } from "../../../src/components/blocked-updates.js";
import type { Image } from "../../../src/update/machine/types.js";

const image = (digit: string): Image => ({ version: "1", md5: digit.repeat(32), size: 1 });

class MapStore implements KeyValueStore {
  readonly records = new Map<string, Uint8Array>();
  read = (key: string): Uint8Array | undefined => this.records.get(key);
  write = (key: string, bytes: Uint8Array): void => {
    assert.ok(bytes.byteLength <= 508);
    this.records.set(key, bytes.slice());
  };
  delete = (key: string): void => void this.records.delete(key);
}

test("an image is blocked for one owner alone, also after a restart, until the block is removed", () => {
  const store = new MapStore();
  new BlockedUpdates({ store }).add("firmware", image("a"), "mcu");
  const again = new BlockedUpdates({ store });
  assert.equal(again.find("firmware", image("a")), "mcu");
  assert.equal(again.find("firmware", image("b")), undefined);
  assert.equal(again.find("radio", image("a")), undefined);
  again.remove("firmware", image("a"));
  assert.equal(again.find("firmware", image("a")), undefined);
  assert.equal(store.records.size, 0);
});

test("a component that succeeds after all blocks nothing any more; what others block stays", () => {
  const store = new MapStore();
  const blocked = new BlockedUpdates({ store });
  blocked.add("firmware", image("a"), "mcu");
  blocked.add("led", image("b"), "radio-mcu");
  blocked.lift("mcu");
  const again = new BlockedUpdates({ store });
  assert.deepEqual([again.find("firmware", image("a")), again.find("led", image("b"))], [undefined, "radio-mcu"]);
});

test("the newest few are kept, in one record however long the ids are", () => {
  const store = new MapStore();
  const blocked = new BlockedUpdates({ store });
  for (const digit of "01234") blocked.add("o".repeat(30), image(digit), "b".repeat(30));
  blocked.add("o".repeat(30), image("4"), "c");
  const again = new BlockedUpdates({ store });
  assert.deepEqual(
    [..."01234"].map((digit) => again.find("o".repeat(30), image(digit))?.charAt(0)),
    [undefined, "b", "b", "b", "c"],
  );
});

test("a record that is damaged blocks nothing", () => {
  const store = new MapStore();
  for (const text of ["firmware", `firmware ${"a".repeat(31)} mcu`, `firmware ${"a".repeat(32)}`, "\xff"]) {
    store.records.set("blocked", Buffer.from(text, "latin1"));
    assert.equal(new BlockedUpdates({ store }).find("firmware", image("a")), undefined, text);
  }
});

test("a block that cannot be stored holds until the next boot", () => {
  const store = new MapStore();
  store.write = () => {
    throw new HalError("no-space", "full");
  };
  const blocked = new BlockedUpdates({ store });
  assert.throws(() => blocked.add("firmware", image("a"), "mcu"), HalError);
  assert.equal(blocked.find("firmware", image("a")), "mcu");
});
