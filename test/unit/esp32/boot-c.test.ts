import assert from "node:assert/strict";
import { after, test } from "node:test";
import { buildAppImage } from "../../../hal/boards/sim/app-image-builder.js";
import { NO_MEDIUM, NorFlash } from "../../../hal/boards/sim/nor-flash.js";
import type { PlatformModule } from "../../../hal/ecma419/modules.js";
import { checkImageHeader } from "../../../src/image/header.js";
import { NativeBoot } from "../../support/native-boot.js";
import { bytesOf } from "../../support/power-cuts.js";
import { REPEAT, SeededRandom } from "../../support/seed.js";
import { SimDevice } from "../../support/sim-device.js";
import { putImage, smallFlash, SMALL_SLOTS, spoilImage } from "../../support/small-flash.js";

type Boot = PlatformModule["boot"];

const native = new NativeBoot();
after(() => native.remove());

for (const [define, setting] of [
  ["WITHOUT_ROLLBACK", "CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE=y"],
  ["SKIPPING_VALIDATION", "CONFIG_BOOTLOADER_SKIP_VALIDATE_ALWAYS=n"],
  ["WITHOUT_NAMES", "CONFIG_ESP_ERR_TO_NAME_LOOKUP=y"],
] as const) {
  test(`does not compile without ${setting}, and names the reason`, () => {
    const { status, errors } = native.compile({ defines: [define] });
    assert.notEqual(status, 0);
    assert.ok(errors.includes(`moddable-ota needs ${setting}`), errors);
  });
}

for (const [define, says] of [
  ["WITHOUT_VERSION", "moddable-ota needs the firmware's version"],
  ['VERSION=""', "defines.firmware.version is empty"],
  [`VERSION="${"1".repeat(32)}"`, "defines.firmware.version has more than 31 characters"],
] as const) {
  test(`does not compile with ${define}, and names the reason`, () => {
    const { status, errors } = native.compile({ defines: [define] });
    assert.notEqual(status, 0);
    assert.ok(errors.includes(says), errors);
  });
}

test("leaves the descriptor to ESP-IDF if the version comes from its settings", () => {
  assert.equal(native.compile({ defines: ["WITHOUT_VERSION", "VERSION_FROM_CONFIG"] }).status, 0);
  assert.equal(native.descriptor(smallFlash("1")).byteLength, 0);
});

test("compiles without a warning", () => {
  const { status, errors } = native.compile({ sanitized: true });
  assert.equal(status, 0, errors);
});

test("an image of it has the manifest's version in its application descriptor, as the agent reads that", () => {
  const image = buildAppImage({ version: "9.9.9", byteLength: 4096, seed: 1 });
  image.set(native.descriptor(smallFlash("1")), 32);
  assert.equal(checkImageHeader(image, image.byteLength, 0), "1.2.3");
});

test("the descriptor is in the section that ESP-IDF's linker puts first, at the place that the boot loader reads", () => {
  assert.equal(native.sectionOf("esp_app_desc"), ".rodata_desc");
});

test("names slots by label, and knows no other partition", () => {
  const boot = native.over(smallFlash("1.2.3"), "ota_0");
  assert.equal(boot.runningSlot(), "ota_0");
  assert.equal(boot.targetSlot(), "ota_1");
  assert.equal(boot.imageVersion("ota_0"), "1.2.3");
  assert.equal(boot.imageVersion("ota_1"), undefined);
  assert.equal(boot.chipId(), 0);
  for (const label of ["nvs", "otadata", "ota_2", ""]) {
    assert.throws(() => boot.imageState(label), { message: "ESP_ERR_NOT_FOUND" });
    assert.throws(() => boot.imageVersion(label), { message: "ESP_ERR_NOT_FOUND" });
  }
});

test("reads the secure version of a slot, all 32 bits of it", () => {
  const flash = smallFlash("1");
  const boot = native.over(flash, "ota_0");
  assert.equal(boot.secureVersion("ota_0"), 0);
  assert.equal(boot.secureVersion("ota_1"), undefined);
  for (const secureVersion of [7, 0xffff_fffe]) {
    putImage(flash, 0, "1", 4096, secureVersion);
    assert.equal(boot.secureVersion("ota_0"), secureVersion);
  }
});

test("hands a key, a message and a signature to PSA whole, and frees the key", () => {
  const [key, message] = [Buffer.alloc(64, 0x21), Buffer.from("message")];
  const signature = Buffer.alloc(64, 0x21 ^ (message[0] as number));
  const flash = smallFlash("1");
  assert.equal(native.verifyP256(flash, key, message, signature), true);
  for (const index of [0, 63]) {
    const other = Buffer.from(signature);
    other[index] = (other[index] as number) ^ 1;
    assert.equal(native.verifyP256(flash, key, message, other), false);
  }
  for (const [shortKey, shortSignature] of [
    [key.subarray(1), signature],
    [key, signature.subarray(1)],
  ] as const) {
    assert.throws(() => native.verifyP256(flash, shortKey, message, shortSignature), {
      message: "ESP_ERR_INVALID_SIZE",
    });
  }
});

