import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Cloud } from "../cloud/cloud.js";
import type { PackageVariantView } from "../cloud/operator/types.js";
import { bootablePair } from "../hal/boards/sim/bootable-image.js";
import { createBoard, factoryFlash } from "../hal/boards/sim/state-dir.js";
import type { Log, LogLevel } from "../hal/ports/index.js";
import { runBoard } from "./board-scene.js";
import type { BoardFirmware } from "./engine.js";

const PRODUCT = "ABCDE12345";
const DEVICE = "board_01";
const FACTORY_VERSION = "0.1.0";
const NEW_VERSION = "0.2.0";
/** The generator's measure: it makes images of about 1 MiB. */
const PROGRAM_LENGTH = 1_410_000;
/** Percent of the download. */
const CUT = 50;
const DEADLINE_MS = 120_000;
const POLL_MS = 50;
const ACTOR = { name: "npm start", origin: "local" };

export interface DeltaSceneOptions {
  readonly folder: string;
  readonly log: Log;
  readonly logLevel: LogLevel;
  readonly createFirmware: BoardFirmware;
  /** Percent of the download at which the power is cut; default: half of it. */
  readonly cut: number | undefined;
  /** Bytes a second of the download. */
  readonly slow: number | undefined;
}

/**
 * The cloud makes a delta between two versions of a program, whose addresses have moved as a linker moves them. A board
 * that runs the old one takes it, and loses its power on the way.
 *
 * @returns one line about the result, and whether all went well
 */
export async function playDeltaScene(options: DeltaSceneOptions): Promise<{ line: string; done: boolean }> {
  const { folder, slow } = options;
  /** Bytes from where the board went on to the end. */
  let rest: number | undefined;
  const cloud = await Cloud.start({
    folder: join(folder, "cloud"),
    faults: slow === undefined ? [] : [{ fault: "slow", bytesPerSecond: slow }],
    onServed: ({ byteLength, status }) => {
      if (status === 206) rest = byteLength;
    },
  });
  try {
    const { base, result } = bootablePair({
      seed: 1,
      byteLength: PROGRAM_LENGTH,
      versions: [FACTORY_VERSION, NEW_VERSION],
    });
    const deviceSecret = randomBytes(16).toString("base64");
    await cloud.desk.addDevice({ productId: PRODUCT, deviceName: DEVICE, deviceSecret });
    const board = join(folder, "board");
    createBoard(board, factoryFlash(base));
    say(`cloud    ${cloud.mqttUrl}  ${cloud.httpUrl}`);
    await add(cloud, folder, FACTORY_VERSION, base);
    const delta = await deltaOf(cloud, await add(cloud, folder, NEW_VERSION, result));
    const size = delta.size ?? 0;
    const share = ((100 * size) / result.byteLength).toFixed(1);
    say(`delta    from version ${FACTORY_VERSION} to ${NEW_VERSION}: ${size} bytes, ${share}% of ${result.byteLength}`);
    const selection = { kind: "list", deviceNames: [DEVICE] } as const;
    await cloud.desk.upgrade({ productId: PRODUCT, version: NEW_VERSION, selection });
    const ended = await runBoard({
      ...options,
      cut: options.cut ?? CUT,
      board,
      packages: true,
      identity: { productId: PRODUCT, deviceName: DEVICE, authentication: { mode: "KEY", deviceSecret } },
      mqttUrl: cloud.mqttUrl,
      version: NEW_VERSION,
      deadlineMs: DEADLINE_MS + (slow === undefined ? 0 : (2 * size * 1000) / slow),
    });
    if (ended.outcome !== "done") return { line: `failed   ${ended.message}`, done: false };
    const resumed = rest === undefined ? "" : `, of which the last ${rest} were fetched after the power cut`;
    const saved = result.byteLength - size;
    const line = `done     version ${NEW_VERSION} runs from ${ended.slot}: ${size} bytes${resumed}; ${saved} were saved`;
    return { line, done: true };
  } finally {
    // Otherwise its servers would keep this process alive after an error.
    await cloud.stop();
  }
}

/** @returns the id of the package */
async function add({ desk }: Cloud, folder: string, version: string, image: Uint8Array): Promise<number> {
  const path = join(folder, `${version}.bin`);
  writeFileSync(path, image);
  return (await desk.addFirmware({ productId: PRODUCT, version, path })).id;
}

/** @throws Error if it cannot be made */
async function deltaOf({ operator }: Cloud, id: number): Promise<PackageVariantView> {
  let found = await operator.addVariants(id, { deltaFrom: [FACTORY_VERSION] }, ACTOR);
  for (;;) {
    const [delta] = found.variants;
    if (delta?.state === "ready") return delta;
    if (delta === undefined || delta.state === "failed") throw new Error(`no delta: ${delta?.reason ?? "it is gone"}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    found = await operator.package(id);
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
