import { createHash } from "node:crypto";
import type { Firmware } from "./firmware.js";
import { MQTT_PORT, type Line, type Server } from "../support/virtual-network.js";
import { hearSub, idOf, isComponents, type SubScene } from "./subs.js";
import type { CloudView, World } from "./world.js";

/** The connection ends before the platform has the report, or after that and before the device has its PUBACK. */
export type Loss = "report" | "answer";

export interface CloudOptions {
  readonly view: CloudView;
  /** By the names of their files. */
  readonly firmware: { readonly [name: string]: Firmware };
  /** Whether the broker takes a device that runs this version. */
  accepts(version: string): boolean;
  /** The bytes that the file server sends for a version: not always those that were offered. */
  served(firmware: Firmware, view: CloudView): Uint8Array;
  /** Whether the ETag names the bytes of a file, so that it changes with them. Default: it is the file's name. */
  readonly tags: boolean;
  /** Whether the file server answers every request with the whole file. */
  readonly rangeless: boolean;
  /** Every other answer of the file server is cut short. */
  readonly breaks: boolean;
  /** The board asks for the seal at the end of a file first; absent: it does not. */
  readonly sealEnd?: Uint8Array | "served" | "refused";
  /** Manifests by the names of their files; a file may have none. */
  readonly manifests: { readonly [name: string]: object };
  /** Whether the operator offers an update once more after it has failed: as a new task. */
  readonly retries: boolean;
  /** What happens to the terminal reports, in turn. */
  readonly losses: readonly Loss[];
  /** A report came; the operator may change the task. */
  onReport(view: CloudView, word: string): void;
  /** A terminal report came. */
  onResult(text: string): void;
  readonly subs: World["subs"];
  readonly subScene: SubScene | undefined;
  onSubReport(name: string, text: string): void;
  /** A terminal report, or its answer, was lost. */
  onLoss(): void;
  /** The first byte of each answer, and the file's name. */
  onRequest(offset: number, name: string): void;
}

/** The file comes slowly enough for reports on the way. */
const PIECE_LENGTH = 700;
const PIECE_DELAY_MS = 400;
/** Bytes in the longest seal, which the board asks for. */
const SEAL_END_LENGTH = 344;

const DEVICE = "ABCDE12345/board_01";
const REPORT_TOPIC = "$ota/report/";

/** The platform and its file server, for one device: its whole memory is `view`. */
export class Cloud {
  readonly #options: CloudOptions;
  /** Version that the device of this boot runs, as the board reports it. */
  runningVersion = "";
  /** Count of requests for the file since the power came on. */
  requests = 0;

  constructor(options: CloudOptions) {
    this.#options = options;
  }

  accept(port: number, line: Line): Server {
    return port === MQTT_PORT ? new Broker(line, this) : new FileServer(line, this, this.#options);
  }

  get acceptsDevice(): boolean {
    return this.#options.accepts(this.runningVersion);
  }

  /** @returns what happens to this report on its way */
  loss(text: string): Loss | undefined {
    const { view, losses } = this.#options;
    const { state } = (JSON.parse(text) as Partial<Report>).report?.progress ?? {};
    return (state === "done" || state === "fail") && view.lost < losses.length ? losses[view.lost++] : undefined;
  }

  lose(): void {
    this.#options.onLoss();
  }

  /** @returns messages for the device */
  hear(topic: string, text: string): Message[] {
    if (topic.startsWith("$gateway/")) {
      return [{ topic: topic.replace("operation", "operation/result"), text: agreed(text) }];
    }
    const device = topic.slice(REPORT_TOPIC.length);
    const answers = device === DEVICE ? this.#hearDevice(text) : this.#hearSub(device.split("/")[1] ?? "", text);
    return answers.map((answer) => ({ topic: `$ota/update/${device}`, text: answer }));
  }

  #hearSub(name: string, text: string): string[] {
    const { subs, subScene, firmware } = this.#options;
    const [view, file] = [subs[name], firmware[subScene?.file ?? ""]];
    if (view === undefined || file === undefined) return [];
    this.#options.onSubReport(name, text);
    return hearSub(view, file, text).offers ? [offerOf(subScene?.file ?? "", file)] : [];
  }

