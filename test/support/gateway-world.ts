import { createHash } from "node:crypto";
import type {
  ByteStream,
  ConnectOptions,
  Device,
  HttpExchange,
  HttpRequest,
  KeyValueStore,
} from "../../hal/ports/index.js";
import { HalError } from "../../hal/ports/index.js";
import { plans } from "../../src/components/part.js";
import { gateway } from "../../src/gateway/part.js";
import { OtaAgent, type OtaConfig, type SubDeviceEvent } from "../../src/index.js";
import type { InstallImage, InstallJob } from "../../src/staging/installation.js";
import type { Requirements } from "../../src/protocol/requirements.js";
import { connack, PINGRESP, puback, publish, type Sent, sentPackets, suback, unsuback } from "./broker-packets.js";
import { NODE_DIGESTS } from "./digests.js";
import { CollectedLog } from "./log.js";
import { MemoryFlash } from "./memory-flash.js";
import { constantRandom } from "./session-test-bed.js";
import { VirtualClock } from "./virtual-clock.js";

export const GATEWAY = { productId: "ABCDE12345", deviceName: "gateway" };
export const PRODUCT = "E69UADXUYY";

/** A message as it reached the platform. */
export interface Heard {
  readonly at: number;
  readonly topic: string;
  readonly qos: number;
  readonly text: string;
}

/** An image on the file server. */
export interface ServedFile {
  readonly version: string;
  readonly bytes: Uint8Array;
  readonly md5: string;
}

export function fileOf(version: string, byteLength: number, fill = 1): ServedFile {
  const bytes = new Uint8Array(byteLength).map((_, index) => (index * 31 + (index >> 8) * fill + fill) & 0xff);
  return { version, bytes, md5: createHash("md5").update(bytes).digest("hex") };
}

/** A sub-device whose driver takes the whole image at once; tests change what they need. */
export class TestLink {
  runs: string | undefined;
  readonly images: InstallImage[] = [];
  readonly received: Uint8Array[] = [];
  install: (image: InstallImage, job: InstallJob) => unknown;

  constructor(version: string | undefined = "1.0.0") {
    this.runs = version;
    this.install = (image, job) => {
      this.take(image, job);
      job.succeed();
    };
  }

  version(): string | undefined | Promise<string | undefined> {
    return this.runs;
  }

  /** Reads it all, and runs it. */
  take(image: InstallImage, job: InstallJob): void {
    const bytes = new Uint8Array(image.size);
    for (let at = 0; at < image.size; ) {
      const count = image.read(at, bytes.subarray(at, at + 1000));
      at += count;
      job.progress(at);
    }
    this.images.push(image);
    this.received.push(bytes);
    this.runs = image.version;
  }
}

const PUBLISH = 3;
const SUBSCRIBE = 8;
const UNSUBSCRIBE = 10;
const LATENCY_MS = 20;

/**
 * A gateway with its agent, over ports that the test controls: platform, file server, flash and key-value store, all in
 * virtual time. `restart` is a power cut: what is in flash and in the store stays.
 */
