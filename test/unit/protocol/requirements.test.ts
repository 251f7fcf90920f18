import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeRequirements } from "../../../src/protocol/requirements.js";
import { decodeDownlink } from "../../../src/protocol/messages.js";

test("each known field is taken, at both of its bounds", () => {
  for (const requirements of [
    { sourceVersion: "1.0", minBatteryPercent: 0, minSignalDbm: -200, space: 0, kind: "module", component: "app" },
    {
      sourceVersion: "1".repeat(32),
      minBatteryPercent: 100,
      minSignalDbm: 0,
      space: Number.MAX_SAFE_INTEGER,
      kind: "mcu",
      component: "m",
    },
  ] as const) {
    assert.deepEqual(decodeRequirements(requirements), requirements);
  }
});

test("unknown fields are ignored, and without a known one there is nothing", () => {
  assert.deepEqual(decodeRequirements({ space: 1, signature: {} }), { space: 1 });
  assert.equal(decodeRequirements({ signature: {}, version: "2.0" }), undefined);
  assert.equal(decodeRequirements({}), undefined);
});

const wrong: readonly (readonly [field: string, value: unknown])[] = [
  ["sourceVersion", ""],
  ["sourceVersion", "1 0"],
  ["sourceVersion", 1],
  ["minBatteryPercent", 101],
  ["minBatteryPercent", -1],
  ["minBatteryPercent", "30"],
  ["minSignalDbm", 1],
  ["minSignalDbm", -201],
  ["space", -1],
  ["space", null],
  ["kind", "app"],
  ["component", ""],
  ["component", "m/cu"],
];
for (const [field, value] of wrong) {
  test(`${field} cannot be ${JSON.stringify(value)}`, () =>
    assert.deepEqual(decodeRequirements({ [field]: value }), { wrong: `${field} is wrong` }));
}

test("an offer may contain them, and without them is as before", () => {
  const fields = { type: "update_firmware", version: "2.0", url: "http://h/f", md5sum: "0".repeat(32), file_size: 5 };
  const offer = { version: "2.0", url: "http://h/f", md5: "0".repeat(32), size: 5 };
  const read = (message: object): unknown => decodeDownlink(new Uint8Array(Buffer.from(JSON.stringify(message))));
  assert.deepEqual(read(fields), { type: "offer", offer });
  assert.deepEqual(read({ ...fields, minBatteryPercent: 30 }), {
    type: "offer",
    offer: { ...offer, requirements: { minBatteryPercent: 30 } },
  });
  assert.deepEqual(read({ ...fields, space: "x" }), {
    type: "offer",
    offer: { ...offer, requirements: { wrong: "space is wrong" } },
  });
});
