import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Cloud } from "../cloud/cloud.js";
import { generateSealKey, type SealKey } from "../cloud/seal/keys.js";
import { sealImage } from "../cloud/seal/sign.js";
import { buildAppImage } from "../hal/boards/sim/app-image-builder.js";
import { createBoard, factoryFlash } from "../hal/boards/sim/state-dir.js";
import type { Log, LogLevel } from "../hal/ports/index.js";
import { type Ended, runBoard } from "./board-scene.js";
import type { BoardFirmware } from "./engine.js";

const PRODUCT = "ABCDE12345";
const DEVICE = "board_01";
const FACTORY_VERSION = "0.1.0";
const NEW_VERSION = "0.2.0";
const FORGED_VERSION = "0.3.0";
const SECURITY_VERSION = 1;
const IMAGE_LENGTH = 1024 * 1024;
const FACTORY_LENGTH = 64 * 1024;
/** Longest run of each act, in milliseconds. */
const DEADLINE_MS = 120_000;

export interface SealedSceneOptions {
  readonly folder: string;
  readonly log: Log;
  readonly logLevel: LogLevel;
  readonly createFirmware: BoardFirmware;
  /** Percent of the download at which the power is cut. */
  readonly cut: number | undefined;
  /** Bytes a second of the download. */
  readonly slow: number | undefined;
}

/**
 * A board that trusts one key takes an update that it has sealed, and then refuses one that another key has sealed,
 * which the same cloud offers.
 *
 * @returns one line about the result, and whether all went well
 */
export async function playSealedScene(options: SealedSceneOptions): Promise<{ line: string; done: boolean }> {
  const { folder, slow } = options;
  let requests = 0;
  const cloud = await Cloud.start({
    folder: join(folder, "cloud"),
    faults: slow === undefined ? [] : [{ fault: "slow", bytesPerSecond: slow }],
    onServed: () => requests++,
  });
  try {
    const { key, publicPem } = generateSealKey();
    const deviceSecret = randomBytes(16).toString("base64");
    await cloud.desk.addDevice({ productId: PRODUCT, deviceName: DEVICE, deviceSecret });
    const board = join(folder, "board");
    createBoard(board, factoryFlash(buildAppImage({ version: FACTORY_VERSION, byteLength: FACTORY_LENGTH, seed: 0 })));
    say(`cloud    ${cloud.mqttUrl}  ${cloud.httpUrl}`);
    const act = async (version: string, signer: SealKey, cut?: number): Promise<Ended> => {
      await offer(cloud, folder, version, signer);
      return runBoard({
        ...options,
        board,
        identity: { productId: PRODUCT, deviceName: DEVICE, authentication: { mode: "KEY", deviceSecret } },
        seal: { trusted: [publicPem] },
        mqttUrl: cloud.mqttUrl,
        version,
        cut,
        deadlineMs: DEADLINE_MS + (slow === undefined ? 0 : (2 * IMAGE_LENGTH * 1000) / slow),
      });
    };
    say(`key      ${key.id.toString("hex")} is the only one that the board trusts, and seals version ${NEW_VERSION}`);
    const updated = await act(NEW_VERSION, key, options.cut);
    if (updated.outcome !== "done") return { line: `failed   ${updated.message}`, done: false };
    const forger = generateSealKey().key;
    say(`forgery  version ${FORGED_VERSION} is offered, sealed by the key ${forger.id.toString("hex")}`);
    requests = 0;
    const forged = await act(FORGED_VERSION, forger);
    return endOf(forged, updated.slot, requests);
  } finally {
    // Otherwise its servers would keep this process alive after an error.
    await cloud.stop();
  }
}

function endOf(forged: Ended, slot: string, requests: number): { line: string; done: boolean } {
  if (forged.outcome === "done") return { line: "failed   the forgery runs", done: false };
  if (!forged.message.includes("key-unknown: ")) return { line: `failed   ${forged.message}`, done: false };
  say(`agent    refused version ${FORGED_VERSION}, ${forged.message}`);
  const fetched = requests === 1 ? "the end of the forgery was fetched" : `${requests} requests for the forgery`;
  return {
    line: `done     version ${NEW_VERSION} runs from ${slot}: ${fetched}, and nothing of it was stored`,
    done: true,
  };
}

async function offer({ desk }: Cloud, folder: string, version: string, key: SealKey): Promise<void> {
  const image = buildAppImage({ version, byteLength: IMAGE_LENGTH, seed: 1, secureVersion: SECURITY_VERSION });
  const path = join(folder, `${version}.bin`);
  const keys = [{ file: "key", key }];
  const built = Math.floor(Date.now() / 1000);
  writeFileSync(path, sealImage({ image: Buffer.from(image), keys, product: PRODUCT, built }));
  await desk.addFirmware({ productId: PRODUCT, version, path });
  await desk.upgrade({ productId: PRODUCT, version, selection: { kind: "list", deviceNames: [DEVICE] } });
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