export class GatewayWorld {
  readonly heard: Heard[] = [];
  /** `online light1`, `subscribe light1`, `light1 version 1.0.0`, `light1 done`, in order. */
  readonly story: string[] = [];
  /** `light1 online`, `light1 queued`, `light1 result done`. */
  readonly events: string[] = [];
  readonly told: SubDeviceEvent[] = [];
  readonly requests: string[] = [];
  readonly signatures: number[] = [];
  readonly records = new Map<string, Uint8Array>();
  readonly staging = new MemoryFlash({ blocks: 160 });
  readonly slot = new MemoryFlash({ blocks: 160 });
  readonly logged = new CollectedLog();
  readonly files = new Map<string, ServedFile>();
  /** What the platform wants each device to run, by device name. */
  readonly wanted = new Map<string, ServedFile>();
  /** Results of operations; `undefined`: no answer. */
  resultOf: (type: string, deviceName: string) => number | undefined = () => 0;
  /** Whether the platform takes reports of a device: it does not if the device is not online. */
  hears: (deviceName: string) => boolean = () => true;
  /** Whether QoS 1 is acknowledged. */
  acknowledging = true;
  bound: string[] = [];
  /** What every offer requires, besides its fields. */
  requirements: Requirements = {};
  readonly vitals: { batteryPercent?: number; signalDbm?: number } = {};
  /** Bytes of a file in each answer of the server's, and the time between two. */
  piece = { byteLength: 4096, everyMs: 10 };
  /** What the file server does instead of sending the file. */
  spoil: (file: ServedFile) => Uint8Array = ({ bytes }) => bytes;
  clock = new VirtualClock();
  agent!: OtaAgent;
  restarts = 0;
  #connection: { options: ConnectOptions; alive: boolean } | undefined;
  #signatures = 0;
  readonly #config: Partial<OtaConfig>;

  constructor(config: Partial<OtaConfig> = {}) {
    this.#config = config;
    this.clock.unix = 1_700_000_000;
    this.#boot();
  }

  /** The power goes and comes back: nothing of the old agent runs any more. */
  restart(): void {
    this.#connection = undefined;
    const { unix } = this.clock;
    this.clock = new VirtualClock();
    this.clock.unix = unix;
    this.#boot();
  }

  add(deviceName: string, link: TestLink = new TestLink(), productId = PRODUCT): TestLink {
    this.agent.gateway.add({ productId, deviceName, link, deviceSecret: "MDEyMzQ1Njc4OWFiY2RlZg==" });
    return link;
  }

  /**
   * The operator wants these devices to run the file; each report of another version is answered with an offer of it.
   */
  upgrade(file: ServedFile, ...deviceNames: readonly string[]): void {
    this.files.set(file.md5, file);
    for (const deviceName of deviceNames) this.wanted.set(deviceName, file);
  }

  /** The platform offers what is wanted, now. */
  offer(deviceName: string, productId = PRODUCT): void {
    const file = this.wanted.get(deviceName) as ServedFile;
    const url = `http://files.test/${file.md5}?sign=${++this.#signatures}`;
    const message = {
      file_size: file.bytes.byteLength,
      md5sum: file.md5,
      type: "update_firmware",
      url,
      version: file.version,
      ...this.requirements,
    };
    this.say(`$ota/update/${productId}/${deviceName}`, JSON.stringify(message));
  }

  say(topic: string, text: string): void {
    const connection = this.#connection;
    this.clock.timer("platform", LATENCY_MS, () => this.#send(connection, publish(topic, text)));
  }

  advance(ms: number): void {
    this.clock.advance(ms);
  }

  /** The broker's connection breaks. */
  drop(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection?.alive !== true) return;
    connection.alive = false;
    connection.options.onError(new HalError("closed", "closed"));
  }

  wordsOf(deviceName: string): string[] {
    return this.story
      .filter((line) => line.startsWith(`${deviceName} `))
      .map((line) => line.slice(deviceName.length + 1));
  }

