import { appendFileSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { buildAppImage } from "../../hal/boards/sim/app-image-builder.js";
import { chipNamed, ESP32, targetNameOf } from "../../hal/boards/family/chips.js";
import { STACK_SLOTS } from "../../hal/boards/esp32/stack.js";
import { SDK_MANIFESTS } from "../../hal/boards/esp32/sdk-modules.js";

/** Of the SDK's own settings, those that ours are checked together with. */
const SDK_SETTINGS = "CONFIG_LWIP_TCP_MSS=1436\n";

/*
 * Takes the place of the SDK's mcconfig when our commands call it. Without a target it writes what the linker leaves;
 * with the target `build` an image with the manifest's version, STAND_IN_LENGTH bytes long. STAND_IN_FAILS names what
 * fails. Chip and memory are those of the board's manifest; STAND_IN_CHIP names another chip for the image.
 */
const [log = "", ...args] = process.argv.slice(2);
const {
  STAND_IN_FAILS: fails,
  STAND_IN_LENGTH: length = "65536",
  MODDABLE: sdk = "",
  STAND_IN_CHIP: wrongChip,
  STAND_IN_STACK: stack = String(STACK_SLOTS),
  STAND_IN_VERSION: saidVersion,
  UPLOAD_PORT: port = "",
} = process.env;
const after = (option: string): string | undefined =>
  args.includes(option) ? args[args.indexOf(option) + 1] : undefined;
const target = after("-t");
const output = after("-o") as string;
const board = (after("-p") as string).split("/")[1] as string;
const settingsPath = join(dirname(args.at(-1) as string), "settings.json");
const application = basename(dirname(settingsPath));
const manifest = JSON.parse(
  readFileSync(join(sdk, "build", "devices", "esp32", "targets", board, "manifest.json"), "utf8"),
) as BoardManifest;
const chipOfBoard = manifest.build?.ESP32_SUBCLASS ?? targetNameOf(ESP32);
const projectName = `xsProj-${chipOfBoard}`;
const mode = args.includes("-d") ? "debug" : "release";

const given = ["SDKCONFIGPATH", "PARTITIONS_FILE"].filter((name) => process.env[name] !== undefined);
if (given.length > 0) appendFileSync(log, `${given.join()} is given\n`);
appendFileSync(log, `mcconfig [${port}] ${args.join(" ")}\n`);
if (target !== undefined && target === fails) process.exit(1);
if (target === undefined) linkInto(join(output, "tmp", "esp32", board, mode, application));
if (target === "build") {
  const linked = join(output, "tmp", "esp32", board, mode, application, projectName, "build", "xs_esp32.bin");
  if (fails !== "nothing-built") buildInto(linked);
  copyInto(join(output, "bin", "esp32", board, mode, application), linked);
}

interface BoardManifest {
  readonly build?: { readonly ESP32_SUBCLASS?: string };
  readonly creation?: {
    readonly static: number;
    readonly chunk: { readonly initial: number; readonly incremental: number };
    readonly heap: { readonly initial: number; readonly incremental: number };
  };
}

interface Settings {
  readonly build: { readonly [name: string]: string };
  readonly defines: { readonly firmware: { readonly version: string } };
}

function settings(): Settings {
  return JSON.parse(readFileSync(settingsPath, "utf8")) as Settings;
}

/** What cli/esp32/link.ts reads of a link. */
function linkInto(folder: string): void {
  const named = (name: string): string => resolve(dirname(settingsPath), settings().build[name] as string);
  const specifiers = ["moddable-ota", "moddable-ota/device", ...Object.keys(SDK_MANIFESTS)];
  const paths = specifiers.map((specifier) => `${specifier.replace(/^embedded:/, "~.embedded/")}.xsb`);
  const project = join(folder, projectName);
  mkdirSync(project, { recursive: true });
  for (const path of paths) {
    mkdirSync(dirname(join(folder, "modules", path)), { recursive: true });
    writeFileSync(join(folder, "modules", path), Buffer.alloc(1000));
  }
  const rules = paths.map((path) => `$(MODULES_DIR)/${path}: source\n`);
  const preloads = paths.map((path) => `\t -p ${path}\\\n`);
  const {
    chunk,
    heap,
    static: staticBytes,
  } = manifest.creation ?? {
    chunk: { initial: 32_768, incremental: 1024 },
    heap: { initial: 2048, incremental: 64 },
    static: 0,
  };
  const sizes = [chunk.initial, chunk.incremental, heap.initial, heap.incremental, stack, 32, 32, 53, 3, 1024, 17];
  const creation = `CREATION = -c ${[...sizes, staticBytes, "main", 0].join()}\n`;
  const configuration = `SDKCONFIG_FILE=$(PROJ_DIR)/${projectName}/sdkconfig.mc\n`;
  writeFileSync(
    join(folder, "makefile"),
    `${creation}${configuration}${rules.join("")}all:\n${preloads.join("")}\n${join(folder, "mc.xs.c")}:\n\ttouch $@\n`,
  );
  writeFileSync(join(folder, "mc.xs.c"), "#define mxHeapCount 10000\n#define mxAliasCount 100\n");
  const ours = readFileSync(join(named("SDKCONFIGPATH ?="), "sdkconfig.defaults"), "utf8");
  writeFileSync(join(project, "sdkconfig.mc"), `${SDK_SETTINGS}${ours}`);
  writeFileSync(join(project, "partitions.csv"), readFileSync(named("PARTITIONS_FILE ?=")));
}

function buildInto(path: string): void {
  const version = saidVersion ?? settings().defines.firmware.version.replace(/^#/, "");
  mkdirSync(dirname(path), { recursive: true });
  const chipId = chipNamed(wrongChip ?? chipOfBoard)?.id as number;
  writeFileSync(path, buildAppImage({ version, byteLength: Number(length), seed: 1, chipId }));
}

/** Copies, as mcconfig does, also what an earlier build has left. */
function copyInto(folder: string, image: string): void {
  mkdirSync(folder, { recursive: true });
  if (existsSync(image)) copyFileSync(image, join(folder, "xs_esp32.bin"));
  writeFileSync(join(folder, "partition-table.bin"), "table");
}
