import { connect, createServer, type Server } from "node:net";

/** A proxy between the board and a server that changes one byte of what the server sends, once. */
export class Spoiler {
  readonly #server: Server;
  #spoilAt: number;

  private constructor(server: Server, spoilAt: number) {
    this.#server = server;
    this.#spoilAt = spoilAt;
  }

  /** @param options.spoilAt how many bytes of one connection pass unchanged before that byte */
  static async start(options: { port: number; from: string; to: string; spoilAt: number }): Promise<Spoiler> {
    const { port, from, to } = options;
    const server = createServer((board) => {
      const upstream = connect(port, to);
      let passed = 0;
      upstream.on("data", (bytes) => {
        const at = spoiler.#spoilAt - passed;
        passed += bytes.byteLength;
        if (at >= 0 && at < bytes.byteLength) {
          bytes.writeUInt8(bytes.readUInt8(at) ^ 0x01, at);
          spoiler.#spoilAt = Infinity;
        }
        if (!board.write(bytes)) upstream.pause();
      });
      board.on("drain", () => upstream.resume());
      board.pipe(upstream);
      upstream.on("end", () => board.end());
      for (const socket of [board, upstream]) {
        socket.on("error", () => {});
        socket.on("close", () => {
          board.destroy();
          upstream.destroy();
        });
      }
    });
    const spoiler = new Spoiler(server, options.spoilAt);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, from, resolve);
    });
    return spoiler;
  }

  /** Whether the byte was changed. */
  get spoiled(): boolean {
    return this.#spoilAt === Infinity;
  }

  stop(): void {
    this.#server.close();
  }
}
