import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { Readable } from "node:stream";
import { test } from "node:test";
import { encodePackage } from "../../../../cloud/delta/package-file.js";
import { packageRequestOf } from "../../../../cloud/delta/package-request.js";
import { type PackageView, Refusal, type TaskView } from "../../../../cloud/operator/types.js";
import { decodeFixedHeader } from "../../../../src/package/header.js";
import { ACTOR, ConsoleBed, PRODUCT } from "../../../support/console-bed.js";
import { SeededRandom } from "../../../support/seed.js";
import { newKey, sealedImage } from "../../../support/sealing.js";

const BLOCK = 4096;

/** Two versions of something that differ in a few bytes of each block; half of it is compressible. */
function content(version: number): Buffer {
  const random = new SeededRandom(5);
  const bytes = Buffer.alloc(6 * BLOCK);
  for (let at = 0; at < bytes.byteLength / 2; at++) bytes[at] = random.integer(0, 256);
  for (let at = 16; at < bytes.byteLength; at += BLOCK) bytes.writeUInt32LE(version, at);
  return bytes;
}

async function add(bed: ConsoleBed, version: string, bytes: Uint8Array, over: object = {}): Promise<PackageView> {
  const request = { productId: PRODUCT, version, fileName: "image.bin", ...over };
  return bed.operator.addPackage(request, Readable.from([Buffer.from(bytes)]), ACTOR);
}

/** Packages of the versions 1.0.0 and 2.0.0. @returns the second one */
async function two(bed: ConsoleBed): Promise<PackageView> {
  await add(bed, "1.0.0", content(1));
  return add(bed, "2.0.0", content(2));
}

async function made(bed: ConsoleBed, id: number): Promise<PackageView["variants"]> {
  await bed.core.variants.idle();
  return (await bed.operator.package(id)).variants;
}

async function task(bed: ConsoleBed, planId: number, deviceName: string): Promise<TaskView> {
  const { items } = await bed.operator.tasks({ planId, device: { productId: PRODUCT, deviceName } }, {});
  return items[0] as TaskView;
}

async function refused(promise: Promise<unknown>, code: string, says: RegExp): Promise<void> {
  await assert.rejects(promise, (error) => error instanceof Refusal && error.code === code && says.test(error.message));
}

test("a delta and a compressed image are made in the background, and are files of their own", () =>
  ConsoleBed.run(async (bed) => {
    const { id } = await two(bed);
    const { variants } = await bed.operator.addVariants(id, { deltaFrom: ["1.0.0"], compressed: true }, ACTOR);
    assert.deepEqual(
      variants.map(({ form, sourceVersion, state }) => [form, sourceVersion, state]),
      [
        ["delta", "1.0.0", "queued"],
        ["compressed", undefined, "queued"],
      ],
    );
    const [delta, compressed] = await made(bed, id);
    const request = packageRequestOf({ version: "2.0.0", bytes: content(2) }, { version: "1.0.0", bytes: content(1) });
    const expected = encodePackage(request);
    assert.deepEqual(
      [delta?.state, delta?.percent, delta?.size, delta?.md5, delta?.pays],
      ["ready", 100, expected.byteLength, createHash("md5").update(expected).digest("hex"), true],
    );
    assert.equal(compressed?.state, "ready");
    assert.ok((compressed?.size ?? 0) > (delta?.size ?? 0));
    const row = await bed.tables.variants.byId(delta!.id);
    const served = await bed.core.files.find(row?.path ?? "", {});
    assert.equal(served?.productId, PRODUCT);
    assert.ok(readFileSync(served?.filePath ?? "").equals(expected));
    const { items } = await bed.operator.events({}, {});
    assert.deepEqual(
      items.map(({ kind }) => kind).filter((kind) => kind.includes("variant")),
      ["package-variant-made", "package-variant-made"],
    );
  }));

