import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import type { Device } from "../../../hal/ports/index.js";
import { BlockedUpdates } from "../../../src/components/blocked-updates.js";
import { Components } from "../../../src/components/components.js";
import { AREA_KEY } from "../../../src/staging/target.js";
import { FIRMWARE } from "../../../src/plans/plans.js";
import type { MqttSession } from "../../../src/mqtt/session.js";
import type { Offer } from "../../../src/protocol/messages.js";
import { OWN_KEY, storeRecord } from "../../../src/update/checkpoint.js";
import type { Checkpoint, Image } from "../../../src/update/machine/types.js";
import { NODE_DIGESTS } from "../../support/digests.js";
import { NO_LOG } from "../../support/log.js";
import { MemoryFlash } from "../../support/memory-flash.js";
import { constantRandom } from "../../support/session-test-bed.js";
import { MemoryStore, Planning } from "../../support/planning.js";

const BYTES = new Uint8Array(9_000).map((_, index) => index & 0x7f);
const IMAGE: Image = { version: "2.0.0", md5: createHash("md5").update(BYTES).digest("hex"), size: BYTES.byteLength };
const OWN: Image = { version: "0.2.0", md5: "ab".repeat(16), size: 1000 };
const OFFER: Offer = { ...IMAGE, version: "mcu_2.0.0", url: "http://h.test/f.bin" };
const FAILED = { outcome: "failed", message: "no such chip" } as const;
const REPORTING: Checkpoint = {
  phase: "reporting",
  slot: "staging",
  image: IMAGE,
  result: FAILED,
  stored: undefined,
  whole: true,
};

/** A board whose area holds the whole image, with an MCU that runs this version, and whatever else is in the store. */
class TestBed {
  readonly planning: Planning;
  readonly components: Components;
  /** `mcu_2.0.0 fail`, `version mcu_1.0.0`. */
  readonly said: string[] = [];
  readonly acknowledge: (() => void)[] = [];
  installs = 0;
  readonly limits = { idleTimeoutMs: 1_000, maxAttempts: 3, backoffMaxMs: 1_000, trialMs: 1_000, selfTestMs: 1_000 };

  constructor(store: MemoryStore, runs = "1.0.0") {
    this.planning = new Planning({ store });
    const { clock, plans, http } = this.planning;
    const area = new MemoryFlash({ blocks: 4 });
    area.eraseBlock(0, 3);
    for (let at = 0; at < BYTES.byteLength; at += area.blockLength) {
      const block = new Uint8Array(area.blockLength).fill(0xff);
      block.set(BYTES.subarray(at, at + area.blockLength));
      area.write(block, at);
    }
    const vitals = { batteryPercent: () => undefined, signalDbm: () => undefined };
    this.components = new Components({
      device: {
        openPartition: () => area,
        store,
        clock,
        http,
        digests: NODE_DIGESTS,
        vitals,
        random: constantRandom(0),
        log: NO_LOG,
      } as unknown as Device,
      session: {
        publish: (_: string, payload: string, onAck?: () => void) => this.#publish(payload, onAck),
      } as unknown as MqttSession,
      name: { productId: "ABCDE12345", deviceName: "board_01" },
      separator: "_",
      installTimeoutMs: 1_000,
      limits: this.limits,
      tls: {},
      plans,
      ownOffer: () => undefined,
      reportOwn: () => this.said.push("version own"),
      onEvent: () => {},
    });
    this.components.add({ id: "mcu", version: () => runs, install: () => void this.installs++ });
  }

  advance(ms: number): void {
    this.planning.clock.advance(ms);
  }

  #publish(payload: string, onAck: (() => void) | undefined): boolean {
    const { type, report } = JSON.parse(payload) as {
      type: string;
      report: { version: string; progress?: { state: string } };
    };
    this.said.push(
      type === "report_version" ? `version ${report.version}` : `${report.version} ${report.progress?.state}`,
    );
    if (onAck !== undefined) this.acknowledge.push(onAck);
    return true;
  }
}

function storeOf(key: string, owner: string, checkpoint: Checkpoint): MemoryStore {
  const store = new MemoryStore();
  storeRecord(store, key, { owner, checkpoint });
  return store;
}

