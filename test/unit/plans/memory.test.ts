import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { PlanMemory } from "../../../src/plans/memory.js";
import { decodePlans, encodePlans, fitting, type PlanEntry } from "../../../src/plans/record.js";
import { crc32 } from "../../../src/lib/crc32.js";
import type { Image } from "../../../src/update/machine/types.js";
import { NO_LOG } from "../../support/log.js";
import { MemoryStore } from "../../support/planning.js";
import { VirtualClock } from "../../support/virtual-clock.js";

const IMAGE: Image = { version: "2.0", md5: "ab".repeat(16), size: 1000 };
const NEW = { declined: false, accepted: [], failures: 0, cooling: undefined, deferredSeconds: 0 };
const DAY = 86_400;

class Scene {
  readonly store = new MemoryStore();
  readonly clock = new VirtualClock();
  memory: PlanMemory;

  constructor(unix?: number) {
    this.clock.unix = unix;
    this.memory = this.#load();
  }

  reboot(): void {
    this.memory = this.#load();
  }

  pass(seconds: number): void {
    if (this.clock.unix !== undefined) this.clock.unix += seconds;
    this.clock.advance(seconds * 1000);
  }

  #load(): PlanMemory {
    return new PlanMemory({
      store: this.store,
      clock: this.clock,
      log: NO_LOG,
      budget: { maxAttempts: 3, coolDownSeconds: DAY },
    });
  }
}

describe("a reverted image", () => {
  test("is not installed again until its cool-down is over, through restarts", () => {
    const scene = new Scene(1_800_000_000);
    scene.memory.fail("firmware", IMAGE, true);
    scene.pass(DAY - 1);
    scene.reboot();
    assert.deepEqual(scene.memory.recall("firmware", IMAGE), { ...NEW, cooling: "reverted", failures: 1 });
    scene.pass(1);
    assert.deepEqual(scene.memory.recall("firmware", IMAGE), { ...NEW, failures: 1 });
  });

  test("cools down in full in each boot of a board that does not know the time", () => {
    const scene = new Scene();
    scene.memory.fail("firmware", IMAGE, true);
    scene.pass(DAY - 1);
    scene.reboot();
    scene.pass(DAY - 1);
    assert.equal(scene.memory.recall("firmware", IMAGE).cooling, "reverted");
    scene.pass(1);
    assert.equal(scene.memory.recall("firmware", IMAGE).cooling, undefined);
  });

  test("that is deferred later is not taken for one that cools down", () => {
    const scene = new Scene(1_800_000_000);
    scene.memory.fail("firmware", IMAGE, true);
    scene.pass(DAY);
    scene.memory.defer("firmware", IMAGE, 60);
    assert.deepEqual(scene.memory.recall("firmware", IMAGE), { ...NEW, failures: 1, deferredSeconds: 60 });
  });
});

test("an image that failed too often cools down, and then has its tries anew", () => {
  const scene = new Scene(1_800_000_000);
  const failed = (times: number): unknown => {
    for (let time = 0; time < times; time++) scene.memory.fail("firmware", IMAGE);
    return scene.memory.recall("firmware", IMAGE).cooling;
  };
  assert.deepEqual([failed(2), failed(1)], [undefined, "exhausted"]);
  scene.pass(DAY);
  assert.equal(scene.memory.recall("firmware", IMAGE).cooling, undefined);
  assert.deepEqual([failed(2), failed(1)], [undefined, "exhausted"]);
  scene.pass(DAY);
  scene.memory.defer("firmware", IMAGE, 60);
  assert.deepEqual(scene.memory.recall("firmware", IMAGE), { ...NEW, failures: 3, deferredSeconds: 60 });
});

test("what is remembered is for one image and one component, also after a restart", () => {
  const scene = new Scene();
  scene.memory.decline("firmware", IMAGE);
  scene.reboot();
  const { memory } = scene;
  for (const other of [
    { ...IMAGE, version: "2.1" },
    { ...IMAGE, md5: "ac".repeat(16) },
    { ...IMAGE, size: 1 },
  ]) {
    assert.deepEqual(memory.recall("firmware", other), NEW);
  }
  assert.deepEqual(memory.recall("mcu", IMAGE), NEW);
  assert.equal(memory.recall("firmware", IMAGE).declined, true);
});

test("each step is accepted for itself, and an installed image leaves nothing", () => {
  const scene = new Scene();
  scene.memory.accept("firmware", IMAGE, "download");
  assert.deepEqual(scene.memory.recall("firmware", IMAGE).accepted, ["download"]);
  scene.memory.accept("firmware", IMAGE, "install");
  scene.reboot();
  assert.deepEqual(scene.memory.recall("firmware", IMAGE).accepted, ["download", "install"]);
  scene.memory.forget("firmware", IMAGE);
  scene.reboot();
  assert.deepEqual(scene.memory.recall("firmware", IMAGE), NEW);
});