test("what a process leaves undone the next one makes, and what has failed is made anew on request", () =>
  ConsoleBed.run(async (bed) => {
    const { id } = await two(bed);
    const [base] = (await bed.operator.packages(PRODUCT, {})).items;
    await bed.core.state.store.write(async (tables) => {
      const wanted = { packageId: id, basePackageId: base!.id, form: "delta", sourceVersion: "1.0.0" } as const;
      await tables.variants.queue({ ...wanted, createdAt: bed.nowMs });
      const [queued] = await tables.variants.toMake();
      await tables.variants.update(queued!.id, { state: "making", percent: 40 });
    });
    await bed.restart();
    bed.core.variants.start();
    const [delta] = await made(bed, id);
    assert.equal(delta?.state, "ready");
    await bed.core.state.store.write((tables) =>
      tables.variants.update(delta!.id, { state: "failed", reason: "no", size: null, path: null }),
    );
    await bed.operator.addVariants(id, { deltaFrom: ["1.0.0"] }, ACTOR);
    const [again] = await made(bed, id);
    assert.deepEqual([again?.id, again?.state, again?.reason], [delta?.id, "ready", undefined]);
  }));

test("a delta that cannot be made says why, and the others go on", () =>
  ConsoleBed.run(async (bed) => {
    const { id } = await two(bed);
    const file = bed.core.state.files.pathOf((await bed.operator.packages(PRODUCT, {})).items[0]!.files[0]!.md5);
    const { truncateSync, rmSync } = await import("node:fs");
    await bed.operator.addVariants(id, { deltaFrom: ["1.0.0"], compressed: true }, ACTOR);
    truncateSync(file as string, 0);
    rmSync(file as string);
    const [delta, compressed] = await made(bed, id);
    assert.deepEqual([delta?.state, compressed?.state], ["failed", "ready"]);
    assert.match(delta?.reason ?? "", /the file of version 1\.0\.0 cannot be read: add it again/);
  }));

test("a device is offered the delta from its version, another one the compressed image, or the whole file", () =>
  ConsoleBed.run(async (bed) => {
    const { id } = await two(bed);
    await bed.operator.addVariants(id, { deltaFrom: ["1.0.0"], compressed: true }, ACTOR);
    const [delta, compressed] = await made(bed, id);
    await bed.devices(["old"], "1.0.0");
    await bed.devices(["older"], "0.9.0");
    const plan = await bed.plan();
    await bed.seconds(2);
    const offered = async (name: string) => (await task(bed, plan.id, name)).variant;
    assert.deepEqual(await offered("old"), { form: "delta", sourceVersion: "1.0.0", size: delta!.size });
    assert.deepEqual(await offered("older"), { form: "compressed", size: compressed!.size });
    const events = await bed.operator.events({ productId: PRODUCT, deviceName: "old" }, {});
    const [text] = events.items
      .filter(({ kind }) => kind === "task-variant-offered")
      .map(({ detail }) => detail["text"]);
    assert.equal(text, `delta from 1.0.0, ${delta!.size} bytes`);
  }));

test("what saves less than the settings demand is not offered", () =>
  ConsoleBed.run(async (bed) => {
    const { id, files } = await two(bed);
    await bed.operator.addVariants(id, { compressed: true }, ACTOR);
    const [{ size = 0 } = {}] = await made(bed, id);
    const saving = Math.floor(100 - (100 * size) / files[0]!.size);
    await bed.operator.changeSettings({ leastSavingPercent: saving + 1 }, ACTOR);
    assert.equal((await bed.operator.package(id)).variants[0]?.pays, false);
    await bed.devices(["one"], "1.0.0");
    const plan = await bed.plan();
    await bed.seconds(2);
    assert.deepEqual(
      [(await task(bed, plan.id, "one")).state, (await task(bed, plan.id, "one")).variant],
      ["offered", undefined],
    );
    await bed.operator.changeSettings({ leastSavingPercent: saving }, ACTOR);
    assert.equal((await bed.operator.package(id)).variants[0]?.pays, true);
  }));

