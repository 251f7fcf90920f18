import assert from "node:assert/strict";
import { test } from "node:test";
import { readWireVersion, wireVersion } from "../../../../cloud/rollout/wire-version.js";

test("the own firmware's version stands as it is; another component's has the component before it", () => {
  assert.equal(wireVersion("firmware", "2.1.0"), "2.1.0");
  assert.equal(wireVersion("mcu", "2.1.0"), "mcu_2.1.0");
  assert.equal(wireVersion("mcu", "mcu_2.1.0"), "mcu_2.1.0", "one that has it is not given it twice");
});

test("what is written is read back, with the components of the product", () => {
  const components = ["firmware", "mcu", "motor_left"];
  for (const component of components) {
    for (const version of ["1.0.0", "a_b", "v-1"]) {
      assert.deepEqual(readWireVersion(wireVersion(component, version), components), { component, version });
    }
  }
});

test("a text before a version that is no component of the product belongs to the version", () => {
  assert.deepEqual(readWireVersion("beta_2.1.0", ["mcu"]), { component: "firmware", version: "beta_2.1.0" });
  assert.deepEqual(readWireVersion("mcux_2", ["mcu"]), { component: "firmware", version: "mcux_2" });
  assert.deepEqual(readWireVersion("firmware_2", ["firmware"]), { component: "firmware", version: "firmware_2" });
  assert.deepEqual(readWireVersion("mcu_2", []), { component: "firmware", version: "mcu_2" });
});

test("if one component's name begins another's, the longer one counts", () => {
  for (const components of [
    ["motor", "motor_left"],
    ["motor_left", "motor"],
  ]) {
    assert.deepEqual(readWireVersion("motor_left_1.0", components), { component: "motor_left", version: "1.0" });
    assert.deepEqual(readWireVersion("motor_1.0", components), { component: "motor", version: "1.0" });
  }
});
