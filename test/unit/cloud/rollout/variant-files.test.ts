import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import type { FirmwareFiles } from "../../../../cloud/files/firmware-files.js";
import { ObjectStoreError } from "../../../../cloud/files/object-store/object-store-error.js";
import { type PackageVariantView, type PackageView, Refusal } from "../../../../cloud/operator/types.js";
import { fileOf } from "../../../../cloud/rollout/offered-file.js";
import { VariantMaker, type VariantMakerOptions } from "../../../../cloud/rollout/variant-maker.js";
import { addFleet, taskOf } from "../store/open-store.js";
import { ACTOR, ConsoleBed, NOW, PRODUCT } from "../../../support/console-bed.js";

const BLOCK = 4096;
const MD5 = "0123456789abcdef0123456789abcdef";

/** Versions of something compressible that differ in a few bytes of each block. */
function content(version: number): Buffer {
  const bytes = Buffer.alloc(6 * BLOCK, "lamp");
  for (let at = 16; at < bytes.byteLength; at += BLOCK) bytes.writeUInt32LE(version, at);
  return bytes;
}

function add(bed: ConsoleBed, version: string, bytes: Uint8Array, over: object = {}): Promise<PackageView> {
  const request = { productId: PRODUCT, version, fileName: "image.bin", ...over };
  return bed.operator.addPackage(request, Readable.from([Buffer.from(bytes)]), ACTOR);
}

/** Packages of the versions 1.0.0 and 2.0.0, and a delta from the one to the other. */
async function delta(bed: ConsoleBed): Promise<{ readonly id: number; readonly variant: PackageVariantView }> {
  await add(bed, "1.0.0", content(1));
  const { id } = await add(bed, "2.0.0", content(2));
  await bed.operator.addVariants(id, { deltaFrom: ["1.0.0"] }, ACTOR);
  await bed.core.variants.idle();
  const [variant] = (await bed.operator.package(id)).variants;
  assert.equal(variant?.state, "ready");
  return { id, variant: variant as PackageVariantView };
}

function pathOf(bed: ConsoleBed, md5: string): string {
  return bed.core.state.files.pathOf(md5) as string;
}

function filesOf(bed: ConsoleBed): string[] {
  return readdirSync(dirname(pathOf(bed, MD5))).sort();
}

async function states(bed: ConsoleBed, id: number): Promise<string[]> {
  return (await bed.operator.package(id)).variants.map(({ state }) => state);
}

/** As the timer of the maker does. */
async function looked(bed: ConsoleBed): Promise<void> {
  bed.core.variants.look();
  await bed.core.variants.idle();
}

test("a removed delta takes its file with it", () =>
  ConsoleBed.run(async (bed) => {
    const { id, variant } = await delta(bed);
    const before = filesOf(bed);
    const { variants } = await bed.operator.removeVariant(id, variant.id, ACTOR);
    assert.deepEqual(variants, []);
    await bed.core.variants.idle();
    assert.deepEqual(
      filesOf(bed),
      before.filter((name) => !name.startsWith(variant.md5 ?? "")),
    );
    assert.equal(before.length, 3);
    assert.deepEqual(await bed.tables.fileRemovals.list(), []);
  }));

test("a delta that devices were offered stays for them, and goes with the end of the last", () =>
  ConsoleBed.run(async (bed) => {
    const { id, variant } = await delta(bed);
    await bed.devices(["one"], "1.0.0");
    await bed.plan();
    await bed.seconds(2);
    const { variants } = await bed.operator.removeVariant(id, variant.id, ACTOR);
    assert.deepEqual(
      variants.map(({ state, size }) => [state, size]),
      [["removing", variant.size]],
    );
    await looked(bed);
    const row = await bed.tables.variants.byId(variant.id);
    const served = await bed.core.files.find(row?.path ?? "", {});
    assert.equal(served?.md5, variant.md5);
    assert.ok(existsSync(served?.filePath ?? ""));
    // To be removed once more changes nothing.
    await bed.operator.removeVariant(id, variant.id, ACTOR);
    await bed.devices(["two"], "1.0.0");
    await bed.tick();
    await bed.seconds(2);
    const { items } = await bed.operator.tasks({ device: { productId: PRODUCT, deviceName: "one" } }, {});
    assert.equal(items[0]?.variant?.form, "delta");
    await bed.version("one", "2.0.0");
    await looked(bed);
    assert.deepEqual(await states(bed, id), []);
    assert.equal(existsSync(pathOf(bed, variant.md5 ?? "")), false);
  }));

