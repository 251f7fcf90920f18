import assert from "node:assert/strict";
import { test } from "node:test";
import {
  concernsDevice,
  type FaultForm,
  faultsOfForm,
  firstForm,
  GROUPS,
  SETTINGS,
  settingsOf,
  specOf,
  type Setting,
} from "../../../../cloud/console/pages/faults/fault-kinds.js";
import { isOn } from "../../../../cloud/console/state/faults.js";
import { type FaultName, MOMENTS } from "../../../../cloud/faults/fault.js";
import { parseFault } from "../../../../cloud/faults/parse.js";

const NAMES = Object.keys(MOMENTS) as FaultName[];

/** Whether the cloud takes it. */
function isTaken(form: FaultForm): boolean {
  try {
    parseFault(specOf(form));
    return true;
  } catch {
    return false;
  }
}

/** Texts about the limits of a setting. */
function textsFor(setting: Setting): readonly string[] {
  switch (setting.kind) {
    case "number":
      return [
        "",
        String(setting.least),
        String(setting.least - 1),
        String(setting.most),
        `${setting.most}0`,
        "1.5",
        "x",
      ];
    case "choice":
      return ["", ...setting.choices, "other"];
    case "headers":
      return ["", "Retry-After: 5", "Retry-After: 5\nX-A:b", "a b: c", "no colon", `A: ${"x".repeat(9000)}`, "A: 你好"];
    case "text":
      return ["", "some text"];
  }
}

test("the form has every fault of the cloud, once", () => {
  assert.deepEqual(Object.keys(SETTINGS).sort(), [...NAMES].sort());
  assert.deepEqual(Object.values(GROUPS).flat().sort(), [...NAMES].sort());
});

for (const name of NAMES) {
  test(`${name}: the form as it comes can be sent`, () => {
    const form = firstForm(name);
    assert.deepEqual(faultsOfForm(form), []);
    assert.deepEqual(parseFault(specOf(form)), specOf(form));
  });
  for (const [setting, kind] of settingsOf(name)) {
    for (const text of textsFor(kind)) {
      test(`${name}: form and cloud agree about ${setting} ${JSON.stringify(text.slice(0, 30))}`, () => {
        const first = firstForm(name);
        const form = { ...first, settings: { ...first.settings, [setting]: text } };
        const isRight = faultsOfForm(form).length === 0;
        // What is no header field at all is not sent, so there is nothing that the cloud could refuse.
        if (kind.kind === "headers" && !isRight) return assert.deepEqual(faultsOfForm(form), ["headers"]);
        assert.equal(isRight, isTaken(form));
      });
    }
  }
}

test("the settings arrive as the cloud has them", () => {
  const form = {
    ...firstForm("status", { product: "ABCDE12345", device: "light_01", times: 2 }),
    settings: { status: "429", headers: "Retry-After: 5\n\n X-Why : no", body: "later" },
  };
  assert.deepEqual(faultsOfForm(form), ["headers"]);
  const mended = { ...form, settings: { ...form.settings, headers: "Retry-After: 5\n\n X-Why:  no " } };
  assert.deepEqual(specOf(mended), {
    fault: "status",
    status: 429,
    headers: { "Retry-After": "5", "X-Why": "no" },
    body: "later",
    product: "ABCDE12345",
    device: "light_01",
    times: 2,
  });
});

test("a device needs its product, and a number of times is one", () => {
  assert.deepEqual(faultsOfForm({ ...firstForm("expired"), device: "light_01" }), ["product"]);
  assert.deepEqual(faultsOfForm({ ...firstForm("expired"), product: "ABCDE12345", device: "a b" }), ["device"]);
  for (const times of ["0", "-1", "x", "1000000001"]) {
    assert.deepEqual(faultsOfForm({ ...firstForm("expired"), times }), ["times"], times);
  }
});

test("a fault is on until it has struck as often as it should; a board without power stays so", () => {
  assert.equal(isOn({ id: 1, spec: { fault: "expired" }, struck: 1000 }), true);
  assert.equal(isOn({ id: 1, spec: { fault: "expired", times: 2 }, struck: 1 }), true);
  assert.equal(isOn({ id: 1, spec: { fault: "expired", times: 2 }, struck: 2 }), false);
  assert.equal(isOn({ id: 1, spec: { fault: "power-off", times: 1 }, struck: 1 }), true);
});

test("the faults of a device are its own, its product's, and those of all devices", () => {
  const concerns = (scope: object) =>
    concernsDevice({ id: 1, spec: { fault: "expired", ...scope }, struck: 0 }, "ABCDE12345", "light_01");
  assert.equal(concerns({}), true);
  assert.equal(concerns({ product: "ABCDE12345" }), true);
  assert.equal(concerns({ product: "ABCDE12345", device: "light_01" }), true);
  assert.equal(concerns({ product: "ABCDE12345", device: "light_02" }), false);
  assert.equal(concerns({ product: "ZZZZZ12345", device: "light_01" }), false);
});