test("a device that refuses the delta is offered the whole file, once, in the same try", () =>
  ConsoleBed.run(async (bed) => {
    const { id } = await two(bed);
    await bed.operator.addVariants(id, { deltaFrom: ["1.0.0"], compressed: true }, ACTOR);
    await made(bed, id);
    await bed.devices(["one"], "1.0.0");
    const plan = await bed.plan();
    await bed.seconds(2);
    await bed.fail("one", "-5", "wrong-base: another image runs");
    await bed.seconds(2);
    const whole = await task(bed, plan.id, "one");
    assert.deepEqual(
      [whole.state, whole.attempt, whole.variant, whole.variantRefusal],
      ["offered", 1, undefined, "wrong-base"],
    );
    const { attention } = await bed.operator.overview({ productId: PRODUCT });
    assert.deepEqual(attention, [{ kind: "plan-variant-refused", planId: plan.id, count: 1 }]);
    const { items } = await bed.operator.events({ productId: PRODUCT, deviceName: "one" }, {});
    const refusal = items.find(({ kind }) => kind === "task-variant-refused");
    assert.equal(refusal?.detail["text"], "wrong-base: another image runs");
    await bed.fail("one", "-5", "wrong-base: another image runs");
    await bed.seconds(2);
    assert.equal((await task(bed, plan.id, "one")).state, "offered", "the same result once more is none of the file");
    await bed.fail("one", "-5", "image-invalid: no application image");
    await bed.seconds(2);
    assert.equal((await task(bed, plan.id, "one")).state, "failed");
  }));

for (const [what, code, message, word] of [
  ["has no part for packages", "-5", "needs part `packages`", "no-part"],
  ["knows no packages", "-5", "not an application image", "image-invalid"],
  ["knows no packages and demands a seal", "-5", "unsigned: no seal at its end", "unsigned"],
  ["finds another version in it", "-5", "package that makes version 3.0.0", "image-invalid"],
  ["gets a part of another file", "-5", "the package is not the one that was begun", "content-changed"],
  ["gets a file of another length", "-5", "file has 100 bytes, not 200", "unexpected-answer"],
  ["does not find the file", "-2", "file not exist", "not-found"],
] as const) {
  test(`a device that ${what} is offered the whole file, in the same try`, () =>
    ConsoleBed.run(async (bed) => {
      const { id } = await two(bed);
      await bed.operator.addVariants(id, { deltaFrom: ["1.0.0"] }, ACTOR);
      await made(bed, id);
      await bed.devices(["one"], "1.0.0");
      const plan = await bed.plan();
      await bed.seconds(2);
      assert.equal((await task(bed, plan.id, "one")).variant?.form, "delta");
      await bed.fail("one", code, message);
      await bed.seconds(2);
      const whole = await task(bed, plan.id, "one");
      assert.deepEqual(
        [whole.state, whole.attempt, whole.variant, whole.variantRefusal],
        ["offered", 1, undefined, word],
      );
    }));
}

for (const [what, code, message, ends] of [
  ["was reverted", "-5", "not proven in time, reverted", "failed"],
  ["refuses an older one", "-5", "rollback-refused: below the floor", "declined"],
] as const) {
  test(`a device that ${what} is not offered the whole file after a delta`, () =>
    ConsoleBed.run(async (bed) => {
      const { id } = await two(bed);
      await bed.operator.addVariants(id, { deltaFrom: ["1.0.0"] }, ACTOR);
      await made(bed, id);
      await bed.devices(["one"], "1.0.0");
      const plan = await bed.plan();
      await bed.seconds(2);
      await bed.fail("one", code, message);
      await bed.seconds(2);
      assert.equal((await task(bed, plan.id, "one")).state, ends);
    }));
}

test("nothing is made of a file that was damaged since it was added: no device would notice", () =>
  ConsoleBed.run(async (bed) => {
    const { id, files } = await two(bed);
    const path = bed.core.state.files.pathOf(files[0]!.md5) as string;
    const damaged = content(2);
    damaged[100] = (damaged[100] as number) ^ 1;
    writeFileSync(path, damaged);
    await bed.operator.addVariants(id, { deltaFrom: ["1.0.0"] }, ACTOR);
    const [delta] = await made(bed, id);
    assert.deepEqual([delta?.state, delta?.reason], ["failed", "the file of version 2.0.0 is damaged: add it again"]);
  }));

test("the offer of a try stays what it was, whatever is made or removed meanwhile", () =>
  ConsoleBed.run(async (bed) => {
    const { id } = await two(bed);
    await bed.devices(["one"], "1.0.0");
    const plan = await bed.plan();
    await bed.seconds(2);
    await bed.operator.addVariants(id, { deltaFrom: ["1.0.0"] }, ACTOR);
    const [delta] = await made(bed, id);
    await bed.version("one", "1.0.0");
    assert.equal((await task(bed, plan.id, "one")).variant, undefined);
    await bed.devices(["two"], "1.0.0");
    const other = await bed.plan();
    await bed.seconds(2);
    assert.equal((await task(bed, other.id, "two")).variant?.form, "delta");
    await bed.operator.removeVariant(id, delta!.id, ACTOR);
    const left = await task(bed, other.id, "two");
    assert.deepEqual([left.state, left.variant?.form], ["offered", "delta"]);
  }));

