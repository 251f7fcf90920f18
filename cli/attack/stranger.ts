import { createHash } from "node:crypto";
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { Aedes } from "aedes";

/** What a device reports, as far as it matters here. */
export interface Reported {
  readonly kind: "version" | "fail" | "done" | "other";
  readonly version: string;
  /** Of a failure. */
  readonly message: string;
}

/** What is offered. */
export interface Bait {
  /** As the offer says. */
  readonly version: string;
  /** The file; the offer has its size and MD5. */
  readonly file: Buffer;
  /** What a request for the file's end alone gets instead. */
  readonly endOf?: Buffer;
  /** What is served in the place of the file once the board has lost its power. */
  readonly afterCut?: Buffer;
  /** The server sends the whole file, whatever is asked for. */
  readonly ignoresRange?: boolean;
  /** Further fields of the offer. */
  readonly fields?: object;
}

/** A request for fewer bytes than this is one for the file's end. */
const END_LENGTH = 4096;

/**
 * Somebody who holds the broker and the file server of a device: every device may connect, and gets the offer and the
 * bytes that the stranger wants it to get.
 */
export class Stranger {
  readonly #aedes = new Aedes();
  readonly #broker = createServer((socket) => this.#accept(socket));
  readonly #files: Server = createHttpServer((request, response) => this.#serve(request, response));
  readonly #sockets = new Set<Socket>();
  #bait: Bait | undefined;
  #served: Buffer = Buffer.alloc(0);
  /** Requests for the file since the last bait was laid. */
  requests = 0;
  onReport: (report: Reported) => void = () => {};

  static async start(): Promise<Stranger> {
    const stranger = new Stranger();
    await stranger.#aedes.listen();
    for (const server of [stranger.#broker, stranger.#files]) {
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    }
    stranger.#aedes.authorizePublish = (client, { topic, payload }, callback) => {
      if (client !== null) stranger.#hear(topic, payload.toString());
      callback(null);
    };
    return stranger;
  }

  get mqttUrl(): string {
    return `mqtt://127.0.0.1:${(this.#broker.address() as AddressInfo).port}`;
  }

  /** From now on each device that reports another version gets this offer. */
  lay(bait: Bait): void {
    this.#bait = bait;
    this.#served = bait.file;
    this.requests = 0;
  }

  /** The board has lost its power. */
  onCut(): void {
    const { afterCut } = this.#bait ?? {};
    if (this.#bait !== undefined && afterCut !== undefined) this.#served = afterCut;
  }

  takeAway(): void {
    this.#bait = undefined;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#files.closeAllConnections();
    await new Promise<void>((resolve) => this.#aedes.close(() => resolve()));
    for (const server of [this.#broker, this.#files]) await new Promise<void>((end) => server.close(() => end()));
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => {});
    this.#aedes.handle(socket);
  }

  #hear(topic: string, text: string): void {
    const { type, report } = JSON.parse(text) as {
      readonly type: string;
      readonly report: {
        readonly version: string;
        readonly progress?: { readonly state: string; readonly result_msg: string };
      };
    };
    const { version, progress } = report;
    const kind =
      type === "report_version"
        ? "version"
        : progress?.state === "fail" || progress?.state === "done"
          ? progress.state
          : "other";
    this.onReport({ kind, version, message: progress?.result_msg ?? "" });
    if (kind !== "version") return;
    const update = topic.replace("$ota/report/", "$ota/update/");
    this.#send(update, { type: "report_version_rsp", result_code: 0, result_msg: "success", version });
    const bait = this.#bait;
    if (bait === undefined || bait.version === version) return;
    this.#send(update, {
      type: "update_firmware",
      version: bait.version,
      url: `http://127.0.0.1:${(this.#files.address() as AddressInfo).port}/firmware.bin`,
      md5sum: createHash("md5").update(bait.file).digest("hex"),
      file_size: bait.file.byteLength,
      ...bait.fields,
    });
  }

  #send(topic: string, message: object): void {
    const payload = JSON.stringify(message);
    this.#aedes.publish({ cmd: "publish", topic, payload, qos: 0, retain: false, dup: false }, () => {});
  }

  #serve({ headers }: IncomingMessage, response: ServerResponse): void {
    const bait = this.#bait;
    this.requests++;
    if (bait === undefined) {
      response.writeHead(404).end();
      return;
    }
    const [, from = "", to = ""] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? "") ?? [];
    const served = this.#served;
    const size = served.byteLength;
    if (from === "" || bait.ignoresRange === true) {
      response.writeHead(200, { "Content-Length": size }).end(served);
      return;
    }
    const [start, end] = [Number(from), to === "" ? size - 1 : Math.min(Number(to), size - 1)];
    const bytes = size - start < END_LENGTH ? (bait.endOf ?? served) : served;
    const range = `bytes ${start}-${end}/${size}`;
    response.writeHead(206, { "Content-Length": end - start + 1, "Content-Range": range });
    response.end(bytes.subarray(start, end + 1));
  }
}
