import assert from "node:assert/strict";
import { before, test } from "node:test";
import { type Work, workBoundMs, workMs } from "../../../bench/bounds.js";
import {
  type Computing,
  createTimedDigest,
  DELTA_IN_C,
  DELTA_IN_JS,
  digestMs,
  FAST,
  makingMs,
  SLOW,
  WHOLE,
} from "../../../bench/model/computing.js";
import { profileOf } from "../../../bench/model/profiles.js";
import { type TimedBoot, TimedRun } from "../../../bench/model/run.js";
import { NodeDigest } from "../../../hal/boards/sim/digest.js";
import { packedUpdate, type PackedUpdate } from "../../support/packed-update.js";
import { Scheduler } from "../../support/scheduler.js";

const BYTES = 192 * 1024;
/** Milliseconds of a few reads, and of the packets of MQTT, of which more or fewer are on the way. */
const CLOSE_MS = 60;
let packed: PackedUpdate;

before(() => {
  packed = packedUpdate("minor", BYTES);
});

function deltaOn(name: string, computing?: Computing): TimedBoot {
  const options = computing === undefined ? {} : { computing };
  return TimedRun.go({ profile: profileOf(name), byteLength: packed.result.byteLength, packed, ...options }).last;
}

function updateMs({ offeredMs = 0, pendingMs = 0 }: TimedBoot): number {
  return pendingMs - offeredMs;
}

function workOf(computing: Computing): Work {
  const { file, base, result } = packed;
  const lengths = { fileLength: file.byteLength, resultLength: result.byteLength, baseLength: base.byteLength };
  return { ...lengths, computing };
}

test("the times follow from the constants", () => {
  const close = (value: number, wanted: number): void => assert.ok(Math.abs(value - wanted) < 1e-9, String(value));
  close(makingMs({ name: "", bytecodes: 2, instructions: 0 }, 1000, SLOW), (2 * 1000 * 100) / 240_000);
  close(makingMs({ name: "", bytecodes: 0, instructions: 3 }, 1000, FAST), (3 * 1000 * 1.3) / 240_000);
  close(digestMs("SHA256", 1000, SLOW), (60.7 * 1000 * 2.6) / 240_000);
  close(digestMs("MD5", 1000, FAST), (9.2 * 1000 * 1.3) / 240_000);
  assert.throws(() => digestMs("SHA1", 1, SLOW), RangeError);
});

test("a digest takes its time, and is the same", () => {
  const scheduler = new Scheduler();
  const Timed = createTimedDigest(NodeDigest, { scheduler, processor: SLOW });
  const digests = [new Timed("SHA256"), new NodeDigest("SHA256")];
  for (const digest of digests) digest.write(new Uint8Array(5000));
  assert.equal(scheduler.now, digestMs("SHA256", 5000, SLOW));
  const [timed, plain] = digests.map((digest) => new Uint8Array(digest.close()));
  assert.deepEqual(timed, plain);
});

test("where the line is no limit, an update by a delta takes longer by what the processor does", () => {
  const free = updateMs(deltaOn("lab"));
  for (const making of [DELTA_IN_C, DELTA_IN_JS]) {
    const computing = { making, processor: SLOW };
    const more = updateMs(deltaOn("lab", computing)) - free;
    const wanted = workMs(workOf(computing));
    assert.ok(Math.abs(more - wanted) < CLOSE_MS, `${more} ms, and ${wanted} are computed`);
  }
});

test("the base is hashed before anything is erased, and that takes its time", () => {
  const computing = { making: DELTA_IN_C, processor: SLOW };
  const { trace, offeredMs = 0 } = deltaOn("lab", computing);
  const erased = trace.flash.find(({ kind }) => kind === "erase");
  assert.ok((erased?.startMs ?? 0) - offeredMs > digestMs("SHA256", packed.base.byteLength, SLOW));
});

test("no run undercuts its bound, and a delta is one request for fewer bytes", () => {
  for (const name of ["nb-iot", "wan", "lab"]) {
    const computing = { making: DELTA_IN_JS, processor: SLOW };
    const boot = deltaOn(name, computing);
    assert.ok(updateMs(boot) >= workBoundMs(profileOf(name), workOf(computing)), name);
    assert.deepEqual(boot.requests, [0]);
  }
});

test("a whole image takes longer by its JavaScript and its MD5", () => {
  const profile = profileOf("lab");
  const computing = { making: WHOLE, processor: SLOW };
  const [free, timed] = [{}, { computing }].map((options) =>
    updateMs(TimedRun.go({ profile, byteLength: BYTES, ...options }).last),
  ) as [number, number];
  const wanted = workMs({ fileLength: BYTES, resultLength: BYTES, baseLength: 0, computing });
  assert.ok(Math.abs(timed - free - wanted) < CLOSE_MS, `${timed - free} ms, and ${wanted} are computed`);
});