test("a failed job removes what was accepted, and a decision ends a deferral", () => {
  const scene = new Scene();
  scene.memory.accept("firmware", IMAGE, "download");
  scene.memory.accept("firmware", IMAGE, "install");
  scene.memory.defer("firmware", IMAGE, 60);
  scene.memory.fail("firmware", IMAGE);
  assert.deepEqual(scene.memory.recall("firmware", IMAGE), { ...NEW, failures: 1 });
  scene.memory.accept("firmware", IMAGE, "download");
  scene.memory.defer("firmware", IMAGE, 60);
  scene.memory.decline("firmware", IMAGE);
  assert.deepEqual(scene.memory.recall("firmware", IMAGE), {
    ...NEW,
    failures: 1,
    accepted: ["download"],
    declined: true,
  });
});

test("declined images may be asked about again once that is forgotten, also after a restart; nothing else changes", () => {
  const scene = new Scene(1_800_000_000);
  const other = { ...IMAGE, version: "3.0" };
  scene.memory.decline("firmware", IMAGE);
  scene.memory.decline("mcu", IMAGE);
  scene.memory.fail("firmware", other, true);
  scene.memory.forgetDeclined();
  for (let boot = 0; boot < 2; boot++) {
    assert.deepEqual(scene.memory.recall("firmware", IMAGE), NEW);
    assert.deepEqual(scene.memory.recall("mcu", IMAGE), NEW);
    assert.equal(scene.memory.recall("firmware", other).cooling, "reverted");
    scene.reboot();
  }
  const { writes } = scene.store;
  scene.memory.forgetDeclined();
  assert.equal(scene.store.writes, writes, "there was nothing to forget");
});

test("forgetting an unknown image writes nothing to the store", () => {
  const scene = new Scene();
  scene.memory.decline("firmware", IMAGE);
  const { writes } = scene.store;
  scene.memory.forget("firmware", { ...IMAGE, version: "3.0" });
  assert.equal(scene.store.writes, writes);
  assert.equal(scene.memory.recall("firmware", IMAGE).declined, true);
});

describe("a deferral", () => {
  const left = ({ memory }: Scene): number => memory.recall("firmware", IMAGE).deferredSeconds;

  test("is counted in whole seconds, rounded up", () => {
    const scene = new Scene();
    scene.memory.defer("firmware", IMAGE, 60);
    scene.clock.advance(500);
    assert.equal(left(scene), 60);
    scene.clock.advance(59_499);
    assert.equal(left(scene), 1);
    scene.clock.advance(1);
    assert.equal(left(scene), 0);
  });

  test("that was begun without the time is counted, even if the time is known later", () => {
    const scene = new Scene();
    scene.memory.defer("firmware", IMAGE, 60);
    scene.clock.unix = 1_800_000_000;
    assert.equal(left(scene), 60);
    scene.reboot();
    assert.equal(left(scene), 60);
  });

  test("that was begun with the time is counted from a boot on in which the time is not known", () => {
    const scene = new Scene(1_800_000_000);
    scene.memory.defer("firmware", IMAGE, 60);
    scene.clock.unix = undefined;
    scene.reboot();
    assert.equal(left(scene), 60);
    scene.pass(60);
    assert.equal(left(scene), 0);
  });
});

describe("a deadline", () => {
  const leftMs = ({ memory }: Scene): number => memory.deadlineMs("firmware", IMAGE, 600);

  test("counts from the first offer, through restarts", () => {
    const scene = new Scene(1_800_000_000);
    assert.equal(leftMs(scene), 600_000);
    scene.pass(250);
    scene.reboot();
    assert.equal(leftMs(scene), 350_000);
    scene.pass(351);
    assert.equal(leftMs(scene), -1_000);
  });

  test("is asked for twice in the same second, and stored once", () => {
    const scene = new Scene(1_800_000_000);
    leftMs(scene);
    const { writes } = scene.store;
    assert.equal(leftMs(scene), 600_000);
    assert.equal(scene.store.writes, writes);
  });

  test("begins anew on a clock that was set back, and with a job after one that failed", () => {
    const scene = new Scene(1_800_000_000);
    leftMs(scene);
    scene.clock.unix = 1_700_000_000;
    assert.equal(leftMs(scene), 600_000);
    scene.pass(100);
    assert.equal(leftMs(scene), 500_000);
    scene.memory.fail("firmware", IMAGE);
    assert.equal(leftMs(scene), 600_000);
  });

  test("without the time is whole each time, and nothing is stored", () => {
    const scene = new Scene();
    assert.equal(leftMs(scene), 600_000);
    scene.pass(100);
    assert.equal(leftMs(scene), 600_000);
    assert.equal(scene.store.writes, 0);
  });
});

describe("memory is bounded: the image that was changed longest ago is removed first", () => {
  for (const [name, component, version, count] of [
    ["short names: ten images", "firmware", (index: number) => `2.${index.toString(36)}.0`, 10],
    ["the longest names: four images", "c".repeat(32), (index: number) => `${"9".repeat(31)}${index}`, 4],
  ] as const) {
    test(name, () => {
      const scene = new Scene();
      const image = (index: number): Image => ({ ...IMAGE, version: version(index) });
      for (let index = 0; index < count; index++) scene.memory.decline(component, image(index));
      scene.memory.accept(component, image(0), "download");
      const kept = (index: number): boolean => scene.memory.recall(component, image(index)).declined;
      assert.deepEqual([kept(0), kept(1), kept(2)], [true, true, true]);
      scene.memory.decline(component, image(count));
      for (let boot = 0; boot < 2; boot++) {
        assert.deepEqual([kept(0), kept(1), kept(2), kept(count)], [true, false, true, true]);
        scene.reboot();
      }
    });
  }
});

