import assert from "node:assert/strict";
import { test } from "node:test";
import { isComponentId, parseWireVersion, wireVersion } from "../../../src/components/wire-version.js";

test("a component's version is the reported one without the prefix", () => {
  assert.equal(wireVersion({ component: "mcu", version: "2.1.0" }, "_"), "mcu_2.1.0");
  assert.deepEqual(parseWireVersion("mcu_2.1.0", ["mcu"], "_"), { component: "mcu", version: "2.1.0" });
  assert.deepEqual(parseWireVersion("mcu--2.1.0", ["mcu"], "--"), { component: "mcu", version: "2.1.0" });
});

test("any other version is the own firmware's", () => {
  for (const version of ["2.1.0", "mcu2.1.0", "mcu_", "MCU_2.1.0", "xmcu_1", "mcu-2.1.0"]) {
    assert.equal(parseWireVersion(version, ["mcu"], "_"), undefined, version);
  }
  assert.equal(parseWireVersion("mcu_2.1.0", [], "_"), undefined);
});

test("if two ids fit, the longer one is meant", () => {
  for (const ids of [
    ["mcu", "mcu_2"],
    ["mcu_2", "mcu"],
  ]) {
    assert.deepEqual(parseWireVersion("mcu_2_1.0", ids, "_"), { component: "mcu_2", version: "1.0" });
  }
});

test("an id and a separator consist of characters that the platform takes in a version", () => {
  assert.ok(isComponentId("mcu", "_"));
  assert.ok(isComponentId("a".repeat(30), "_"));
  for (const [id, separator] of [
    ["", "_"],
    ["m cu", "_"],
    ["mcu", "@"],
    ["mcu", ""],
    ["a".repeat(31), "_"],
  ] as const) {
    assert.equal(isComponentId(id, separator), false, `${id}${separator}`);
  }
});
