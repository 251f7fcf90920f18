import assert from "node:assert/strict";
import { EventEmitter as NodeEmitter } from "node:events";
import { test } from "node:test";
import { EventEmitter } from "../../../hal/shims/events.js";

/** Node's emitter, with the few types of the shim's. */
const Original = NodeEmitter as unknown as typeof EventEmitter;

for (const [name, Emitter] of [
  ["the shim's", EventEmitter],
  ["Node's", Original],
] as const) {
  test(`${name} emitter calls its listeners in order, and throws an error that has no listener`, () => {
    const emitter = new Emitter();
    const told: unknown[] = [];
    assert.equal(
      emitter.on("packet", (packet: unknown) => told.push(["first", packet])),
      emitter,
    );
    emitter.on("packet", (packet: unknown) => told.push(["second", packet]));
    assert.equal(emitter.emit("packet", 1), true);
    assert.equal(emitter.emit("other", 2), false);
    assert.deepEqual(
      [...told],
      [
        ["first", 1],
        ["second", 1],
      ],
    );
    const error = new Error("alone");
    assert.throws(() => emitter.emit("error", error), error);
    emitter.on("error", (heard: unknown) => told.push(heard));
    assert.equal(emitter.emit("error", error), true);
    assert.equal(told.at(-1), error);
  });
}
