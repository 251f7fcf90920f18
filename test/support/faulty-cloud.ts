import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { SimulatedBoard } from "../../hal/boards/sim/board.js";
import { createFirmware } from "../../hal/boards/sim/main.js";
import { factoryFlash } from "../../hal/boards/sim/state-dir.js";
import { Cloud } from "../../cloud/cloud.js";
import type { FaultSpec } from "../../cloud/faults/fault.js";
import type { OtaAgent } from "../../src/index.js";
import { enginesOf } from "./engine-choice.js";
import { withFolder } from "./folder.js";
import { CollectedLog } from "./log.js";
import type { ObjectStore } from "./object-store/object-store.js";
import { DEVICE, imageOf, SECRET } from "./test-bed.js";
import { AUTHORITY, tlsPath } from "./tls-fixtures.js";

/** Bytes of the new image. */
export const IMAGE_LENGTH = 200 * 1024;

interface Progress {
  readonly state: string;
  readonly result_code: string;
  readonly result_msg: string;
}

/** What an update in a cloud with faults was like, from its start to the result. */
export interface FaultyUpdate {
  /** The cloud's lines about faults. */
  readonly strikes: readonly string[];
  /** Status of each request for the file that was answered. */
  readonly statuses: readonly number[];
  /** The device's messages but for `downloading`: `version 0.1.0`, `burning`, `done`, `fail -4 md5 not match`. */
  readonly words: readonly string[];
  /** What the device logged. */
  readonly logged: readonly string[];
}

/** Updates a simulated board, on real sockets, by a local cloud with these faults. */
export async function updateWith(
  faults: readonly FaultSpec[],
  {
    tls = false,
    idleTimeoutSeconds = 20,
    checkEverySeconds,
    store,
  }: {
    readonly tls?: boolean | undefined;
    readonly idleTimeoutSeconds?: number | undefined;
    /** Default: the board's own. On a busy machine a board that checks often would be made the same offer twice. */
    readonly checkEverySeconds?: number | undefined;
    /** Where the firmware is. Default: in the cloud's folder. */
    readonly store?: ObjectStore;
  } = {},
): Promise<FaultyUpdate> {
  const [strikes, statuses, words]: [string[], number[], string[]] = [[], [], []];
  const logged = new CollectedLog();
  await withFolder(async (folder) => {
    const cloud = await Cloud.start({
      folder: join(folder, "cloud"),
      ...(tls ? {} : { database: (await enginesOf(join(folder, "cloud"))).database }),
      tls: tls ? { cert: tlsPath("server.pem"), key: tlsPath("server-key.pem") } : undefined,
      faults,
      files: store?.settings(folder),
      onFault: (line) => strikes.push(line),
      onServed: ({ status }) => statuses.push(status),
      onReport: (_topic, payload) => words.push(...wordOf(payload)),
    });
    const path = join(folder, "image.bin");
    writeFileSync(path, imageOf("0.2.0", IMAGE_LENGTH));
    const { productId, deviceName } = DEVICE;
    await cloud.desk.addDevice({ productId, deviceName, deviceSecret: SECRET });
    await cloud.desk.addFirmware({ productId, version: "0.2.0", path });
    await cloud.desk.upgrade({
      productId,
      version: "0.2.0",
      selection: { kind: "list", deviceNames: [deviceName] },
    });
    let agent: OtaAgent | undefined;
    const authority = tls ? AUTHORITY : undefined;
    const board = new SimulatedBoard({
      flash: factoryFlash(imageOf("0.1.0", 4096)),
      firmware: createFirmware({
        log: logged.log,
        config: {
          identity: { ...DEVICE, authentication: { mode: "KEY", deviceSecret: SECRET } },
          broker: { url: cloud.mqttUrl, authority },
          download: { authority, idleTimeoutSeconds, maxAttempts: 4, backoffMaxSeconds: 0.05 },
          checkEverySeconds,
        },
        onAgent: (started) => (agent = started),
      }),
      onDead: (error) => words.push(`dead: ${error.message}`),
    });
    try {
      board.powerOn();
      await ended(words);
    } finally {
      agent?.stop();
      board.cutPower();
      await cloud.stop();
    }
  });
  return { strikes, statuses, words, logged: logged.lines };
}

function wordOf(payload: string): string[] {
  const { report } = JSON.parse(payload) as { report: { version: string; progress?: Progress } };
  const { version, progress } = report;
  if (progress === undefined) return [`version ${version}`];
  const { state, result_code, result_msg } = progress;
  if (state === "downloading") return [];
  return [state === "fail" ? `fail ${result_code} ${result_msg}` : state];
}

/** Waits until a failure was reported, or the new version after a success. */
async function ended(words: readonly string[]): Promise<void> {
  const isOver = (): boolean =>
    words.some((word) => /^(fail|dead)/.test(word)) ||
    (words.includes("done") && words.lastIndexOf("version 0.2.0") > words.lastIndexOf("done"));
  for (const end = performance.now() + 120_000; !isOver(); await new Promise((resolve) => setTimeout(resolve, 5))) {
    if (performance.now() > end) throw new Error(`no end of the update: ${words.join(", ")}`);
  }
}
