import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";
import { partitionsOf, settingsOf } from "../../../cli/esp32/application.js";
import { checkSettings } from "../../../cli/esp32/link.js";
import { SHIPPED } from "../../../bench/model/link-settings.js";
import { STACK_SLOTS } from "../../../hal/boards/esp32/stack.js";
import {
  otaSlots,
  parsePartitionsCsv,
  SUBTYPE_DATA_NVS,
  SUBTYPE_DATA_OTA,
  TYPE_APP,
  TYPE_DATA,
} from "../../../hal/boards/sim/partition-table.js";
import { TABLE_NAMES } from "../../../hal/boards/family/flash.js";
import { packedFiles } from "../../support/packed.js";
import { ROOT } from "../../support/root.js";

interface Manifest {
  readonly include?: string | readonly string[];
  readonly modules?: { readonly [specifier: string]: string | readonly string[] };
  readonly preload?: readonly string[];
  readonly creation?: { readonly stack?: number };
  readonly build?: { readonly [name: string]: string };
  readonly platforms?: { readonly [name: string]: Manifest };
}

const BOARD = join("hal", "boards", "esp32");
const TABLES: {
  readonly [name: string]: { readonly megabytes: number; readonly folder: string; readonly hasStaging: boolean };
} = {
  "4mb": { megabytes: 4, folder: "", hasStaging: true },
  "4mb-large": { megabytes: 4, folder: "tables/4mb-large", hasStaging: false },
  "8mb": { megabytes: 8, folder: "tables/8mb", hasStaging: true },
  "16mb": { megabytes: 16, folder: "tables/16mb", hasStaging: true },
};
const REGION = 0x10000;

test("every path that the manifests of an ESP32 application name exists, and the package has it", () => {
  const packed = packedFiles();
  const manifests = manifestsFrom(join("examples", "minimal", "manifest.json"));
  assert.deepEqual(
    manifests.map(({ path }) => path).sort(),
    ["manifest.json", join("examples", "minimal", "manifest.json"), join(BOARD, "manifest.json")].sort(),
  );
  let count = 0;
  for (const { path, manifest } of manifests) {
    for (const named of pathsOf(manifest)) {
      const file = filesOf(normalize(join(dirname(path), named))).find((candidate) => packed.has(candidate));
      assert.ok(file !== undefined && existsSync(join(ROOT, file)), `${path} names ${named}`);
      count++;
    }
  }
  assert.equal(count, 12);
});

test("the package has what an ESP32 application and its boot loader are configured by", () => {
  const packed = packedFiles();
  for (const file of [
    "partitions.csv",
    "boot.c",
    "block-decoder.h",
    "slots.h",
    join("sdkconfig", "sdkconfig.defaults"),
  ]) {
    assert.ok(packed.has(join(BOARD, file)), file);
  }
});

test("the manifest gives XS the stack that is needed, and is merged after the SDK's board", () => {
  const { include, creation } = read(join(BOARD, "manifest.json"));
  assert.equal(creation?.stack, STACK_SLOTS);
  // It includes the board's manifest; the first that is included is merged first, whatever the application's order.
  assert.equal(include?.[0], "$(MODDABLE)/examples/manifest_base.json");
});

test("another platform than ours is an error that names them", () => {
  const platforms = read("manifest.json").platforms as { readonly [name: string]: { readonly error?: string } };
  assert.match(platforms["..."]?.error ?? "", /esp32.*lin/);
});

for (const [table, { megabytes, folder, hasStaging }] of Object.entries(TABLES)) {
  test(`table ${table} has two equal OTA slots on region boundaries, otadata of two sectors and nvs, in ${megabytes} MiB`, () => {
    const partitions = parsePartitionsCsv(partitionsOf(table));
    const slots = otaSlots(partitions);
    assert.deepEqual(
      slots.map(({ label }) => label),
      ["ota_0", "ota_1"],
    );
    assert.equal(slots[0]?.size, slots[1]?.size);
    for (const { offset, size } of partitions.filter(({ type, label }) => type === TYPE_APP || label === "staging")) {
      assert.equal(offset % REGION, 0);
      assert.equal(size % REGION, 0);
    }
    const data = (subtype: number): number[] =>
      partitions.filter((one) => one.type === TYPE_DATA && one.subtype === subtype).map(({ size }) => size);
    assert.deepEqual(data(SUBTYPE_DATA_OTA), [0x2000]);
    assert.deepEqual(data(SUBTYPE_DATA_NVS), [0x6000]);
    assert.equal(
      partitions.some(({ label }) => label === "staging"),
      hasStaging,
    );
    const last = partitions.at(-1) as (typeof partitions)[number];
    assert.equal(last.offset + last.size, megabytes * 0x100000, "nothing of the flash is left over");
  });

  test(`an application that includes table ${table} gets its files, and in its settings all of ours`, () => {
    if (folder === "") return;
    const { build = {} } = read(join(BOARD, folder, "manifest.json"));
    assert.equal(build["PARTITIONS_FILE ?="], "./partitions.csv");
    const settings = build["SDKCONFIGPATH ?="];
    assert.equal(settings === undefined, megabytes === 4);
    if (settings === undefined) return;
    const theirs = readFileSync(join(ROOT, BOARD, folder, settings, "sdkconfig.defaults"), "utf8");
    const ours = readFileSync(join(ROOT, BOARD, "sdkconfig", "sdkconfig.defaults"), "utf8");
    const others = [1, 2, 4, 8, 16, 32, 64, 128].filter((size) => size !== megabytes);
    const unset = others.map((size) => `CONFIG_ESPTOOLPY_FLASHSIZE_${size}MB=n\n`).join("");
    assert.equal(theirs, `${ours}${unset}CONFIG_ESPTOOLPY_FLASHSIZE_${megabytes}MB=y\n`);
    assert.equal(settingsOf(table), theirs, "the commands write the same");
  });
}