describe("the record", () => {
  const entry: fc.Arbitrary<PlanEntry> = fc.record(
    {
      identity: fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 40, maxLength: 40 }),
      label: fc.oneof(fc.string({ unit: "grapheme", maxLength: 16 }), fc.constant("")),
      flags: fc.nat(63),
      deferrals: fc.nat(255),
      failures: fc.nat(255),
      until: fc.nat(0xffffffff),
      seconds: fc.nat(0xffffffff),
      begun: fc.nat(0xffffffff),
    },
    { noNullPrototype: true },
  );
  const SAMPLE: PlanEntry = {
    identity: `${"0123456789abcdef".repeat(2)}89abcdef`,
    label: "mcu 2.0",
    flags: 17,
    deferrals: 2,
    failures: 3,
    until: 0x01020304,
    seconds: 60,
    begun: 0x0a0b0c0d,
  };

  test("is read as it was written, and fits the store", () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 14 }), (all) => {
        const entries = fitting(all);
        assert.deepEqual(entries, all.slice(0, entries.length));
        const record = encodePlans(entries);
        assert.ok(record.byteLength <= 508, `${record.byteLength} bytes`);
        assert.deepEqual(decodePlans(record), entries);
      }),
    );
  });

  const FIELDS = ["11", "02", "03"];
  const TIMES = ["04030201", "3c000000", "0d0c0b0a"];

  test("has the layout of its table", () => {
    const hex = Buffer.from(encodePlans([SAMPLE])).toString("hex");
    const label = Buffer.from("mcu 2.0").toString("hex");
    assert.equal(hex.slice(0, -8), ["02", "01", "0000", SAMPLE.identity, ...FIELDS, "07", ...TIMES, label].join(""));
  });

  test("of format 1 is read; its entries have no label until they change", () => {
    const old = Buffer.from(
      ["01", "01", "0000", SAMPLE.identity, ...FIELDS, "00", ...TIMES, "00000000"].join(""),
      "hex",
    );
    assert.deepEqual(decodePlans(summed(old)), [{ ...SAMPLE, label: "" }]);

    const scene = new Scene();
    scene.memory.decline("firmware", IMAGE);
    const written = scene.store.records.get("plans") as Uint8Array;
    const labelLength = "firmware 2.0".length;
    const stored = new Uint8Array(written.byteLength - labelLength);
    stored.set(written.subarray(0, stored.byteLength));
    stored[0] = 1;
    stored[4 + 23] = 0;
    scene.store.records.set("plans", summed(stored));
    scene.reboot();
    assert.equal(scene.memory.recall("firmware", IMAGE).declined, true);
    scene.memory.accept("firmware", IMAGE, "download");
    assert.equal(decodePlans(scene.store.records.get("plans"))[0]?.label, "firmware 2.0");
  });

  test("with any one byte changed is not read", () => {
    const record = encodePlans([SAMPLE, SAMPLE]);
    for (let at = 0; at < record.byteLength; at++) {
      const damaged = record.slice();
      damaged[at] = (damaged[at] as number) ^ 1;
      assert.deepEqual(decodePlans(damaged), [], `byte ${at}`);
    }
  });

  test("of another format, or whose counts do not fit its length, is not read, even with a right checksum", () => {
    const found = (change: (record: Uint8Array) => Uint8Array): number =>
      decodePlans(summed(change(encodePlans([SAMPLE, SAMPLE])))).length;
    const set = (at: number, value: number) => (record: Uint8Array) => record.fill(value, at, at + 1);
    assert.equal(
      found((record) => record),
      2,
    );
    for (const [at, value] of [
      [0, 3],
      [0, 1],
      [1, 1],
      [1, 3],
      [4 + 23, 6],
      [4 + 23, 8],
      [4 + 23, 255],
    ] as const) {
      assert.equal(found(set(at, value)), 0, `${value} at ${at}`);
    }
    assert.equal(
      found((record) => record.slice(0, -1)),
      0,
    );
    assert.equal(decodePlans(encodePlans(Array.from({ length: 12 }, () => SAMPLE))).length, 0, "over 508 bytes");
    assert.deepEqual(decodePlans(encodePlans([])), []);
  });

  test("of any bytes is read or refused, and never throws", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => assert.ok(Array.isArray(decodePlans(bytes)))));
    assert.deepEqual(decodePlans(undefined), []);
    assert.deepEqual(decodePlans(new Uint8Array(0)), []);
  });
});

/** A record whose sum is right again. */
function summed(record: Uint8Array): Uint8Array {
  const end = record.byteLength - 4;
  new DataView(record.buffer, record.byteOffset).setUint32(end, crc32(record, end), true);
  return record;
}
