import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openAtRest } from "../../cloud/core.js";
import { enginesOf } from "./engine-choice.js";
import { ROOT } from "./root.js";

export const FLEET_PRODUCT = "ABCDE12345";
export const FLEET_SECRET = "MDEyMzQ1Njc4OWFiY2RlZg==";

export function fleetName(index: number): string {
  return `device-${String(index).padStart(5, "0")}`;
}

/** Makes a state folder with a fleet that runs 1.0.0, and the firmware 2.0.0 for it. */
export async function makeFleetFolder(folder: string, devices: number): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const { database } = await enginesOf(folder);
  const core = await openAtRest(folder, { database });
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

interface Printed {
  readonly mqttPort: number;
  readonly signInLink: string;
}

export interface ServeOptions {
  /** 0, the default, for any free port. */
  readonly mqttPort?: number;
  readonly consolePort?: number;
  /** Options of the process. */
  readonly nodeOptions?: readonly string[];
  /** Further words of the command. */
  readonly words?: readonly string[];
}

/** A cloud that is served on a folder, as a process of its own. */
export class ServedCloud {
  readonly #child: ChildProcess;
  readonly mqttPort: number;
  /** Signs a browser in once. */
  readonly signInLink: string;
  readonly #ended: Promise<void>;

  private constructor(child: ChildProcess, printed: Printed) {
    this.#child = child;
    this.mqttPort = printed.mqttPort;
    this.signInLink = printed.signInLink;
    this.#ended = new Promise((resolve) => child.once("close", () => resolve()));
  }

  /** @throws Error with what the process printed if it ends at once */
  static async start(folder: string, options: ServeOptions = {}): Promise<ServedCloud> {
    const { mqttPort = 0, consolePort = 0, nodeOptions = [], words = [] } = options;
    // A demo has a broker of its own.
    const { database, broker } = await enginesOf(folder);
    const engines = [
      ...(database === undefined ? [] : ["--database", database]),
      ...(broker === undefined || words.includes("--demo") ? [] : ["--broker", broker]),
    ];
    const ports = ["--mqtt-port", String(mqttPort), "--http-port", "0", "--console-port", String(consolePort)];
    const command = [
      join(ROOT, "dist/node/cli/cloud/main.js"),
      "serve",
      "--state",
      folder,
      ...engines,
      ...ports,
      ...words,
    ];
    const child = spawn(process.execPath, [...nodeOptions, ...command], { stdio: ["ignore", "pipe", "pipe"] });
    const printed = await new Promise<Printed>((resolve, reject) => {
      let text = "";
      const onText = (bytes: Buffer): void => {
        text += bytes.toString();
        const [, port, link] = /^broker mqtt:\/\/[^:\n]+:(\d+)$[\s\S]*^console +(\S+)$/m.exec(text) ?? [];
        if (port !== undefined && link !== undefined) resolve({ mqttPort: Number(port), signInLink: link });
      };
      child.stdout?.on("data", onText);
      child.stderr?.on("data", onText);
      child.once("close", () => reject(new Error(`the cloud ended: ${text}`)));
    });
    return new ServedCloud(child, printed);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    this.#child.kill(signal);
    await this.#ended;
  }
}