test("a variant that very many tasks were offered which have ended goes piece by piece", () =>
  ConsoleBed.run(async (bed) => {
    const { store } = bed.core.state;
    const { id, variantId } = await store.write(async (tables) => {
      const fleet = await addFleet(tables, 1001);
      const { id: packageId } = fleet.target;
      await tables.variants.queue({
        packageId,
        basePackageId: null,
        form: "compressed",
        sourceVersion: "",
        createdAt: NOW,
      });
      const [variant] = await tables.variants.ofPackages([packageId]);
      await tables.variants.update(variant?.id ?? 0, { state: "ready" });
      const rows = fleet.devices.map((device) => taskOf(fleet, device, { state: "succeeded", open: 0 }));
      for (const task of await tables.tasks.insertMany(rows)) {
        await tables.tasks.update(task.id, { variantId: variant?.id ?? null });
      }
      return { id: packageId, variantId: variant?.id ?? 0 };
    });
    assert.equal(await bed.tables.variants.wasOfferedTo(variantId, { moreThan: 1001 }), false);
    const { variants } = await bed.operator.removeVariant(id, variantId, ACTOR);
    assert.deepEqual(
      variants.map(({ state }) => state),
      ["removing"],
    );
    await looked(bed);
    assert.deepEqual(await states(bed, id), []);
  }));

test("no try that begins is offered what is being removed", () =>
  ConsoleBed.run(async (bed) => {
    const { id, variant } = await delta(bed);
    await bed.devices(["one"], "1.0.0");
    await bed.plan({ name: "first" });
    await bed.seconds(2);
    await bed.operator.removeVariant(id, variant.id, ACTOR);
    await bed.devices(["two"], "1.0.0");
    const later = await bed.plan({ name: "second" });
    await bed.seconds(2);
    const { items } = await bed.operator.tasks({ planId: later.id }, {});
    const two = items.find(({ deviceName }) => deviceName === "two");
    assert.deepEqual([two?.state, two?.variant], ["offered", undefined]);
  }));

test("a delta is made anew beside the one that is being removed, and keeps the file that both have", () =>
  ConsoleBed.run(async (bed) => {
    const { id, variant } = await delta(bed);
    await bed.devices(["one"], "1.0.0");
    await bed.plan();
    await bed.seconds(2);
    await bed.operator.removeVariant(id, variant.id, ACTOR);
    await bed.operator.addVariants(id, { deltaFrom: ["1.0.0"] }, ACTOR);
    await bed.core.variants.idle();
    assert.deepEqual(await states(bed, id), ["removing", "ready"]);
    await bed.version("one", "2.0.0");
    await looked(bed);
    assert.deepEqual(await states(bed, id), ["ready"]);
    assert.ok(existsSync(pathOf(bed, variant.md5 ?? "")));
  }));

test("a base that is replaced leaves its delta to the devices that were offered it", () =>
  ConsoleBed.run(async (bed) => {
    const { id, variant } = await delta(bed);
    await bed.devices(["one"], "1.0.0");
    await bed.plan();
    await bed.seconds(2);
    await add(bed, "1.0.0", content(7), { replace: true });
    await looked(bed);
    assert.deepEqual(await states(bed, id), ["removing"]);
    assert.ok(existsSync(pathOf(bed, variant.md5 ?? "")));
    await bed.version("one", "2.0.0");
    await looked(bed);
    assert.deepEqual(await states(bed, id), []);
    assert.equal(existsSync(pathOf(bed, variant.md5 ?? "")), false);
  }));

test("a package that is replaced takes the files of what was made of it", () =>
  ConsoleBed.run(async (bed) => {
    const { variant } = await delta(bed);
    await add(bed, "2.0.0", content(8), { replace: true });
    await bed.core.variants.idle();
    assert.equal(existsSync(pathOf(bed, variant.md5 ?? "")), false);
  }));

test("a file that a package has too stays", () =>
  ConsoleBed.run(async (bed) => {
    const { id, variant } = await delta(bed);
    const bytes = await bed.core.state.files.open(variant.md5 ?? "");
    await add(bed, "2.0.0", await bytes.read(0, bytes.size), { requirements: { sourceVersion: "1.0.0" } });
    await bytes.close();
    await bed.operator.removeVariant(id, variant.id, ACTOR);
    await looked(bed);
    assert.ok(existsSync(pathOf(bed, variant.md5 ?? "")));
  }));