test("a version that fills its field is read whole and no further", () => {
  const version = "v".repeat(32);
  assert.equal(native.over(smallFlash(version), "ota_0").imageVersion("ota_0"), version);
});

test("fills the buffer that it is given and not a byte more", () => {
  const bytes = native.randomFill(smallFlash("1"), 16);
  assert.ok(bytes.subarray(0, 16).some((byte) => byte !== 0));
  assert.ok(bytes.subarray(16).every((byte) => byte === 0));
});

test("reports the engine's memory and what of it is free, and writes into no buffer of another size", () => {
  assert.deepEqual(native.memory(smallFlash("1"), 24), [384, 94_208, 1536, 512, 184_320, 172_032]);
  for (const byteLength of [20, 28]) {
    assert.throws(() => native.memory(smallFlash("1"), byteLength), { message: "ESP_ERR_INVALID_SIZE" });
  }
});

test("restart restarts", () => {
  let restarts = 0;
  native.over(smallFlash("1"), "ota_0", { restart: () => void restarts++ }).restart();
  assert.equal(restarts, 1);
});

test("forgets the target's record even if that decides the next boot, and never the running slot's", () => {
  const flash = smallFlash("1", "2");
  const device = new SimDevice(flash);
  const boot = native.over(flash, "ota_0");
  boot.setPending();
  assert.equal(boot.imageState("ota_1"), "new");
  boot.forgetTarget();
  assert.equal(boot.imageState("ota_1"), undefined);
  assert.equal(boot.imageState("ota_0"), "valid");
  device.stop();
});

test("judges nothing if another image boots next", () => {
  const flash = smallFlash("1", "2");
  const device = new SimDevice(flash);
  const boot = native.over(flash, "ota_0");
  boot.setPending();
  const before = bytesOf(flash);
  assert.throws(() => boot.confirm(), { message: "ESP_FAIL" });
  assert.throws(() => boot.revert(), { message: "ESP_ERR_OTA_ROLLBACK_FAILED" });
  assert.deepEqual(bytesOf(flash), before);
  device.stop();
});

test("does what the simulated board does, through any life of boots, updates, verdicts and rot", () => {
  const random = new SeededRandom();
  const actions = ["reboot", "setPending", "setPending", "confirm", "revert", "forgetTarget", "rot", "repair"] as const;
  for (let life = 0; life < 5; life++) {
    let flash = smallFlash("1", "1");
    const history: string[] = [];
    for (let step = 0; step < 16; step++) {
      let device: SimDevice;
      try {
        device = new SimDevice(flash);
      } catch {
        break;
      }
      const running = device.modules.platform.boot.runningSlot();
      const target = SMALL_SLOTS.findIndex(({ label }) => label !== running);
      const action = actions[random.integer(0, actions.length)] as (typeof actions)[number];
      history.push(action);
      const where = `${history.join(" ")}; life ${life}; ${REPEAT}`;
      if (action === "rot") spoilImage(flash, target);
      else if (action === "repair") putImage(flash, target, "2");
      else if (action !== "reboot" && (action !== "confirm" || isOnTrial(device, running))) {
        const copy = new NorFlash(bytesOf(flash), NO_MEDIUM);
        const simulated = outcome(device.modules.platform.boot, action);
        assert.deepEqual(outcome(native.over(copy, running), action), simulated, where);
        assert.deepEqual(bytesOf(copy), bytesOf(flash), where);
        flash = copy;
      }
      const boot = native.over(flash, running);
      for (const { label } of SMALL_SLOTS) {
        assert.equal(boot.imageState(label), device.modules.platform.boot.imageState(label), where);
      }
      device.stop();
    }
  }
});

/** The adapter confirms nothing else. */
function isOnTrial({ modules }: SimDevice, running: string): boolean {
  return modules.platform.boot.imageState(running) === "pending-verify";
}

/** What a call throws, if anything. */
function outcome(boot: Boot, action: "setPending" | "confirm" | "revert" | "forgetTarget"): string {
  try {
    boot[action]();
    return "done";
  } catch (error) {
    return (error as Error).message;
  }
}

test("the manifest's security version is in the descriptor, and contradicts no setting of ESP-IDF's", () => {
  const descriptorWith = (...defines: string[]): number => {
    assert.equal(native.compile({ defines }).status, 0);
    return Buffer.from(native.descriptor(smallFlash("1"))).readUInt32LE(4);
  };
  assert.equal(descriptorWith("SECURITY_VERSION_DEFINED=(5)"), 5);
  assert.equal(descriptorWith("CONFIG_BOOTLOADER_APP_SECURE_VERSION=3"), 3);
  assert.equal(descriptorWith("SECURITY_VERSION_DEFINED=(5)", "CONFIG_BOOTLOADER_APP_SECURE_VERSION=5"), 5);
  const { status, errors } = native.compile({
    defines: ["SECURITY_VERSION_DEFINED=(5)", "CONFIG_BOOTLOADER_APP_SECURE_VERSION=4"],
  });
  assert.notEqual(status, 0);
  assert.ok(errors.includes("defines.firmware.securityVersion is not CONFIG_BOOTLOADER_APP_SECURE_VERSION"), errors);
  assert.equal(native.compile().status, 0);
});
