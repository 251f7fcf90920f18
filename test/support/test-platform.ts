import { Aedes } from "aedes";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";

/** A report as it arrived. */
export interface Report {
  readonly topic: string;
  readonly qos: number;
  readonly text: string;
  readonly message: {
    type: string;
    report: {
      version: string;
      progress?: { state: string; percent?: string; result_code: string; result_msg: string };
    };
  };
}

export interface TestOffer {
  readonly version: string;
  readonly url: string;
  readonly md5sum: string;
  readonly file_size: number;
}

/** A platform that the test controls; it keeps every report. */
export class TestPlatform {
  readonly reports: Report[] = [];
  readonly #aedes = new Aedes();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #secure: boolean;
  /** Offered after each report of another version, with a URL of its own each time. */
  pending: (() => TestOffer) | undefined;
  /** The same for one device, by `PRODUCT/name`. */
  readonly pendingFor = new Map<string, () => TestOffer>();
  /** Called with each message of a gateway about its sub-devices, as it arrived. */
  onOperation: (topic: string, text: string) => void = () => {};
  /** Told of each report as it arrives: its acknowledgement follows. */
  onReport: (report: Report) => void = () => {};
  /** What the application publishes on topics of its own, as it arrived. */
  onApplication: (topic: string, payload: Buffer, qos: number) => void = () => {};
  /** Called at each SUBSCRIBE. */
  onSubscribe: (filter: string) => void = () => {};
  /** Called at each UNSUBSCRIBE. */
  onUnsubscribe: (filter: string) => void = () => {};
  /** Whether version reports are answered. */
  answering = true;
  /** Whether publishes are acknowledged. */
  acknowledging = true;
  /** Whether every new connection is closed at once. */
  refusing = false;
  /** Called, over TLS, with the keys of each connection: a line as in the files that Wireshark reads. */
  onKeys: (line: Buffer) => void = () => {};
  connects = 0;
  port = 0;

  constructor(tls?: TlsOptions) {
    this.#secure = tls !== undefined;
    const accept = (socket: Socket): void => {
      if (this.refusing) {
        socket.destroy();
        return;
      }
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      socket.on("error", () => {});
      this.#aedes.handle(socket);
    };
    this.#server = tls === undefined ? createServer(accept) : createTlsServer(tls, accept);
    this.#server.on("tlsClientError", () => {});
    this.#server.on("keylog", (line: Buffer) => this.onKeys(line));
    this.#aedes.on("client", () => this.connects++);
    this.#aedes.on("clientError", () => {});
    this.#aedes.on("subscribe", (subscriptions) => subscriptions.forEach(({ topic }) => this.onSubscribe(topic)));
    this.#aedes.on("unsubscribe", (filters) => filters.forEach((filter) => this.onUnsubscribe(filter)));
    this.#aedes.authorizePublish = (client, packet, callback) => {
      if (client !== null) this.#hear(packet.topic, packet.qos, packet.payload as Buffer);
      if (this.acknowledging || client === null) callback(null);
    };
  }

  async start(port = 0): Promise<void> {
    await this.#aedes.listen();
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
    this.port = (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.#secure ? "mqtts" : "mqtt"}://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    this.dropAll();
    await new Promise<void>((resolve) => this.#aedes.close(() => resolve()));
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** Ends every connection, as a broker that restarts. */
  dropAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  send(topic: string, payload: string | Buffer): void {
    this.#aedes.publish({ cmd: "publish", topic, payload, qos: 0, retain: false, dup: false }, () => {});
  }

  offer(device: { productId: string; deviceName: string }, offer: TestOffer): void {
    const { version, url, md5sum, file_size } = offer;
    const message = { file_size, md5sum, type: "update_firmware", url, version };
    this.send(`$ota/update/${device.productId}/${device.deviceName}`, JSON.stringify(message));
  }

  /** Progress as short words: `version 0.1.0`, `downloading 10`, `burning`, `done`, `fail -4 md5 not match`. */
  words(): string[] {
    return this.reports.map(({ message }) => {
      const { progress, version } = message.report;
      if (progress === undefined) return `version ${version}`;
      if (progress.state === "downloading") return `downloading ${progress.percent}`;
      return progress.state === "fail" ? `fail ${progress.result_code} ${progress.result_msg}` : progress.state;
    });
  }

  /** The same words, of one device alone. */
  wordsOf({ productId, deviceName }: { productId: string; deviceName: string }): string[] {
    const words = this.words();
    return words.filter((_, index) => this.reports[index]?.topic.endsWith(`/${productId}/${deviceName}`) === true);
  }

  #hear(topic: string, qos: number, payload: Buffer): void {
    if (!topic.startsWith("$")) {
      this.onApplication(topic, payload, qos);
      return;
    }
    const text = payload.toString();
    if (topic.startsWith("$gateway/")) {
      this.onOperation(topic, text);
      return;
    }
    const message = JSON.parse(text) as Report["message"];
    const report = { topic, qos, text, message };
    this.reports.push(report);
    this.onReport(report);
    if (message.type !== "report_version" || !this.answering) return;
    const { version } = message.report;
    const update = topic.replace("$ota/report/", "$ota/update/");
    this.send(update, JSON.stringify({ result_code: 0, result_msg: "success", type: "report_version_rsp", version }));
    const pending = this.pendingFor.get(topic.replace("$ota/report/", "")) ?? this.pending;
    if (pending === undefined) return;
    setTimeout(() => {
      const offer = pending();
      if (offer.version === version) return;
      const { url, md5sum, file_size } = offer;
      this.send(update, JSON.stringify({ file_size, md5sum, type: "update_firmware", url, version: offer.version }));
    }, 5);
  }
}