test("a file that is about to go is not taken for a new package", () =>
  ConsoleBed.run(async (bed) => {
    const { id, variant } = await delta(bed);
    const opened = await bed.core.state.files.open(variant.md5 ?? "");
    const bytes = await opened.read(0, opened.size);
    await opened.close();
    await bed.core.state.store.write(async ({ variants, fileRemovals }) => {
      await variants.remove(variant.id);
      await fileRemovals.add(variant.md5 ?? "");
    });
    const adding = () => add(bed, "2.0.0", bytes, { requirements: { sourceVersion: "1.0.0" } });
    await assert.rejects(
      adding(),
      (error) => error instanceof Refusal && /being removed at this moment/.test(error.message),
    );
    await bed.core.variants.idle();
    await adding();
    await looked(bed);
    assert.ok(existsSync(pathOf(bed, variant.md5 ?? "")));
    assert.deepEqual(await states(bed, id), []);
  }));

test("a package whose file was removed while it was added says so, and is mended once it is added again", () =>
  ConsoleBed.run(async (bed) => {
    const md5 = createHash("md5").update(content(1)).digest("hex");
    const end = bed.core.journal.follow(({ kind }) => {
      if (kind === "package") rmSync(pathOf(bed, md5));
    });
    await assert.rejects(
      add(bed, "1.0.0", content(1)),
      (error) => error instanceof Refusal && /was being removed: add it again/.test(error.message),
    );
    end();
    const { id } = await add(bed, "1.0.0", content(1));
    assert.ok(existsSync(pathOf(bed, md5)));
    const more = () => bed.operator.addPackageFile(id, { fileName: "more.bin" }, Readable.from([content(3)]), ACTOR);
    await more();
    assert.equal((await more()).files.length, 2);
  }));

test("what a process had to remove when it ended, the next one removes", () =>
  ConsoleBed.run(async (bed) => {
    writeFileSync(pathOf(bed, MD5), "left");
    await bed.core.state.store.write(({ fileRemovals }) => fileRemovals.add(MD5));
    await bed.restart();
    await bed.core.variants.idle();
    assert.equal(existsSync(pathOf(bed, MD5)), false);
    assert.deepEqual(await bed.tables.fileRemovals.list(), []);
  }));

test("a delta whose file is gone, as after a database was put back, is made anew", () =>
  ConsoleBed.run(async (bed) => {
    const { id, variant } = await delta(bed);
    rmSync(pathOf(bed, variant.md5 ?? ""));
    await bed.restart();
    await bed.core.variants.idle();
    assert.deepEqual(await states(bed, id), ["ready"]);
    assert.ok(existsSync(pathOf(bed, variant.md5 ?? "")));
  }));

test("a delta that is being removed, and whose file is gone, leaves the whole file to its devices", () =>
  ConsoleBed.run(async (bed) => {
    const { id, variant } = await delta(bed);
    await bed.devices(["one"], "1.0.0");
    await bed.plan();
    await bed.seconds(2);
    await bed.operator.removeVariant(id, variant.id, ACTOR);
    rmSync(pathOf(bed, variant.md5 ?? ""));
    await bed.restart();
    await bed.core.variants.idle();
    assert.deepEqual(await states(bed, id), ["removing"]);
    const { items } = await bed.operator.tasks({ device: { productId: PRODUCT, deviceName: "one" } }, {});
    const task = await bed.tables.tasks.byId(items[0]?.id ?? 0);
    const offered = task && (await fileOf({ tables: bed.tables }, task));
    assert.equal(offered?.size, content(2).byteLength);
  }));

test("a file that was stored by a process that ended before it was ready goes with its variant", () =>
  ConsoleBed.run(async (bed) => {
    const { id, variant } = await delta(bed);
    const left = { state: "making", path: null, md5: MD5 } as const;
    await bed.core.state.store.write(({ variants }) => variants.update(variant.id, left));
    writeFileSync(pathOf(bed, MD5), "left");
    await bed.operator.removeVariant(id, variant.id, ACTOR);
    await looked(bed);
    assert.equal(existsSync(pathOf(bed, MD5)), false);
  }));

test("other bytes than the ones that an earlier version of the program has made leave no file behind", () =>
  ConsoleBed.run(async (bed) => {
    const { id, variant } = await delta(bed);
    const left = { state: "making", path: null, md5: MD5 } as const;
    await bed.core.state.store.write(({ variants }) => variants.update(variant.id, left));
    writeFileSync(pathOf(bed, MD5), "left");
    await looked(bed);
    assert.deepEqual(await states(bed, id), ["ready"]);
    assert.equal(existsSync(pathOf(bed, MD5)), false);
  }));

