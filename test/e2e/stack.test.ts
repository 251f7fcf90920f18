import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { SDK_FIXED } from "../../hal/boards/family/creation.js";
import { LISTENER_SLOTS, STACK_SLOTS, TLS_SLOTS } from "../../hal/boards/esp32/stack.js";
import { XsSdk } from "../../hal/boards/xs/host/sdk.js";
import { ROOT } from "../support/root.js";
import type { StackEntries } from "../support/stack-entries.js";
import { measureStack } from "../support/stack-scenes.js";

const { budgets } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  budgets: { readonly stackSlots: number };
};

/** An update by a package fits into the stack of most of the SDK's boards, with so many slots to spare. */
const SDK_STACK_SLOTS = SDK_FIXED.stackSlots;
const TO_SPARE_SLOTS = 64;

/** The kinds of calls that the scenes must have reached: what they do not reach is not measured. */
const KINDS = [
  "create",
  "start",
  "stop",
  "checkForUpdate",
  "removeSubDevice",
  "publish",
  "subscribe",
  "listenToPlans",
  "answerPlan accept",
  "answerPlan decline",
  "answerPlan defer",
  "timerFired",
  "resolved",
  "writable",
  "ended",
  "promises after selfTested",
  "MQTT CONNACK",
  "MQTT SUBACK",
  "MQTT PUBACK",
  "MQTT UNSUBACK",
  "MQTT report_version_rsp",
  "MQTT update_firmware",
  "MQTT unknown",
  "MQTT online",
  "MQTT change",
  "MQTT bind",
  "MQTT unbind",
  "HTTP 200",
  "HTTP 206",
  "HTTP 302",
  "HTTP 404",
  "HTTP 503",
  "HTTP body",
];

/**
 * Calls that may write to the broker themselves: a timer, room in the socket, the end, the one that subscribes, and a
 * message of QoS 1, which is acknowledged at once.
 */
const WRITERS = ["timerFired", "writable", "stop", "MQTT CONNACK", "MQTT PUBLISH"];

const TLS_KINDS = [
  "TLS ServerHello",
  "TLS Certificate",
  "TLS ServerKeyExchange",
  "TLS CertificateRequest",
  "TLS ServerHelloDone",
  "TLS ChangeCipherSpec",
  "TLS Finished",
  "TLS data",
];

/** @returns the slots of the deepest call */
function deepestOf({ rows }: StackEntries, kinds: readonly string[], context: TestContext): number {
  for (const { name, slots, does } of rows.slice(0, 5)) {
    context.diagnostic(`${slots} slots: ${name}${does === "" ? "" : `, ${does}`}`);
  }
  const names = new Set(rows.map(({ name }) => name));
  assert.deepEqual(
    kinds.filter((kind) => !names.has(kind)),
    [],
  );
  const deepest = rows[0]?.slots ?? 0;
  assert.ok(deepest > 200, `${deepest} slots are too few to be true`);
  return deepest;
}

function slotsOf({ rows }: StackEntries, kind: string): number {
  return rows.find(({ name }) => name === kind)?.slots ?? 0;
}

test("the deepest call into the engine, TLS and an application's listener are within the stack", {
  timeout: 300_000,
}, async (context) => {
  const entries = await measureStack();
  const deepest = deepestOf(entries, KINDS, context);
  // The way out takes most of the stack, and more of it over TLS: it must not be on top of the way in.
  assert.deepEqual(
    entries.rows.filter(({ does, name }) => does.includes("writes MQTT") && !WRITERS.includes(name)),
    [],
  );
  const needed = deepest + TLS_SLOTS + LISTENER_SLOTS;
  assert.ok(needed <= budgets.stackSlots, `${needed} slots, and ${budgets.stackSlots} are allowed`);
  assert.equal(STACK_SLOTS, budgets.stackSlots);
  const packages = entries.deepest.get("packages")?.slots ?? Infinity;
  assert.ok(packages > 200, `${packages} slots are too few to be true`);
  const packed = packages + TLS_SLOTS + TO_SPARE_SLOTS;
  assert.ok(
    packed <= SDK_STACK_SLOTS,
    `updates by packages: ${packed} slots, and the SDK's boards have ${SDK_STACK_SLOTS}`,
  );
});

const { MODDABLE } = process.env;

test("over the SDK's TLS the deepest call and a listener are within the stack, and TLS adds what docs/stack.md states", {
  timeout: 600_000,
  skip: MODDABLE === undefined ? "MODDABLE is not set" : false,
}, async (context) => {
  const sdk = XsSdk.find({ MODDABLE });
  const overTcp = await measureStack({ sdk });
  const overTls = await measureStack({ sdk, overTls: true });
  const plain = deepestOf(overTcp, KINDS, context);
  const deepest = deepestOf(overTls, [...KINDS, ...TLS_KINDS], context);
  const needed = deepest + LISTENER_SLOTS;
  assert.ok(needed <= budgets.stackSlots, `${needed} slots, and ${budgets.stackSlots} are allowed`);
  assert.ok(deepest - plain <= TLS_SLOTS, `TLS adds ${deepest - plain} slots`);
  // The deepest call over TCP is a timer's, which has no TLS below it. What is read has.
  const below = slotsOf(overTls, "MQTT SUBACK") - slotsOf(overTcp, "MQTT SUBACK");
  assert.ok(below > 60, `${below} slots are too few for TLS`);
});