  /**
   * The device reports for its components too: the version names the component. After any version report the device is
   * offered the rest.
   */
  #hearDevice(text: string): string[] {
    const { subs, subScene, view, onReport } = this.#options;
    if (!isComponents(subScene)) return this.#hearOwn(text);
    const { type, report } = JSON.parse(text) as Report;
    const id = idOf(subScene, report.version);
    if (id !== undefined) this.#hearSub(id, text);
    if (id !== undefined && type !== "report_version") return [];
    if (id !== undefined) onReport(view, `version ${report.version}`);
    const own =
      id === undefined ? this.#hearOwn(text) : [versionAnswer(report.version), ...this.#offer(report.version)];
    if (type !== "report_version") return own;
    const file = this.#options.firmware[subScene.file] as Firmware;
    const wanting = subScene.names.filter(
      (name) => subs[name]?.task !== undefined && report.version !== `${name}_${file.version}`,
    );
    return [...own, ...wanting.map((name) => offerOf(subScene.file, { ...file, version: `${name}_${file.version}` }))];
  }

  #hearOwn(text: string): string[] {
    const { type, report } = JSON.parse(text) as Report;
    const { view, onReport, onResult } = this.#options;
    if (type === "report_version") {
      onReport(view, `version ${report.version}`);
      return [versionAnswer(report.version), ...this.#offer(report.version)];
    }
    const { state = "", percent = "" } = report.progress ?? {};
    const act = view.act;
    onReport(view, `${state} ${percent}`);
    if (state === "done" || state === "fail") {
      onResult(text);
      if (!view.results.includes(text)) view.results.push(text);
      const retried = this.#options.retries && state === "fail" && view.act === 0;
      if (retried) {
        view.act = 1;
        view.results.length = 0;
      } else if (this.#options.firmware[view.task ?? ""]?.version === report.version) view.task = undefined;
    }
    return view.act === act ? [] : this.#offer("");
  }

  #offer(running: string): string[] {
    const { view, firmware } = this.#options;
    if (view.task === undefined) return [];
    const file = firmware[view.task] as Firmware;
    return file.version === running ? [] : [offerOf(view.task, file)];
  }
}

function versionAnswer(version: string): string {
  return JSON.stringify({ result_code: 0, result_msg: "success", type: "report_version_rsp", version });
}

function offerOf(name: string, { bytes, md5, version }: Firmware): string {
  const url = `http://files.test/${name}?sign=1`;
  return JSON.stringify({ file_size: bytes.byteLength, md5sum: md5, type: "update_firmware", url, version });
}

/** Every request of a gateway for its sub-devices is granted. */
function agreed(text: string): string {
  const { type, payload } = JSON.parse(text) as { type: string; payload: { devices: object[] } };
  return JSON.stringify({ type, payload: { devices: payload.devices.map((device) => ({ ...device, result: 0 })) } });
}

interface Message {
  readonly topic: string;
  readonly text: string;
}

interface Report {
  readonly type: string;
  readonly report: {
    readonly version: string;
    readonly progress?: { readonly state: string; readonly percent?: string };
  };
}

/** The part of an MQTT 3.1.1 broker that one client needs. */
class Broker implements Server {
  readonly #line: Line;
  readonly #cloud: Cloud;
  #bytes = new Uint8Array(0);
  #ended = false;

  constructor(line: Line, cloud: Cloud) {
    this.#line = line;
    this.#cloud = cloud;
  }

  receive(bytes: Uint8Array): void {
    this.#bytes = new Uint8Array(Buffer.concat([this.#bytes, bytes]));
    for (;;) {
      const packet = this.#next();
      if (packet === undefined || this.#ended) return;
      this.#handle(packet.type, packet.flags, packet.body);
    }
  }

  #next(): { type: number; flags: number; body: Buffer } | undefined {
    let length = 0;
    for (let count = 1; count < this.#bytes.byteLength; count++) {
      const byte = this.#bytes[count] as number;
      length += (byte & 0x7f) * 128 ** (count - 1);
      if (byte >= 0x80) continue;
      const end = count + 1 + length;
      if (end > this.#bytes.byteLength) return undefined;
      const first = this.#bytes[0] as number;
      const body = Buffer.from(this.#bytes.subarray(count + 1, end));
      this.#bytes = this.#bytes.subarray(end) as Uint8Array<ArrayBuffer>;
      return { type: first >> 4, flags: first & 15, body };
    }
    return undefined;
  }

  #handle(type: number, flags: number, body: Buffer): void {
    switch (type) {
      case 1:
        if (this.#cloud.acceptsDevice) this.#line.send(Uint8Array.of(0x20, 2, 0, 0));
        else this.#line.end();
        return;
      case 3:
        this.#publish((flags >> 1) & 3, body);
        return;
      case 8:
        this.#line.send(Uint8Array.of(0x90, 3, body.readUInt8(0), body.readUInt8(1), 1));
        return;
      case 10:
        this.#line.send(Uint8Array.of(0xb0, 2, body.readUInt8(0), body.readUInt8(1)));
        return;
      case 12:
        this.#line.send(Uint8Array.of(0xd0, 0));
        return;
    }
  }

  #publish(qos: number, body: Buffer): void {
    const payloadAt = 2 + body.readUInt16BE(0) + (qos > 0 ? 2 : 0);
    const topic = body.toString("utf8", 2, 2 + body.readUInt16BE(0));
    const text = body.toString("utf8", payloadAt);
    const loss = this.#cloud.loss(text);
    const answers = loss === "report" ? [] : this.#cloud.hear(topic, text);
    if (loss !== undefined) {
      this.#cloud.lose();
      this.#ended = true;
      this.#line.end();
      return;
    }
    if (qos > 0) this.#line.send(Uint8Array.of(0x40, 2, body.readUInt8(payloadAt - 2), body.readUInt8(payloadAt - 1)));
    for (const answer of answers) this.#line.send(publishPacket(answer.topic, answer.text));
  }
}

function publishPacket(topic: string, text: string): Uint8Array {
  const name = Buffer.from(topic);
  const payload = Buffer.from(text);
  const length = 2 + name.byteLength + payload.byteLength;
  const head = length < 128 ? [0x30, length] : [0x30, (length & 0x7f) | 0x80, length >> 7];
  return Buffer.concat([Buffer.from([...head, name.byteLength >> 8, name.byteLength & 255]), name, payload]);
}

class FileServer implements Server {
  readonly #line: Line;
  readonly #cloud: Cloud;
  readonly #options: CloudOptions;
  #text = "";