/** A maker of its own whose threads end only if they are ended. @returns how many have begun and ended */
function endless(bed: ConsoleBed, over: Partial<VariantMakerOptions> = {}) {
  const seen = { begun: 0, ended: 0 };
  const { transactions, files } = bed.core.state;
  const maker = new VariantMaker({
    transactions,
    files,
    journal: bed.core.journal,
    atOnce: 1,
    make: (_request, { signal } = {}) => {
      seen.begun++;
      return new Promise((_, reject) =>
        signal?.addEventListener("abort", () => {
          seen.ended++;
          reject(new Error("ended"));
        }),
      );
    },
    ...over,
  });
  return { maker, seen };
}

/** A delta that waits to be made, but for the cloud's own maker. */
async function queued(bed: ConsoleBed): Promise<{ readonly id: number; readonly variantId: number }> {
  const base = await add(bed, "1.0.0", content(1));
  const { id } = await add(bed, "2.0.0", content(2));
  await bed.core.variants.close();
  const wanted = { packageId: id, basePackageId: base.id, form: "delta", sourceVersion: "1.0.0" } as const;
  await bed.core.state.store.write(({ variants }) => variants.queue({ ...wanted, createdAt: bed.nowMs }));
  const [one] = await bed.tables.variants.toMake();
  return { id, variantId: one?.id as number };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

for (const [what, added, remove] of [
  [
    "it is removed",
    0,
    (bed: ConsoleBed, id: number, variantId: number) => bed.operator.removeVariant(id, variantId, ACTOR),
  ],
  ["its base is replaced", 1, (bed: ConsoleBed) => add(bed, "1.0.0", content(7), { replace: true })],
  ["its package is replaced", 1, (bed: ConsoleBed) => add(bed, "2.0.0", content(8), { replace: true })],
] as const) {
  test(`the thread that makes a delta is ended if ${what}`, () =>
    ConsoleBed.run(async (bed) => {
      const { id, variantId } = await queued(bed);
      const { maker, seen } = endless(bed);
      maker.look();
      await until(() => seen.begun === 1);
      const before = filesOf(bed).length;
      await remove(bed, id, variantId);
      maker.look();
      await maker.idle();
      assert.deepEqual(seen, { begun: 1, ended: 1 });
      assert.equal(await bed.tables.variants.byId(variantId), undefined);
      assert.equal(filesOf(bed).length, before + added);
    }));
}

test("a cloud that ends puts back what it was making", () =>
  ConsoleBed.run(async (bed) => {
    const { id } = await queued(bed);
    const { maker, seen } = endless(bed);
    maker.look();
    await until(() => seen.begun === 1);
    assert.deepEqual(await states(bed, id), ["making"]);
    await maker.close();
    assert.deepEqual(await states(bed, id), ["queued"]);
  }));

test("a cloud ends though the place of the files does not answer", (t) =>
  ConsoleBed.run(async (bed) => {
    const { id } = await queued(bed);
    let answer: (() => void) | undefined;
    const { files } = bed.core.state;
    const { maker, seen } = endless(bed, {
      files: {
        open: (md5) => files.open(md5),
        add: (source) => files.add(source),
        sizeOf: (md5) => files.sizeOf(md5),
        remove: () => new Promise((resolve) => (answer = resolve)),
      },
    });
    await bed.core.state.store.write(({ fileRemovals }) => fileRemovals.add(MD5));
    maker.look();
    await until(() => answer !== undefined && seen.begun === 1);
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const closing = maker.close();
    while ((await states(bed, id))[0] !== "queued");
    t.mock.timers.tick(2000);
    await closing;
    t.mock.timers.reset();
    answer?.();
    await maker.idle();
  }));

test("one that ended the cloud three times is not made for ever", () =>
  ConsoleBed.run(async (bed) => {
    const { id, variantId } = await queued(bed);
    for (let time = 0; time < 3; time++) {
      assert.equal((await states(bed, id))[0], "queued");
      await bed.core.state.store.write(({ variants }) => variants.update(variantId, { state: "making" }));
      const { maker, seen } = endless(bed);
      maker.start();
      await (time < 2 ? until(() => seen.begun === 1) : maker.idle());
      await maker.close();
    }
    const [variant] = (await bed.operator.package(id)).variants;
    assert.equal(variant?.state, "failed");
    assert.match(variant?.reason ?? "", /ended 3 times while it was made/);
    // By request it is tried again.
    await bed.operator.addVariants(id, { deltaFrom: ["1.0.0"] }, ACTOR);
    assert.deepEqual(await states(bed, id), ["queued"]);
    assert.equal((await bed.tables.variants.byId(variantId))?.interruptions, 0);
  }));

/** The files of the bed, but that nothing can be stored. */
function refusing(bed: ConsoleBed, error: Error): VariantMakerOptions["files"] {
  const { files } = bed.core.state;
  return {
    open: (md5) => files.open(md5),
    remove: (md5) => files.remove(md5),
    sizeOf: (md5) => files.sizeOf(md5),
    add: (() => Promise.reject(error)) as FirmwareFiles["add"],
  };
}

test("a store that refuses the file for good ends the making with its reason", () =>
  ConsoleBed.run(async (bed) => {
    const { id } = await queued(bed);
    const files = refusing(bed, new ObjectStoreError("refused", "the store refuses the keys"));
    const { maker } = endless(bed, { files, make: async () => new Uint8Array(10) });
    maker.look();
    await maker.idle();
    const [variant] = (await bed.operator.package(id)).variants;
    assert.deepEqual(
      [variant?.state, variant?.reason, variant?.size],
      ["failed", "the store refuses the keys", undefined],
    );
  }));

test("while the store does not answer, the thread is not begun at each look", () =>
  ConsoleBed.run(async (bed) => {
    const { id } = await queued(bed);
    const files = refusing(bed, new ObjectStoreError("unreachable", "the store does not answer"));
    let begun = 0;
    const make = async () => {
      begun++;
      return new Uint8Array(10);
    };
    const { maker } = endless(bed, { files, make });
    for (let look = 0; look < 12; look++) {
      maker.look();
      await maker.idle();
      bed.nowMs += 5000;
    }
    // After 5, 10 and 20 s more.
    assert.equal(begun, 4);
    assert.deepEqual(await states(bed, id), ["queued"]);
    await maker.close();
  }));

test("a file that cannot be removed keeps no other one, and what is made of the same bytes fails with the reason", () =>
  ConsoleBed.run(async (bed) => {
    const { id } = await queued(bed);
    const bytes = Buffer.from("the same");
    const [stuck, other] = [createHash("md5").update(bytes).digest("hex"), "f".repeat(32)];
    const { files } = bed.core.state;
    const removed: string[] = [];
    const { maker } = endless(bed, {
      make: async () => bytes,
      files: {
        open: (md5) => files.open(md5),
        add: (source) => files.add(source),
        sizeOf: (md5) => files.sizeOf(md5),
        remove: async (md5) => {
          if (md5 === stuck) throw new ObjectStoreError("refused", "it is locked");
          removed.push(md5);
        },
      },
    });
    await bed.core.state.store.write(async ({ fileRemovals }) => {
      for (const md5 of [stuck, other]) await fileRemovals.add(md5);
    });
    for (let look = 0; look < 8; look++) {
      assert.deepEqual(await states(bed, id), ["queued"]);
      maker.look();
      await maker.idle();
      bed.nowMs += 300_000;
    }
    assert.deepEqual(removed, [other]);
    const [variant] = (await bed.operator.package(id)).variants;
    assert.deepEqual(
      [variant?.state, variant?.reason],
      ["failed", "a file with the same bytes cannot be removed: it is locked"],
    );
    await maker.close();
  }));

test("a file that another process has removed meanwhile, and added again, stays", () =>
  ConsoleBed.run(async (bed) => {
    const { transactions, files } = bed.core.state;
    const [first, second] = ["e".repeat(32), "f".repeat(32)];
    const removed: string[] = [];
    const { maker } = endless(bed, {
      files: {
        open: (md5) => files.open(md5),
        add: (source) => files.add(source),
        sizeOf: (md5) => files.sizeOf(md5),
        remove: async (md5) => {
          removed.push(md5);
          await transactions.run(({ tables }) => tables.fileRemovals.done(second));
        },
      },
    });
    await bed.core.variants.close();
    await bed.core.state.store.write(async ({ fileRemovals }) => {
      for (const md5 of [first, second]) await fileRemovals.add(md5);
    });
    maker.look();
    await maker.idle();
    assert.deepEqual(removed, [first]);
    await maker.close();
  }));
