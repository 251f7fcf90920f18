import assert from "node:assert/strict";
import { test } from "node:test";
import { Listeners } from "../../../src/agent/events.js";
import { CollectedLog, NO_LOG } from "../../support/log.js";

const PROGRESS = { version: "0.2.0", bytes: 4096, size: 8192 };

test("each listener of an event is called, in the order in which they were added, and no other", () => {
  const listeners = new Listeners(NO_LOG);
  const heard: string[] = [];
  listeners.add("progress", ({ bytes }) => heard.push(`first ${bytes}`));
  listeners.add("progress", ({ bytes }) => heard.push(`second ${bytes}`));
  listeners.add("connection", () => heard.push("connection"));
  listeners.tell("progress", PROGRESS);
  assert.deepEqual(heard, ["first 4096", "second 4096"]);
});

test("an event has no listeners until one is added", () => {
  const listeners = new Listeners(NO_LOG);
  listeners.tell("progress", PROGRESS);
  assert.equal(listeners.has("progress"), false);
  listeners.add("progress", () => {});
  assert.equal(listeners.has("progress"), true);
  assert.equal(listeners.has("plan"), false);
});

test("a listener that was removed hears nothing more, also if it removes itself while others are told", () => {
  const listeners = new Listeners(NO_LOG);
  const heard: string[] = [];
  const first = (): void => {
    heard.push("first");
    listeners.remove("progress", first);
  };
  const second = (): void => void heard.push("second");
  listeners.add("progress", first);
  listeners.add("progress", second);
  listeners.remove("connection", () => {});
  listeners.remove("progress", () => {});
  listeners.tell("progress", PROGRESS);
  listeners.tell("progress", PROGRESS);
  assert.deepEqual(heard, ["first", "second", "second"]);
  listeners.remove("progress", second);
  assert.equal(listeners.has("progress"), false);
});

test("a listener that fails is logged, and the others are called all the same", () => {
  const { log, lines } = new CollectedLog();
  const listeners = new Listeners(log);
  const heard: number[] = [];
  listeners.add("progress", () => {
    throw new Error("no display");
  });
  listeners.add("progress", ({ bytes }) => heard.push(bytes));
  listeners.tell("progress", PROGRESS);
  assert.deepEqual(heard, [4096]);
  assert.deepEqual(lines, ["error agent listener of progress failed: no display"]);
});

test("a listener whose promise fails is logged too, and ends nothing", async () => {
  const { log, lines } = new CollectedLog();
  const listeners = new Listeners(log);
  listeners.add("progress", async () => {
    throw new Error("no display");
  });
  listeners.tell("progress", PROGRESS);
  await Promise.resolve();
  assert.deepEqual(lines, ["error agent listener of progress failed: no display"]);
});