test("a package that replaces the base takes its deltas with it", () =>
  ConsoleBed.run(async (bed) => {
    const { id } = await two(bed);
    await bed.operator.addVariants(id, { deltaFrom: ["1.0.0"], compressed: true }, ACTOR);
    await made(bed, id);
    await add(bed, "1.0.0", content(7), { replace: true });
    assert.deepEqual(
      (await bed.operator.package(id)).variants.map(({ form }) => form),
      ["compressed"],
    );
  }));

test("a delta of a sealed image carries its seal, and its chip", () =>
  ConsoleBed.run(async (bed) => {
    const sealed = (version: string) =>
      sealedImage({ version, keys: [newKey()], product: PRODUCT, securityVersion: 3, byteLength: 8192 });
    await add(bed, "1.0.0", sealed("1.0.0"));
    const image = sealed("2.0.0");
    const { id } = await add(bed, "2.0.0", image);
    await bed.operator.addVariants(id, { deltaFrom: ["1.0.0"] }, ACTOR);
    const [delta] = await made(bed, id);
    const bytes = readFileSync(bed.core.state.files.pathOf(delta?.md5 ?? "") as string);
    const { sealLength, resultLength, base, chipId } = decodeFixedHeader(bytes);
    assert.deepEqual([sealLength, resultLength, base?.version, chipId], [200, image.byteLength, "1.0.0", 0]);
    // What a sub-device has was handed over without its seal.
    assert.equal(base?.length, image.byteLength - 200);
    assert.ok(bytes.subarray(160, 160 + sealLength).equals(image.subarray(-sealLength)));
  }));

test("what nothing can be made of is refused with the reason", () =>
  ConsoleBed.run(async (bed) => {
    const { id } = await two(bed);
    const make = (of: number, wanted: object) => bed.operator.addVariants(of, wanted, ACTOR);
    await refused(make(id, {}), "invalid", /say from which versions/);
    await refused(make(id, { deltaFrom: ["2.0.0"] }), "invalid", /makes another version/);
    await refused(make(id, { deltaFrom: ["0.1.0"] }), "not-found", /no version 0\.1\.0 of firmware/);
    await refused(make(9999, { compressed: true }), "not-found", /no package 9999/);
    await refused(bed.operator.removeVariant(id, 77, ACTOR), "not-found", /no variant 77/);
    const delta = await add(bed, "3.0.0", content(3), { requirements: { sourceVersion: "1.0.0" } });
    await refused(make(delta.id, { compressed: true }), "conflict", /is a delta itself/);
    await bed.operator.withdrawPackage(id, ACTOR);
    await refused(make(id, { compressed: true }), "conflict", /withdrawn/);
  }));

test("a package that was made elsewhere is added as what it says it is", () =>
  ConsoleBed.run(async (bed) => {
    const of = (version: string) => ({ version, bytes: content(Number(version[0])) });
    const delta = encodePackage(packageRequestOf(of("2.0.0"), of("1.0.0")));
    const compressed = encodePackage(packageRequestOf(of("3.0.0")));
    await refused(add(bed, "2.0.1", delta), "conflict", /makes version 2\.0\.0, and not 2\.0\.1/);
    const wrong = { requirements: { sourceVersion: "1.5.0" } };
    await refused(add(bed, "2.0.0", delta, wrong), "conflict", /is a delta from 1\.0\.0, and not one from 1\.5\.0/);
    await refused(add(bed, "3.0.0", compressed, wrong), "conflict", /is a compressed image, and no delta/);
    await refused(add(bed, "2.0.0", delta.subarray(0, -1)), "invalid", /package-malformed/);
    const { form, sourceVersion, requirements } = await add(bed, "2.0.0", delta);
    assert.deepEqual([form, sourceVersion, requirements], ["delta", "1.0.0", { sourceVersion: "1.0.0" }]);
    const whole = await add(bed, "3.0.0", compressed);
    assert.equal(whole.form, "full");
    await refused(bed.operator.addVariants(whole.id, { compressed: true }, ACTOR), "conflict", /itself/);
  }));
