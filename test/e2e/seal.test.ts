import assert from "node:assert/strict";
import { buildAppImage } from "../../hal/boards/sim/app-image-builder.js";
import { SecureVersionEfuse } from "../../hal/boards/sim/efuse.js";
import { readRecord } from "../../hal/boards/sim/inspect.js";
import type { OtaConfig } from "../../src/index.js";
import { decodeFloor, floorKey } from "../../src/seal/floor.js";
import { MAX_SEAL_LENGTH, NO_CHIP } from "../../src/seal/format.js";
import { callControl } from "../support/control.js";
import { type Engine, testOnEngines } from "../support/engines.js";
import { assertSameBytes } from "../support/same-bytes.js";
import { sealed, type SealOptions, signerNamed, withBit } from "../support/seals.js";
import { GatewayTestBed, PRODUCT } from "../support/sub-device-test-bed.js";
import { DEVICE, type TestBed, type TestBedOptions } from "../support/test-bed.js";
import { withTestBed } from "../support/with-test-bed.js";

const VENDOR = signerNamed("vendor");
const SUCCESSOR = signerNamed("successor");
const STRANGER = signerNamed("stranger");
const LENGTH = 64 * 1024;
const SEAL: NonNullable<OtaConfig["seal"]> = { trusted: [VENDOR.pem] };

function imageOf(version: string, secureVersion: number): Uint8Array {
  return buildAppImage({ version, byteLength: LENGTH, seed: 5, secureVersion });
}

function fileOf(version: string, securityVersion: number, options: Partial<SealOptions> = {}): Uint8Array {
  return sealed(imageOf(version, securityVersion), { version, securityVersion, signers: [VENDOR], ...options });
}

interface Refusal {
  readonly version: string;
  readonly code: string;
  readonly message: string;
}

/** @returns what the application is told of refusals */
function refusals(bed: TestBed): Refusal[] {
  const told: Refusal[] = [];
  bed.onAgent = (agent) => agent.on("refused", (event) => told.push(event));
  return told;
}

function floorOf(bed: TestBed): number | undefined {
  const record = readRecord(bed.flash, "ota", "floor");
  return record && decodeFloor(record);
}

const withSeal = (
  options: Pick<TestBedOptions, "engine" | "control" | "image" | "withoutSignatures" | "efuse"> & {
    readonly seal?: OtaConfig["seal"];
  },
  body: (bed: TestBed) => Promise<void>,
): Promise<void> =>
  withTestBed({ image: fileOf("0.2.0", 1), ...options, config: { seal: options.seal ?? SEAL } }, body);

testOnEngines("a sealed update runs to its end without native code for signatures", (engine) =>
  withSeal({ engine, withoutSignatures: true }, async (bed) => {
    await bed.update();
    assert.equal(bed.slots().running?.version, "0.2.0");
    bed.platform.reports.length = 0;
    bed.platform.pending = undefined;
    bed.server.file = withBit(fileOf("0.3.0", 1), LENGTH + 190);
    bed.platform.offer(DEVICE, bed.offer("0.3.0"));
    await bed.ended();
    assert.match(bed.platform.words().at(-1) ?? "", /^fail -5 signature-invalid: the signature by key/);
  }),
);

testOnEngines("a sealed update runs to its end; the floor rises to its security version", (engine) =>
  withSeal({ engine }, async (bed) => {
    const told = refusals(bed);
    await bed.update();
    assert.deepEqual(bed.slots().running, { slot: "ota_1", version: "0.2.0", state: "valid" });
    assertSameBytes(bed.slot("ota_1", bed.image.byteLength), bed.image);
    assert.equal(floorOf(bed), 1);
    assert.deepEqual(told, []);
    const [first, second] = bed.server.requests.map(({ headers }) => headers.range);
    assert.equal(first, `bytes=${bed.image.byteLength - MAX_SEAL_LENGTH}-`, "the seal is looked at first");
    assert.equal(second, undefined, "then the file is downloaded");
    assert.equal(bed.server.requests.length, 2);
  }),
);

