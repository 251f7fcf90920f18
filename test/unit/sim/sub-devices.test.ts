import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { SimulatedSubDevice } from "../../../hal/boards/sim/sub-devices.js";

const BYTES = new Uint8Array(10_000).map((_, index) => (index * 7) & 0xff);
const IMAGE = { version: "2.0.0", size: BYTES.byteLength, md5: createHash("md5").update(BYTES).digest("hex") };

function onSubDevice(body: (boot: () => SimulatedSubDevice, record: string) => void): void {
  const state = mkdtempSync(join(tmpdir(), "sub-device-"));
  const options = { productId: "E69UADXUYY", deviceName: "light1", version: "1.0.0", install: "ok", state } as const;
  try {
    body(() => new SimulatedSubDevice(options), join(state, "subdevices", "E69UADXUYY_light1", "installed.json"));
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}

describe("a simulated sub-device", () => {
  test("goes on after a power cut between the image's place and the record, from wherever it is told", () => {
    for (const acknowledged of [0, 4_096, BYTES.byteLength]) {
      onSubDevice((boot, record) => {
        const before = boot();
        before.write(IMAGE.md5, 0, BYTES);
        assert.equal(before.finish(IMAGE), undefined);
        writeFileSync(record, JSON.stringify({ version: "1.0.0", size: null, md5: null }));
        const after = boot();
        assert.equal(after.version(), "1.0.0");
        if (acknowledged < BYTES.byteLength) after.write(IMAGE.md5, acknowledged, BYTES.subarray(acknowledged));
        assert.equal(after.finish(IMAGE), undefined, `${acknowledged}`);
        assert.equal(after.version(), "2.0.0");
        assert.deepEqual(after.image(), BYTES);
      });
    }
  });

  test("refuses other bytes, and what never came, and runs what it ran", () => {
    onSubDevice((boot) => {
      const sub = boot();
      assert.equal(sub.finish(IMAGE), "sub-device received other bytes");
      sub.write(IMAGE.md5, 0, BYTES.subarray(1));
      assert.equal(sub.finish(IMAGE), "sub-device received other bytes");
      assert.equal(sub.version(), "1.0.0");
    });
  });
});