describe("an offer that the platform sent before it had the result of that job", () => {
  /** The result is acknowledged, and everything that follows is done. */
  function ends(bed: TestBed): void {
    bed.advance(0);
    assert.deepEqual(
      bed.said.filter((line) => line.endsWith("fail")),
      ["mcu_2.0.0 fail"],
    );
    bed.acknowledge[0]?.();
    bed.advance(30_000);
    assert.equal(bed.installs, 0);
    assert.equal(bed.said.filter((line) => line.startsWith("mcu_2.0.0")).length, 1, bed.said.join());
  }

  test("and that comes before the component is there, is not installed once more", () => {
    const bed = new TestBed(storeOf(AREA_KEY, "mcu", REPORTING));
    assert.ok(bed.components.onOffer(OFFER));
    bed.components.connected();
    ends(bed);
  });

  test("and that comes before its acknowledgement, is not installed once more", () => {
    const bed = new TestBed(storeOf(AREA_KEY, "mcu", REPORTING));
    bed.components.connected();
    bed.advance(0);
    assert.ok(bed.components.onOffer(OFFER));
    ends(bed);
  });

  test("is a new try if it comes after that", () => {
    const bed = new TestBed(storeOf(AREA_KEY, "mcu", REPORTING));
    bed.components.connected();
    ends(bed);
    assert.ok(bed.components.onOffer(OFFER));
    bed.advance(3_000);
    bed.acknowledge.at(-1)?.();
    bed.advance(0);
    assert.equal(bed.installs, 1);
  });
});

describe("what a component's failure holds back", () => {
  test("goes on if the power went before that failure was stored, and the component runs its image now", () => {
    const store = storeOf(AREA_KEY, "mcu", { phase: "applying", slot: "staging", image: IMAGE });
    new BlockedUpdates({ store }).add(FIRMWARE, OWN, "mcu");
    const bed = new TestBed(store, "2.0.0");
    const own: Offer = { ...OWN, url: "http://h.test/own.bin" };
    assert.equal(bed.components.ownDependencies.blocked(own), "mcu failed");
    bed.components.connected();
    bed.advance(0);
    assert.ok(bed.said.includes("mcu_2.0.0 done"), bed.said.join());
    assert.equal(bed.components.ownDependencies.blocked(own), undefined);
    assert.equal(store.records.has("blocked"), false);
  });

  test("is held back once, even if the power went while that was stored", () => {
    const slot = "ota_1";
    for (const [key, owner, blocked] of [
      [OWN_KEY, "", FIRMWARE],
      [AREA_KEY, "led", "led"],
    ] as const) {
      const store = storeOf(key, owner, {
        ...REPORTING,
        slot,
        image: OWN,
        result: { outcome: "failed", message: "mcu failed" },
      });
      new BlockedUpdates({ store }).add(blocked, OWN, "mcu");
      new TestBed(store);
      assert.equal(store.records.has("blocked"), false, blocked);
    }
    const store = storeOf(OWN_KEY, "", { phase: "verified", slot, image: OWN });
    new BlockedUpdates({ store }).add(FIRMWARE, OWN, "mcu");
    new TestBed(store);
    assert.ok(store.records.has("blocked"), "it was not declined yet");
  });
});

test("a version on the wire is known as a component's that runs, was offered or is being installed", () => {
  const bed = new TestBed(new MemoryStore());
  const known = (): string[] =>
    ["mcu_1.0.0", "mcu_2.0.0", "mcu_3.0.0", "1.0.0", "lamp_1.0.0"].filter((wire) => bed.components.isAbout(wire));
  assert.deepEqual(known(), []);
  bed.components.connected();
  bed.advance(0);
  assert.deepEqual(known(), ["mcu_1.0.0"]);
  bed.components.onOffer(OFFER);
  assert.deepEqual(known(), ["mcu_1.0.0", "mcu_2.0.0"]);
  bed.advance(2_000);
  assert.deepEqual(known(), ["mcu_1.0.0", "mcu_2.0.0"]);
});