const REFUSED: readonly (readonly [name: string, file: Uint8Array, code: string, message: RegExp])[] = [
  ["without a seal", imageOf("0.2.0", 1), "unsigned", /^no seal$/],
  ["sealed by a stranger", fileOf("0.2.0", 1, { signers: [STRANGER] }), "key-unknown", /not trusted$/],
  [
    "whose signature is of something else",
    withBit(fileOf("0.2.0", 1), LENGTH + 140),
    "signature-invalid",
    /^the signature by key [0-9a-f]{16} is none$/,
  ],
  [
    "sealed for another product",
    fileOf("0.2.0", 1, { product: "OTHER" }),
    "wrong-product",
    /^sealed for product OTHER, this is ABCDE12345$/,
  ],
  ["sealed for another chip", fileOf("0.2.0", 1, { chipId: 5 }), "signature-invalid", /^sealed for chip 5, this is 0$/],
  ["sealed as another version", fileOf("0.3.0", 1), "signature-invalid", /^sealed as version 0.3.0, offered as 0.2.0$/],
];

for (const [name, file, code, message] of REFUSED) {
  testOnEngines(`an image ${name} is refused before anything is erased: ${code}`, (engine) =>
    withSeal({ engine, image: file }, async (bed) => {
      const told = refusals(bed);
      await bed.update();
      assert.equal(told.length, 1);
      const { version, code: told0, message: text } = told[0] as Refusal;
      assert.deepEqual([version, told0], ["0.2.0", code]);
      assert.match(text, message);
      assert.equal(bed.platform.words().at(-1), `fail -5 ${code}: ${text}`);
      assert.equal(bed.server.requests.length, 1, "the end of the file alone was fetched");
      assert.deepEqual(bed.boots, ["ota_0"]);
      assert.ok(bed.slot("ota_1", 4096).every((byte) => byte === 0xff));
    }),
  );
}

testOnEngines("an image with a bit changed is refused as it is in flash, and cannot boot from there", (engine) =>
  withSeal({ engine, image: withBit(fileOf("0.2.0", 1), 2000) }, async (bed) => {
    const told = refusals(bed);
    await bed.update();
    assert.deepEqual(told, [
      { version: "0.2.0", code: "signature-invalid", message: "the image is not the sealed one" },
    ]);
    assert.equal(bed.slots().running?.slot, "ota_0");
    assert.ok(bed.slot("ota_1", 4096).every((byte) => byte === 0xff));
  }),
);

testOnEngines("an old sealed image is refused once a newer one has confirmed itself, and `rollback` too", (engine) =>
  withSeal({ engine, control: true, image: fileOf("0.2.0", 7) }, async (bed) => {
    const told = refusals(bed);
    await bed.update();
    assert.equal(floorOf(bed), 7);
    bed.platform.reports.length = 0;
    bed.platform.pending = undefined;
    await assert.rejects(async () => callControl(bed.agent, "rollback", "no good"), /security version 0, at least 7/);
    bed.server.file = fileOf("0.3.0", 6);
    bed.platform.offer(DEVICE, bed.offer("0.3.0"));
    await bed.ended();
    assert.deepEqual(told, [
      { version: "0.3.0", code: "rollback-refused", message: "security version 6, at least 7 is needed" },
    ]);
    assert.equal(bed.slots().running?.version, "0.2.0");
  }),
);

testOnEngines("the application is told of an offer that is refused right after the report of another one", (engine) =>
  withSeal({ engine, image: imageOf("0.2.0", 1) }, async (bed) => {
    const told = refusals(bed);
    const refused = (): boolean => bed.platform.words().some((word) => word.startsWith("fail"));
    bed.platform.onReport = () => (bed.platform.acknowledging = !refused());
    bed.platform.pending = () => bed.offer("0.2.0");
    bed.board.powerOn();
    await bed.until("first refusal", refused);
    bed.platform.pending = undefined;
    bed.platform.offer(DEVICE, bed.offer("0.0.9"));
    await bed.until("offer", () => bed.logged.lines.some((line) => line.includes("offered version 0.0.9")));
    bed.platform.onReport = () => {};
    bed.platform.acknowledging = true;
    bed.platform.dropAll();
    await bed.until("second refusal", () => bed.platform.words().some((word) => word.includes("rollback-refused")));
    assert.deepEqual(
      told.map(({ version, code }) => `${version} ${code}`),
      ["0.2.0 unsigned", "0.0.9 rollback-refused"],
    );
  }),
);

testOnEngines("keys are rotated: sealed with both, then trusted by the new one alone", async (engine) => {
  const both = fileOf("0.2.0", 1, { signers: [VENDOR, SUCCESSOR] });
  for (const trusted of [[VENDOR.publicKey], [SUCCESSOR.publicKey]]) {
    await withSeal({ engine, image: both, seal: { trusted } }, async (bed) => {
      await bed.update();
      assert.equal(bed.slots().running?.version, "0.2.0");
    });
  }
  // Revoked: the new firmware's list has the old key no more.
  await withSeal({ engine, seal: { trusted: [SUCCESSOR.publicKey] } }, async (bed) => {
    await bed.update();
    assert.match(bed.platform.words().at(-1) ?? "", /^fail -5 key-unknown: /);
  });
});

