import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { Readable } from "node:stream";
import { test } from "node:test";
import type { TaskView } from "../../cloud/operator/types.js";
import { bootablePair } from "../../hal/boards/sim/bootable-image.js";
import { buildAppImage } from "../../hal/boards/sim/app-image-builder.js";
import { SimulatedBoard } from "../../hal/boards/sim/board.js";
import { createFirmware, type FirmwareOptions } from "../../hal/boards/sim/main.js";
import { factoryFlash } from "../../hal/boards/sim/state-dir.js";
import { sealImage } from "../../cloud/seal/sign.js";
import { generateSealKey } from "../../cloud/seal/keys.js";
import { ACTOR, FleetBed, PRODUCT } from "../support/fleet-bed.js";
import { NO_LOG } from "../support/log.js";

const NAME = "board_01";
const VERSIONS = ["0.1.0", "0.2.0"] as const;
const { base, result } = bootablePair({ seed: 3, byteLength: 200_000, versions: VERSIONS });
const LONGEST_MS = 60_000;

interface Scene {
  /** What the board runs; default: what the cloud has as version 0.1.0. */
  readonly runs?: Uint8Array;
  readonly firmware?: Partial<FirmwareOptions>;
  readonly config?: Partial<FirmwareOptions["config"]>;
  /** What the cloud has of both versions. */
  readonly files?: readonly [Uint8Array, Uint8Array];
  /** Of which files the cloud has a byte inverted, at this offset, once all are there. */
  readonly damaged?: { readonly whole?: number; readonly delta?: number };
}

interface Seen {
  readonly task: TaskView;
  /** Kinds of the events of the device's task, in order. */
  readonly kinds: readonly string[];
  /** Bytes of each answer of the file server. */
  readonly served: readonly number[];
  readonly sizes: { readonly whole: number; readonly delta: number; readonly compressed: number };
}

/** A cloud with a delta and a compressed image updates one simulated board, to the end of the task. */
async function update({ runs, firmware, config, files = [base, result], damaged = {} }: Scene): Promise<Seen> {
  let seen: Seen | undefined;
  const served: number[] = [];
  const onServed = ({ byteLength }: { readonly byteLength: number }): void => void served.push(byteLength);
  await FleetBed.run(
    async (bed) => {
      const { operator } = bed.cloud;
      const add = async (version: string, bytes: Uint8Array): Promise<number> => {
        const request = { productId: PRODUCT, version, fileName: "image.bin" };
        return (await operator.addPackage(request, Readable.from([Buffer.from(bytes)]), ACTOR)).id;
      };
      await add(VERSIONS[0], files[0]);
      const id = await add(VERSIONS[1], files[1]);
      await operator.addVariants(id, { deltaFrom: [VERSIONS[0]], compressed: true }, ACTOR);
      const variants = async () => (await operator.package(id)).variants;
      await bed.until("packages", async () => (await variants()).every(({ state }) => state === "ready"), LONGEST_MS);
      const [delta, compressed] = await variants();
      const damage = (md5: string | undefined, offset: number | undefined): void => {
        if (offset !== undefined) invertByte(bed.cloud.core.state.files.pathOf(md5 ?? "") as string, offset);
      };
      damage((await operator.package(id)).files[0]?.md5, damaged.whole);
      damage(delta?.md5, damaged.delta);
      const [added] = await operator.addDevices([{ productId: PRODUCT, deviceName: NAME }], ACTOR);
      const board = new SimulatedBoard({
        flash: factoryFlash(runs ?? files[0]),
        firmware: createFirmware({
          log: NO_LOG,
          packages: true,
          ...firmware,
          config: {
            identity: {
              productId: PRODUCT,
              deviceName: NAME,
              authentication: { mode: "KEY", deviceSecret: added?.deviceSecret ?? "" },
            },
            broker: { url: bed.cloud.mqttUrl },
            ...config,
          },
        }),
        onDead: (error) => assert.fail(error),
      });
      board.powerOn();
      try {
        // An offer to a device whose version is not known yet is not the delta.
        const device = { productId: PRODUCT, deviceName: NAME };
        const isKnown = async () => Object.keys((await operator.device(device)).versions).length > 0;
        await bed.until("its version", isKnown, LONGEST_MS);
        const { id: planId } = await bed.plan({ version: VERSIONS[1], devices: [NAME], dynamic: true });
        const ends = async () => /:(succeeded|failed|declined)$/.test((await bed.states(planId)).join());
        await bed.until("end of the task", ends, LONGEST_MS);
        // Long enough for an offer that is not to come.
        await bed.quiet();
        const { items } = await operator.events({ planId, productId: PRODUCT, deviceName: NAME }, { order: "oldest" });
        seen = {
          task: (await bed.tasks(planId))[NAME] as TaskView,
          kinds: items.map(({ kind }) => kind).filter((kind) => /^task-(offered|variant|succeeded|failed)/.test(kind)),
          served,
          sizes: {
            whole: files[1].byteLength,
            delta: delta?.size ?? 0,
            compressed: compressed?.size ?? 0,
          },
        };
      } finally {
        board.cutPower();
      }
    },
    { onServed },
  );
  return seen as Seen;
}

