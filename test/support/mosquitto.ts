import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { join } from "node:path";

/** If tests must not be missed, a missing broker is a failure. */
export const skipMosquitto =
  process.env["CI"] === undefined && spawnSync("mosquitto", ["-h"]).error !== undefined
    ? "no mosquitto here: install the Debian package `mosquitto`"
    : false;

/** A real broker, as a process of its own that can die and come back at the same port. */
export class Mosquitto {
  readonly port: number;
  readonly #config: string;
  #child: ChildProcess | undefined;

  private constructor(port: number, config: string) {
    this.port = port;
    this.#config = config;
  }

  /** @param configure default: a listener that lets everybody in */
  static async start(folder: string, configure = letAllIn): Promise<Mosquitto> {
    const port = await freePort();
    const config = join(folder, "mosquitto.conf");
    writeFileSync(config, `${await configure(port)}\nuser root\n`);
    const mosquitto = new Mosquitto(port, config);
    await mosquitto.begin();
    return mosquitto;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  /** @throws Error if it does not listen within 10 s */
  async begin(): Promise<void> {
    const child = spawn("mosquitto", ["-c", this.#config], { stdio: "ignore" });
    let error = new Error("mosquitto does not listen");
    child.once("error", (cause) => (error = cause));
    this.#child = child;
    for (const end = performance.now() + 10_000; performance.now() < end; ) {
      if (await listens(this.port)) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw error;
  }

  /** This process may end before the broker. @returns what ends the broker at once */
  letGo(): () => void {
    this.#child?.unref();
    return () => this.#child?.kill("SIGKILL");
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Ends it at once, as a power cut does. */
  async end(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
    child.kill("SIGKILL");
    await ended;
  }
}

/** With the limits of the files that `ota-cloud broker mosquitto` writes. */
function letAllIn(port: number): string | Promise<string> {
  return `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 100000\nmax_inflight_messages 256`;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
