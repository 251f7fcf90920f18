import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { KeyValueStore } from "../../../hal/ports/index.js";
import { HalError } from "../../../hal/ports/index.js";
import type { InstallImage, InstallJob } from "../../../src/staging/installation.js";
import { AREA_KEY, forgetStaged, StagedTarget } from "../../../src/staging/target.js";
import { type JobRecord, loadRecord, storeRecord } from "../../../src/update/checkpoint.js";
import type { Failure, Image } from "../../../src/update/machine/types.js";
import { NO_LOG } from "../../support/log.js";
import { MemoryFlash } from "../../support/memory-flash.js";
import { VirtualClock } from "../../support/virtual-clock.js";

const IMAGE: Image = { version: "2.0.0", size: 16_000, md5: "0123456789abcdef0123456789abcdef" };

class TestBed {
  readonly records = new Map<string, Uint8Array>();
  readonly clock = new VirtualClock();
  readonly ends: (Failure | undefined)[] = [];
  readonly installed: Image[] = [];
  writes = 0;
  failing = false;
  image!: InstallImage;
  job!: InstallJob;
  readonly store: KeyValueStore = {
    read: (key) => this.records.get(key),
    write: (key, bytes) => {
      if (this.failing) throw new HalError("io", "store");
      this.writes++;
      this.records.set(key, bytes.slice());
    },
    delete: (key) => {
      if (this.failing) throw new HalError("io", "store");
      this.records.delete(key);
    },
  };

  target(owner = "P/light1", runningVersion = "1.0.0"): StagedTarget {
    return new StagedTarget({
      store: this.store,
      clock: this.clock,
      log: NO_LOG,
      area: { label: "staging", partition: new MemoryFlash({ blocks: 4 }), prepare: () => {} },
      owner,
      runningVersion,
      installer: {
        version: () => undefined,
        install: (image, job) => {
          this.image = image;
          this.job = job;
        },
      },
      installTimeoutMs: 1_000,
      onProgress: () => {},
      onInstalled: (image) => this.installed.push(image),
    });
  }

  apply(owner?: string, image: Image = IMAGE): StagedTarget {
    const target = this.target(owner);
    target.apply(image, (failure) => this.ends.push(failure));
    this.clock.advance(0);
    return target;
  }
}

describe("what was acknowledged of an installation", () => {
  test("is there after a power cut, for the same image and owner alone", () => {
    const bed = new TestBed();
    bed.apply();
    assert.equal(bed.image.acknowledged, 0);
    bed.job.acknowledge(8_000);
    bed.apply();
    assert.equal(bed.image.acknowledged, 8_000);
    bed.apply("P/light2");
    assert.equal(bed.image.acknowledged, 0);
    bed.apply("P/light1", { ...IMAGE, md5: "f".repeat(32) });
    assert.equal(bed.image.acknowledged, 0);
  });

  test("is stored at most 16 times, however small the pieces are", () => {
    const bed = new TestBed();
    bed.apply();
    for (let byteOffset = 16; byteOffset <= IMAGE.size; byteOffset += 16) bed.job.acknowledge(byteOffset);
    assert.ok(bed.writes > 10 && bed.writes <= 16, `${bed.writes}`);
  });

  test("is forgotten at the end, however that is, and before another image", () => {
    for (const end of [(job: InstallJob) => job.succeed(), (job: InstallJob) => job.fail("x")]) {
      const bed = new TestBed();
      bed.apply();
      bed.job.acknowledge(8_000);
      end(bed.job);
      bed.clock.advance(30_000);
      assert.equal(bed.ends.length, 1);
      assert.equal(bed.records.size, 0);
    }
    const bed = new TestBed();
    const target = bed.apply();
    bed.job.acknowledge(8_000);
    target.prepare();
    assert.equal(bed.records.size, 0);
  });

  test("is forgotten if the receiver runs the image after a power cut", () => {
    const bed = new TestBed();
    bed.apply();
    bed.job.acknowledge(8_000);
    const applying: JobRecord = { owner: "P/light1", checkpoint: { phase: "applying", slot: "staging", image: IMAGE } };
    assert.equal(bed.target().restore(applying).state.name, "idle");
    assert.equal(bed.records.size, 1, "it is handed over once more");
    assert.equal(bed.target(undefined, "2.0.0").restore(applying).state.name, "reporting");
    assert.equal(bed.records.size, 0);
  });

  test("counts for nothing if the record is spoiled", () => {
    const bed = new TestBed();
    bed.apply();
    bed.job.acknowledge(8_000);
    const [[key, bytes]] = [...bed.records] as [[string, Uint8Array]];
    for (let index = 0; index < bytes.byteLength; index++) {
      const spoiled = bytes.slice();
      spoiled[index] = (spoiled[index] as number) ^ 1;
      bed.records.set(key, spoiled);
      bed.apply();
      assert.equal(bed.image.acknowledged, 0, `byte ${index}`);
    }
    bed.records.set(key, bytes.subarray(1));
    bed.apply();
    assert.equal(bed.image.acknowledged, 0);
  });

  test("that cannot be stored fails nothing", () => {
    const bed = new TestBed();
    bed.apply();
    bed.failing = true;
    bed.job.acknowledge(8_000);
    bed.job.succeed();
    bed.clock.advance(30_000);
    assert.deepEqual(bed.ends, [undefined]);
    assert.deepEqual(bed.installed, [IMAGE]);
  });
});

test("a target that is stopped reports nothing more", () => {
  const bed = new TestBed();
  const target = bed.apply();
  target.stop();
  bed.job.succeed();
  bed.clock.advance(100_000);
  assert.deepEqual(bed.ends, []);
  assert.deepEqual(bed.clock.names(), []);
});

test("an area that is used for something else forgets what it had, and keeps an unreported result", () => {
  const { store, records } = new TestBed();
  const image = IMAGE;
  storeRecord(store, AREA_KEY, { owner: "P/light1", checkpoint: { phase: "verified", slot: "staging", image } });
  forgetStaged(store);
  assert.equal(records.size, 0);
  const checkpoint = {
    phase: "reporting",
    slot: "staging",
    image,
    result: { outcome: "done" },
    stored: undefined,
    whole: true,
  } as const;
  storeRecord(store, AREA_KEY, { owner: "P/light1", checkpoint });
  forgetStaged(store);
  assert.deepEqual(loadRecord(store, AREA_KEY), { owner: "P/light1", checkpoint: { ...checkpoint, whole: false } });
});