function invertByte(path: string, offset: number): void {
  const bytes = readFileSync(path);
  bytes[offset] = (bytes[offset] as number) ^ 0xff;
  writeFileSync(path, bytes);
}

const BY_VARIANT = ["task-offered", "task-variant-offered", "task-succeeded"];
const BY_FALLBACK = ["task-offered", "task-variant-offered", "task-variant-refused", "task-offered", "task-succeeded"];

test("a board that runs the base is updated by the delta alone", async () => {
  const { task, kinds, served, sizes } = await update({});
  assert.deepEqual(
    [task.state, task.variant, task.attempt],
    ["succeeded", { form: "delta", sourceVersion: "0.1.0", size: sizes.delta }, 1],
  );
  assert.deepEqual(served, [sizes.delta]);
  assert.deepEqual(kinds, BY_VARIANT);
});

test("a board of another version gets the compressed image", async () => {
  const runs = buildAppImage({ version: "0.0.9", byteLength: 65_536, seed: 5 });
  const { task, served, sizes } = await update({ runs });
  assert.deepEqual([task.state, task.variant], ["succeeded", { form: "compressed", size: sizes.compressed }]);
  assert.deepEqual(served, [sizes.compressed]);
});

test("a board that says the version and runs another image refuses the delta, and gets the whole file by itself", async () => {
  const runs = buildAppImage({
    version: VERSIONS[0],
    byteLength: base.byteLength + 16 - (base.byteLength % 16),
    seed: 5,
  });
  const { task, kinds, served, sizes } = await update({ runs });
  assert.deepEqual(
    [task.state, task.variant, task.variantRefusal, task.attempt],
    ["succeeded", undefined, "wrong-base", 1],
  );
  assert.equal(served.at(-1), sizes.whole);
  assert.deepEqual(kinds, BY_FALLBACK);
});

/** In the header, which has a checksum. */
const HEADER_OFFSET = 20;

test("a board that finds the delta malformed refuses it, and gets the whole file by itself", async () => {
  const { task, kinds, served, sizes } = await update({ damaged: { delta: HEADER_OFFSET } });
  assert.deepEqual(
    [task.state, task.variant, task.variantRefusal, task.attempt],
    ["succeeded", undefined, "package-malformed", 1],
  );
  assert.equal(served.at(-1), sizes.whole);
  assert.deepEqual(kinds, BY_FALLBACK);
});

/** In the header of an image, as ESP-IDF has it (`esp_app_format.h`). */
const CHIP_OFFSET = 12;
const OF_ANOTHER_BASE = buildAppImage({ version: VERSIONS[0], byteLength: 65_536, seed: 5 });

for (const [refusal, scene] of [
  ["wrong-base", { runs: OF_ANOTHER_BASE, damaged: { whole: CHIP_OFFSET } }],
  ["package-malformed", { damaged: { whole: CHIP_OFFSET, delta: HEADER_OFFSET } }],
] as const) {
  test(`after ${refusal} the whole file is offered once: a board that refuses that too has failed, with the reason`, async () => {
    const { task, kinds } = await update(scene);
    assert.deepEqual(
      [task.state, task.variant, task.variantRefusal, task.attempt, task.resultCode],
      ["failed", undefined, refusal, 1, "-5"],
    );
    assert.match(task.resultMessage ?? "", /chip/);
    assert.deepEqual(kinds, [...BY_FALLBACK.slice(0, -1), "task-failed"]);
  });
}

test("so does a board whose firmware takes no packages", async () => {
  const { task, kinds } = await update({ firmware: { packages: false } });
  assert.deepEqual([task.state, task.variantRefusal], ["succeeded", "no-part"]);
  assert.deepEqual(kinds, BY_FALLBACK);
});

const { key, publicPem } = generateSealKey();
const sealed = (image: Uint8Array, version: string): Uint8Array =>
  sealImage({
    image: Buffer.from(image),
    keys: [{ file: "key", key }],
    product: PRODUCT,
    built: 1_800_000_000,
    version,
  });
const SEALED = [sealed(base, VERSIONS[0]), sealed(result, VERSIONS[1])] as const;
const config = { seal: { trusted: [publicPem] } };

test("a board that takes only what is sealed is updated by a delta, if its image is sealed", async () => {
  const { task, kinds, served, sizes } = await update({ files: SEALED, config });
  assert.deepEqual([task.state, task.variant?.form], ["succeeded", "delta"]);
  assert.ok(
    served.every((bytes) => bytes <= sizes.delta),
    served.join(),
  );
  assert.deepEqual(kinds, BY_VARIANT);
});

test("without the part for packages it looks for a seal at the delta's end, and gets the whole file", async () => {
  const { task, kinds } = await update({ files: SEALED, config, firmware: { packages: false } });
  assert.deepEqual([task.state, task.variantRefusal], ["succeeded", "unsigned"]);
  assert.deepEqual(kinds, BY_FALLBACK);
});