  constructor(line: Line, cloud: Cloud, options: CloudOptions) {
    this.#line = line;
    this.#cloud = cloud;
    this.#options = options;
  }

  receive(bytes: Uint8Array): void {
    this.#text += Buffer.from(bytes).toString("latin1");
    if (!this.#text.endsWith("\r\n\r\n")) return;
    const { firmware, served, onRequest, sealEnd, view, rangeless } = this.#options;
    const name = /^GET \/([^?]+)\?/.exec(this.#text)?.[1] ?? "";
    if (name.endsWith(".json")) {
      this.#sendManifest(name.slice(0, -".json".length));
      return;
    }
    const file = served(firmware[name] as Firmware, view);
    const etag = this.#options.tags ? `"${createHash("md5").update(file).digest("hex")}"` : `"${name}"`;
    const isOther = ![undefined, etag].includes(/\r\nIf-Range: ([^\r]*)\r\n/.exec(this.#text)?.[1]);
    const range = rangeless || isOther ? null : /\r\nRange: bytes=([0-9]+)-\r\n/.exec(this.#text);
    const from = Number(range?.[1] ?? 0);
    if (sealEnd !== undefined && from === file.byteLength - SEAL_END_LENGTH) {
      this.#sendEnd(file, from, sealEnd);
      return;
    }
    onRequest(from, name);
    const status = from === 0 ? "200 OK" : "206 Partial Content";
    const contentRange = from === 0 ? "" : `Content-Range: bytes ${from}-${file.byteLength - 1}/${file.byteLength}\r\n`;
    const head = `HTTP/1.1 ${status}\r\nETag: ${etag}\r\nContent-Length: ${file.byteLength - from}\r\n${contentRange}\r\n`;
    this.#line.send(new Uint8Array(Buffer.from(head)));
    let delayMs = 1;
    const end = this.#options.breaks && this.#cloud.requests++ % 2 === 0 ? from + 2 * PIECE_LENGTH : file.byteLength;
    for (let at = from; at < Math.min(end, file.byteLength); at += PIECE_LENGTH) {
      this.#line.send(file.slice(at, at + PIECE_LENGTH), (delayMs += PIECE_DELAY_MS));
    }
    this.#line.end(delayMs + 1);
  }

  #sendEnd(file: Uint8Array, from: number, sealEnd: Uint8Array | "served" | "refused"): void {
    const end = typeof sealEnd === "string" ? file.subarray(from) : sealEnd;
    const range = `Content-Range: bytes ${from}-${file.byteLength - 1}/${file.byteLength}\r\n`;
    const head =
      sealEnd !== "refused"
        ? `HTTP/1.1 206 Partial Content\r\n${range}Content-Length: ${end.byteLength}\r\n\r\n`
        : "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    this.#line.send(new Uint8Array(Buffer.from(head)));
    if (sealEnd !== "refused") this.#line.send(end.slice());
    this.#line.end(2);
  }

  #sendManifest(name: string): void {
    const manifest = this.#options.manifests[name];
    const body = manifest === undefined ? "" : JSON.stringify(manifest);
    const status = manifest === undefined ? "404 Not Found" : "200 OK";
    this.#line.send(new Uint8Array(Buffer.from(`HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n${body}`)));
    this.#line.end(2);
  }
}
