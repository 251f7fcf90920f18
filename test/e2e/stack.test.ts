import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { LISTENER_SLOTS, STACK_SLOTS, TLS_SLOTS } from "../../hal/boards/esp32/stack.js";
import { ROOT } from "../support/root.js";
import { measureStack } from "../support/stack-scenes.js";

const { budgets } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  budgets: { readonly stackSlots: number };
};

/** One of each that the scenes must have come by: what they do not reach is not measured. */
const KINDS = [
  "create",
  "start",
  "stop",
  "checkForUpdate",
  "removeSubDevice",
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

test("the deepest call into the engine, TLS and an application's listener are within the stack", {
  timeout: 300_000,
}, async (context) => {
  const { rows } = await measureStack();
  for (const { name, slots, does } of rows.slice(0, 5)) {
    context.diagnostic(`${slots} slots: ${name}${does === "" ? "" : `, ${does}`}`);
  }
  const names = new Set(rows.map(({ name }) => name));
  assert.deepEqual(
    KINDS.filter((kind) => !names.has(kind)),
    [],
  );
  const deepest = rows[0]?.slots ?? 0;
  assert.ok(deepest > 200, `${deepest} slots are too few to be true`);
  const needed = deepest + TLS_SLOTS + LISTENER_SLOTS;
  assert.ok(needed <= budgets.stackSlots, `${needed} slots, and ${budgets.stackSlots} are allowed`);
  assert.equal(STACK_SLOTS, budgets.stackSlots);
});