  #boot(): void {
    const store: KeyValueStore = {
      read: (key) => this.records.get(key)?.slice(),
      write: (key, bytes) => {
        if (bytes.byteLength > 508) throw new HalError("no-space", key);
        this.records.set(key, bytes.slice());
      },
      delete: (key) => void this.records.delete(key),
    };
    const status = {
      runningSlot: "ota_0",
      runningState: "valid",
      runningVersion: "0.1.0",
      targetSlot: "ota_1",
      targetState: "none",
      chipId: 0,
    };
    const ignored = (): void => {};
    const device = {
      boot: {
        status: () => status,
        openTarget: () => this.slot,
        forgetTarget: ignored,
        setPending: ignored,
        confirm: ignored,
        revert: ignored,
        restart: () => void this.restarts++,
      },
      openPartition: () => this.staging,
      store,
      connector: { connect: (options: ConnectOptions) => this.#connect(options) },
      http: { send: (request: HttpRequest) => this.#serve(request) },
      digests: NODE_DIGESTS,
      clock: this.clock,
      random: constantRandom(0),
      vitals: { batteryPercent: () => this.vitals.batteryPercent, signalDbm: () => this.vitals.signalDbm },
      log: this.logged.log,
    } as unknown as Device;
    const identity = { ...GATEWAY, authentication: { mode: "KEY", deviceSecret: "MDEyMzQ1Njc4OWFiY2RlZg==" } } as const;
    const config = { identity, broker: { url: "mqtt://broker.test" }, gateway: {}, version: "0.1.0", ...this.#config };
    this.agent = new OtaAgent({ device, config, parts: { gateway, plans } });
    this.agent.on("subdevice", (event) => {
      this.told.push(event);
      if (event.kind === "state") this.events.push(`${event.deviceName} ${event.state}`);
      if (event.kind === "result") this.events.push(`${event.deviceName} result ${event.result.outcome}`);
    });
  }

  #connect(options: ConnectOptions): ByteStream {
    const connection = { options, alive: true };
    this.#connection = connection;
    this.clock.timer("platform", LATENCY_MS, () => connection.alive && options.onWritable(8192));
    this.#inbox.length = 0;
    return {
      read: (all, start, end) => {
        const into = all.subarray(start, end);
        const bytes = this.#inbox.splice(0, into.byteLength);
        into.set(bytes);
        return bytes.length;
      },
      write: (bytes) => {
        for (const sent of sentPackets(bytes)) this.#handle(connection, sent);
        return 8192;
      },
      close: () => {
        connection.alive = false;
      },
    };
  }

  readonly #inbox: number[] = [];

  #send(connection: { options: ConnectOptions; alive: boolean } | undefined, bytes: Uint8Array): void {
    if (connection?.alive !== true) return;
    this.#inbox.push(...bytes);
    connection.options.onReadable();
  }

  #handle(connection: { options: ConnectOptions; alive: boolean }, { type, flags, body }: Sent): void {
    const answer = (bytes: Uint8Array): void =>
      void this.clock.timer("platform", LATENCY_MS, () => this.#send(connection, bytes));
    const topicEnd = 2 + (((body[0] ?? 0) << 8) | (body[1] ?? 0));
    if (type === 1) answer(connack());
    if (type === 12) answer(PINGRESP);
    if (type === SUBSCRIBE) {
      const filter = Buffer.from(body.subarray(4, body.length - 1)).toString();
      this.story.push(`subscribe ${filter.startsWith("$gateway") ? "results" : (filter.split("/")[3] ?? "")}`);
      answer(suback(((body[0] as number) << 8) | (body[1] as number), 1));
    }
    if (type === UNSUBSCRIBE) {
      this.story.push(`unsubscribe ${Buffer.from(body.subarray(4)).toString().split("/")[3] ?? ""}`);
      answer(unsuback(((body[0] as number) << 8) | (body[1] as number)));
    }
    if (type !== PUBLISH) return;
    const qos = (flags >> 1) & 3;
    const topic = Buffer.from(body.subarray(2, topicEnd)).toString();
    if (qos > 0 && this.acknowledging) {
      answer(puback(((body[topicEnd] as number) << 8) | (body[topicEnd + 1] as number)));
    }
    const text = Buffer.from(body.subarray(topicEnd + (qos > 0 ? 2 : 0))).toString();
    this.heard.push({ at: this.clock.now(), topic, qos, text });
    if (topic.startsWith("$gateway/")) this.#onOperation(topic, JSON.parse(text) as Operation);
    else this.#onReport(topic, JSON.parse(text) as Report);
  }