testOnEngines(
  "without `required` an image without a seal is taken, and one with a wrong seal is not",
  async (engine) => {
    const seal = { ...SEAL, required: false };
    await withSeal({ engine, seal, image: imageOf("0.2.0", 0) }, async (bed) => {
      await bed.update();
      assert.equal(bed.slots().running?.version, "0.2.0");
    });
    await withSeal({ engine, seal, image: fileOf("0.2.0", 1, { signers: [STRANGER] }) }, async (bed) => {
      await bed.update();
      assert.match(bed.platform.words().at(-1) ?? "", /^fail -5 key-unknown: /);
    });
  },
);

testOnEngines("a server that knows no ranges is no way around the seal", (engine) =>
  withSeal({ engine, image: fileOf("0.2.0", 1, { signers: [STRANGER] }) }, async (bed) => {
    bed.server.behaviours = Array.from({ length: 4 }, () => ({ ignoreRange: true }));
    await bed.update();
    assert.match(bed.platform.words().at(-1) ?? "", /^fail -5 key-unknown: /);
    assert.ok(bed.server.requests.length > 1, "it was downloaded");
    assert.equal(bed.slots().running?.slot, "ota_0");
  }),
);

testOnEngines(
  "without the part, an offer of a lower version is refused where `allowDowngrade` says so",
  (engine: Engine) =>
    withTestBed({ engine, image: imageOf("0.0.9", 0), config: { allowDowngrade: false } }, async (bed) => {
      const told = refusals(bed);
      bed.platform.pending = () => bed.offer("0.0.9");
      await bed.update();
      assert.deepEqual(told, [{ version: "0.0.9", code: "rollback-refused", message: "lower than version 0.1.0" }]);
      assert.deepEqual(bed.server.requests, []);
    }),
);

testOnEngines(
  "a sealed sub-device gets its image without the seal, and none that is not sealed for it",
  async (engine) => {
    const image = new Uint8Array(3001).fill(0x5a);
    const seal = { version: "2.0.0", securityVersion: 2, signers: [VENDOR], product: PRODUCT, chipId: NO_CHIP };
    const run = (file: Uint8Array, body: (gateway: GatewayTestBed) => Promise<void>): Promise<void> =>
      GatewayTestBed.run(
        { engine, image: file, config: { seal: SEAL }, subDevices: [{ deviceName: "light1", sealed: true }] },
        async (gateway) => {
          gateway.pending("2.0.0", "light1");
          gateway.bed.board.powerOn();
          await gateway.ended("light1");
          await body(gateway);
        },
      );
    await run(sealed(image, seal), async (gateway) => {
      assertSameBytes(gateway.sub("light1").image() as Uint8Array, image);
      const record = readRecord(gateway.bed.flash, "ota", floorKey(`${PRODUCT}/light1`));
      assert.equal(record && decodeFloor(record), 2);
      gateway.bed.platform.reports.length = 0;
      gateway.bed.server.file = sealed(image, { ...seal, version: "2.1.0", securityVersion: 1 });
      gateway.offer("2.1.0", "light1");
      await gateway.ended("light1");
      assert.ok(
        gateway.words("light1").some((word) => word.startsWith("fail -5 rollback-refused: security version 1")),
      );
    });
    await run(sealed(image, { ...seal, product: DEVICE.productId }), async (gateway) => {
      assert.ok(gateway.words("light1").some((word) => word.startsWith("fail -5 wrong-product: ")));
      assert.equal(gateway.sub("light1").image(), undefined);
    });
    await run(image, async (gateway) => {
      assert.ok(gateway.words("light1").some((word) => word.startsWith("fail -5 unsigned: ")));
    });
  },
);

testOnEngines("ESP-IDF's anti-rollback and the floor agree through an update", (engine) => {
  const efuse = new SecureVersionEfuse();
  return withSeal({ engine, efuse, image: fileOf("0.2.0", 4) }, async (bed) => {
    await bed.update();
    assert.equal(bed.slots().running?.version, "0.2.0");
    assert.deepEqual([floorOf(bed), efuse.secureVersion], [4, 4]);
  });
});
