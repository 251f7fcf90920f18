import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { StateError } from "../../../hal/boards/sim/state-dir.js";
import { installedSubDevices, SimulatedSubDevice } from "../../../hal/boards/sim/sub-devices.js";

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
  test("goes on after a power cut between the image's place and the record, from any offset", () => {
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

  test("with a damaged record is refused with the file's name and what to do; without the record it begins anew", () => {
    onSubDevice((boot, record) => {
      boot();
      const whole = { version: "2.0.0", size: IMAGE.size, md5: IMAGE.md5 };
      const others = [
        { ...whole, version: 2 },
        { ...whole, version: "" },
        { ...whole, size: null },
        { ...whole, md5: "../x" },
        {},
        null,
        [],
      ];
      for (const text of ["", "{", "\0", ...others.map((other) => JSON.stringify(other))]) {
        writeFileSync(record, text);
        const names = (error: unknown): boolean =>
          error instanceof StateError &&
          error.message.startsWith(`${record} is damaged: delete it`) &&
          !error.message.includes("\n");
        assert.throws(boot, names, text);
        assert.throws(() => installedSubDevices(dirname(dirname(dirname(record)))), names, text);
      }
      writeFileSync(record, JSON.stringify(whole));
      assert.equal(boot().version(), "2.0.0");
      rmSync(record);
      assert.equal(boot().version(), "1.0.0");
    });
  });

  test("refuses other bytes and an incomplete image, and runs what it ran", () => {
    onSubDevice((boot) => {
      const sub = boot();
      assert.equal(sub.finish(IMAGE), "sub-device received other bytes");
      sub.write(IMAGE.md5, 0, BYTES.subarray(1));
      assert.equal(sub.finish(IMAGE), "sub-device received other bytes");
      assert.equal(sub.version(), "1.0.0");
    });
  });
});