test("every table is tried", () => {
  assert.deepEqual(Object.keys(TABLES), TABLE_NAMES);
});

/** Of the SDK's settings for an ESP32-C3, those that are checked. */
const SDK_SETTINGS = `CONFIG_BOOTLOADER_SKIP_VALIDATE_ALWAYS=y
# CONFIG_ESP_ERR_TO_NAME_LOOKUP is not set
CONFIG_ESP_WIFI_STATIC_RX_BUFFER_NUM=5
CONFIG_ESP_WIFI_DYNAMIC_RX_BUFFER_NUM=6
CONFIG_LWIP_TCP_MSS=1436
CONFIG_LWIP_TCP_WND_DEFAULT=5744
`;

test("the sdkconfig, over the SDK's defaults, has rollback, validation and errors by name on, and a window that the driver can hold", () => {
  const ours = readFileSync(join(ROOT, BOARD, "sdkconfig", "sdkconfig.defaults"), "utf8");
  assert.throws(() => checkSettings(SDK_SETTINGS), /CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE is not set/);
  assert.deepEqual(checkSettings(SDK_SETTINGS + ours).slice(3), ["window of 12 segments, 12 static buffers"]);
  for (const line of ours.split("\n").filter((text) => text.startsWith("CONFIG_"))) {
    const [name = ""] = line.split("=");
    // Without our window the SDK's is left, which is smaller and right.
    if (name === "CONFIG_LWIP_TCP_WND_DEFAULT") continue;
    assert.throws(() => checkSettings(SDK_SETTINGS + ours.replace(line, "")), new RegExp(name), line);
  }
});

test("the model of the bench has the settings of the package", () => {
  const ours = readFileSync(join(ROOT, BOARD, "sdkconfig", "sdkconfig.defaults"), "utf8");
  const value = (name: string): number => Number(new RegExp(`^CONFIG_${name}=([0-9]+)$`, "m").exec(ours)?.[1]);
  assert.equal(SHIPPED.windowBytes, value("LWIP_TCP_WND_DEFAULT"));
  assert.equal(SHIPPED.outOfOrderPbufs, value("LWIP_TCP_OOSEQ_MAX_PBUFS"));
  assert.equal(SHIPPED.staticBuffers, value("ESP_WIFI_STATIC_RX_BUFFER_NUM"));
  assert.equal(SHIPPED.sack, /^CONFIG_LWIP_TCP_SACK_OUT=y$/m.test(ours));
});

test("every native function that the board's module names is one of boot.c or packages.c, and the other way round", () => {
  const module = readFileSync(join(ROOT, "dist", "moddable", "esp32.js"), "utf8");
  const source = ["boot.c", "packages.c"].map((name) => readFileSync(join(ROOT, BOARD, name), "utf8")).join("");
  const named = [...module.matchAll(/native\("([^"]+)"\)/g)].map(([, name]) => name);
  const defined = [...source.matchAll(/^void (\w+)\(xsMachine \*the\)$/gm)].map(([, name]) => name);
  assert.ok(named.length > 0);
  assert.deepEqual(named.sort(), defined.sort());
});

test("each of their methods does nothing but call: the engine makes it the native function itself", () => {
  const module = readFileSync(join(ROOT, "dist", "moddable", "esp32.js"), "utf8");
  const whole = module.match(/\w+\((\w?(?:,\w)*)\)\{return native\("\w+"\)\.call\(this(,\1)?\)\}/g)?.length;
  assert.equal(whole, module.match(/native\(/g)?.length);
});

function read(path: string): Manifest {
  return JSON.parse(readFileSync(join(ROOT, path), "utf8")) as Manifest;
}

/** The manifest and all of ours that it includes, for the ESP32. */
function manifestsFrom(path: string): { path: string; manifest: Manifest }[] {
  const manifest = read(path);
  const own = forEsp32(manifest)
    .flatMap(({ include = [] }) => include)
    // Not of this package: what the SDK or ESP-IDF has, and the flags that lead a compiler to it.
    .filter((name) => !/^[$-]/.test(name));
  return [{ path, manifest }, ...own.flatMap((name) => manifestsFrom(normalize(join(dirname(path), name))))];
}

function forEsp32(manifest: Manifest): Manifest[] {
  const platform = manifest.platforms?.["esp32"];
  return platform === undefined ? [manifest] : [manifest, platform];
}

/** What a manifest names that is neither the SDK's nor a specifier. */
function pathsOf(manifest: Manifest): string[] {
  return (
    forEsp32(manifest)
      .flatMap(({ include = [], modules = {}, build = {} }) =>
        [include, ...Object.values(modules), ...Object.values(build)].flat(),
      )
      // Not of this package: what the SDK or ESP-IDF has, and the flags that lead a compiler to it.
      .filter((name) => !/^[$-]/.test(name))
  );
}

/** A module is named without its ending; sdkconfig is a folder. */
function filesOf(path: string): string[] {
  return [path, `${path}.js`, `${path}.c`, join(path, "sdkconfig.defaults")];
}
