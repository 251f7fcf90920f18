import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openAtRest } from "../../cloud/core.js";
import { ROOT } from "./root.js";

export const FLEET_PRODUCT = "ABCDE12345";
export const FLEET_SECRET = "MDEyMzQ1Njc4OWFiY2RlZg==";

export function fleetName(index: number): string {
  return `device-${String(index).padStart(5, "0")}`;
}

/** Makes a state folder with a fleet that runs 1.0.0, and the firmware 2.0.0 for it. */
export async function makeFleetFolder(folder: string, devices: number): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const core = await openAtRest(folder);
  try {
    const path = join(folder, "image.bin");
    writeFileSync(path, "an image of no kind");
    await core.operator.addDevices(
      Array.from({ length: devices }, (_, index) => ({
        productId: FLEET_PRODUCT,
        deviceName: fleetName(index),
        deviceSecret: FLEET_SECRET,
      })),
      { name: "test", origin: "local" },
    );
    await core.desk.addFirmware({ productId: FLEET_PRODUCT, version: "2.0.0", path });
  } finally {
    await core.close();
  }
}

/** A cloud that is served on a folder, as a process of its own. */
export class ServedCloud {
  readonly #child: ChildProcess;
  readonly mqttPort: number;
  readonly #ended: Promise<void>;

  private constructor(child: ChildProcess, mqttPort: number) {
    this.#child = child;
    this.mqttPort = mqttPort;
    this.#ended = new Promise((resolve) => child.once("close", () => resolve()));
  }

  /**
   * @param mqttPort   0 for any free port
   * @param nodeOptions of the process
   * @throws Error with what the process printed if it ends at once
   */
  static async start(folder: string, mqttPort = 0, nodeOptions: readonly string[] = []): Promise<ServedCloud> {
    const ports = ["--mqtt-port", String(mqttPort), "--http-port", "0", "--console-port", "0"];
    const command = [join(ROOT, "dist/node/cli/cloud/main.js"), "serve", "--state", folder, ...ports];
    const child = spawn(process.execPath, [...nodeOptions, ...command], { stdio: ["ignore", "pipe", "pipe"] });
    const port = await new Promise<number>((resolve, reject) => {
      let text = "";
      const onText = (bytes: Buffer): void => {
        text += bytes.toString();
        const [, found] = /^broker mqtt:\/\/[^:\n]+:(\d+)$[\s\S]*^console /m.exec(text) ?? [];
        if (found !== undefined) resolve(Number(found));
      };
      child.stdout?.on("data", onText);
      child.stderr?.on("data", onText);
      child.once("close", () => reject(new Error(`the cloud ended: ${text}`)));
    });
    return new ServedCloud(child, port);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    this.#child.kill(signal);
    await this.#ended;
  }
}
