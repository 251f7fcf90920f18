import { type ChildProcess, spawn } from "node:child_process";
import type { Duplex } from "node:stream";
import type { LinkSettings } from "../model/link-settings.js";
import type { Link } from "../model/profiles.js";

/** The TAP device, and the address of Linux's end of it, where the servers listen. rig/tap.h has them too. */
export const DEVICE = "lwip0";
export const NETWORK = "10.77.0.0/24";
export const HOST_ADDRESS = "10.77.0.1";

export interface RigOptions {
  /** The program, built for these settings. */
  readonly binary: string;
  readonly settings: LinkSettings;
  readonly link: Link;
  /** File for one line about each segment at the board. */
  readonly trace?: string | undefined;
}

/** What lwIP reports of one connection. */
export interface RigConnection {
  onConnected(): void;
  /** One chain of pbufs. */
  onData(bytes: Buffer): void;
  onSent(byteLength: number): void;
  onEnd(): void;
}

const HEADER_LENGTH = 8;
const CONNECTIONS = 256;

/** The program with lwIP and the link in it. bench/lwip/rig/sockets.h has the bytes of the messages. */
export class Rig {
  readonly #process: ChildProcess;
  readonly #stream: Duplex;
  readonly #connections = new Map<number, RigConnection>();
  /** Rejects if the program ends. */
  readonly failure: Promise<never>;
  readonly #ready: Promise<void>;
  #onReady: () => void = () => {};
  #opened = 0;
  #received: Buffer = Buffer.alloc(0);

  constructor({ binary, settings, link, trace }: RigOptions) {
    const { bitsPerSecond, roundTripMs, lossEvery = 0, lossesBegun = 0 } = link;
    const numbers = [bitsPerSecond, roundTripMs * 1000, settings.staticBuffers, lossEvery, lossesBegun].map(String);
    this.#process = spawn(binary, trace === undefined ? numbers : [...numbers, trace], {
      stdio: ["ignore", "ignore", "inherit", "pipe"],
    });
    this.#stream = this.#process.stdio[3] as Duplex;
    this.#stream.on("data", (bytes: Buffer) => this.#receive(bytes));
    this.#ready = new Promise((resolve) => (this.#onReady = resolve));
    this.failure = new Promise((_, reject) => {
      this.#process.on("error", reject);
      this.#process.on("exit", (code) => reject(new Error(`the rig ended with ${code}`)));
    });
    // It is waited for only while something else is, too.
    this.failure.catch(() => {});
  }

  /** @throws Error if the program ends instead */
  ready(): Promise<void> {
    return Promise.race([this.#ready, this.failure]);
  }

  /** @returns the number of the connection */
  connect(port: number, connection: RigConnection): number {
    const number = this.#opened++ % CONNECTIONS;
    this.#connections.set(number, connection);
    const content = Buffer.alloc(2);
    content.writeUInt16LE(port);
    this.#send("C", number, content);
    return number;
  }

  write(number: number, bytes: Uint8Array): void {
    this.#send("W", number, bytes);
  }

  /** `tcp_recved`. */
  received(number: number, byteLength: number): void {
    const content = Buffer.alloc(4);
    content.writeUInt32LE(byteLength);
    this.#send("R", number, content);
  }

  close(number: number): void {
    this.#connections.delete(number);
    this.#send("X", number, Buffer.alloc(0));
  }

  /** The chip stands still from now until then, in nanoseconds of `process.hrtime`. */
  standStill(untilNs: bigint): void {
    const content = Buffer.alloc(8);
    content.writeBigInt64LE(untilNs);
    this.#send("S", 0, content);
  }

  end(): void {
    this.#process.removeAllListeners("exit");
    this.#stream.destroy();
    this.#process.kill();
  }

  /** Node writes to a socket at once, so the message is with the rig before this thread goes on or sleeps. */
  #send(type: string, number: number, content: Uint8Array): void {
    const message = Buffer.alloc(HEADER_LENGTH + content.byteLength);
    message.write(type, 0, "latin1");
    message.writeUInt8(number, 1);
    message.writeUInt32LE(content.byteLength, 4);
    message.set(content, HEADER_LENGTH);
    this.#stream.write(message);
    if (this.#stream.writableLength > 0) throw new Error("the rig does not keep up");
  }

  #receive(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    while (this.#received.byteLength >= HEADER_LENGTH) {
      const end = HEADER_LENGTH + this.#received.readUInt32LE(4);
      if (this.#received.byteLength < end) return;
      const message = this.#received.subarray(0, end);
      this.#received = this.#received.subarray(end);
      this.#handle(message.toString("latin1", 0, 1), message.readUInt8(1), message.subarray(HEADER_LENGTH));
    }
  }

  #handle(type: string, number: number, content: Buffer): void {
    const connection = this.#connections.get(number);
    switch (type) {
      case "r":
        this.#onReady();
        break;
      case "c":
        connection?.onConnected();
        break;
      case "d":
        connection?.onData(content);
        break;
      case "s":
        connection?.onSent(content.readUInt32LE());
        break;
      case "e":
        connection?.onEnd();
        break;
    }
  }
}