  #onOperation(topic: string, { type, payload }: Operation): void {
    const names = (payload?.devices ?? []).map(({ device_name }) => device_name);
    this.story.push([type, ...names].join(" "));
    const result = (answer: object): void =>
      this.say(topic.replace("operation", "operation/result"), JSON.stringify({ type, payload: answer }));
    if (type === "describe_sub_devices") {
      result({ devices: this.bound.map((name) => ({ product_id: PRODUCT, device_name: name })) });
    }
    const devices = (payload?.devices ?? []).flatMap(({ product_id, device_name }) => {
      const code = this.resultOf(type, device_name);
      return code === undefined ? [] : [{ product_id, device_name, result: code }];
    });
    if (devices.length > 0) result({ devices });
  }

  #onReport(topic: string, { type, report }: Report): void {
    const [, , productId = "", deviceName = ""] = topic.split("/");
    if (!this.hears(deviceName)) return;
    const { progress, version } = report;
    if (progress !== undefined) {
      const { state, percent, result_code, result_msg } = progress;
      const rest = state === "downloading" ? ` ${percent}` : state === "fail" ? ` ${result_code} ${result_msg}` : "";
      this.story.push(`${deviceName} ${state}${rest}`);
      if (state === "fail") this.wanted.delete(deviceName);
      return;
    }
    this.story.push(`${deviceName} version ${version}`);
    this.say(
      topic.replace("report", "update"),
      JSON.stringify({ result_code: 0, result_msg: "success", type: `${type}_rsp`, version }),
    );
    const wanted = this.wanted.get(deviceName);
    if (wanted !== undefined && wanted.version !== version) this.offer(deviceName, productId);
  }

  #serve(request: HttpRequest): HttpExchange {
    // Nothing has a manifest.
    if (request.target.includes(".json")) {
      const answer = this.clock.timer("file server", LATENCY_MS, () =>
        request.onHead({ status: 404, contentLength: 0, header: () => undefined }),
      );
      return { read: () => 0, close: () => answer.cancel() };
    }
    const md5 = request.target.slice(1).replace(/\?.*$/, "");
    const file = this.files.get(md5) as ServedFile;
    const bytes = this.spoil(file);
    const range = /^bytes=(\d+)-$/.exec(request.headers.find(([name]) => name === "Range")?.[1] ?? "")?.[1];
    const start = Number(range ?? 0);
    this.requests.push(`${file.version} ${start}`);
    this.signatures.push(Number(/sign=(\d+)/.exec(request.target)?.[1]));
    const { clock } = this;
    let at = start;
    let there = start;
    let open = true;
    const later = (ms: number, action: () => void): void => void clock.timer("file server", ms, () => open && action());
    const more = (): void => {
      there = Math.min(bytes.byteLength, there + this.piece.byteLength);
      request.onReadable();
      if (there < bytes.byteLength) later(this.piece.everyMs, more);
    };
    later(LATENCY_MS, () => {
      const headers: { [name: string]: string } = {
        "content-range": `bytes ${start}-${bytes.byteLength - 1}/${bytes.byteLength}`,
      };
      const status = range === undefined ? 200 : 206;
      request.onHead({
        status,
        contentLength: bytes.byteLength - start,
        header: (name) => (status === 206 ? headers[name] : undefined),
      });
      later(1, more);
    });
    return {
      read: (all, start, end) => {
        const into = all.subarray(start, end);
        const count = Math.min(into.byteLength, there - at);
        into.set(bytes.subarray(at, at + count));
        at += count;
        if (count > 0 && at === bytes.byteLength) later(5, () => request.onEnd());
        return count;
      },
      close: () => {
        open = false;
      },
    };
  }
}

interface Operation {
  readonly type: string;
  readonly payload?: { readonly devices?: readonly { readonly product_id: string; readonly device_name: string }[] };
}

interface Report {
  readonly type: string;
  readonly report: {
    readonly version: string;
    readonly progress?: {
      readonly state: string;
      readonly percent?: string;
      readonly result_code: string;
      readonly result_msg: string;
    };
  };
}
