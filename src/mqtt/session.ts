import type { ByteStream, Timer } from "../../hal/ports/index.js";
import { fromNetwork, OtaError } from "../errors.js";
import { Backlog } from "./backlog.js";
import {
  encodeConnect,
  encodeDisconnect,
  encodePingreq,
  encodePuback,
  encodePublish,
  encodeSubscribe,
  PacketReader,
  type Received,
} from "./codec.js";
import { ConnectPace } from "./connect-pace.js";
import { Keepalive } from "./keepalive.js";
import type { MqttSessionOptions } from "./options.js";
import { PendingPackets } from "./pending.js";
import { refusal } from "./refusal.js";

const CONNECT_TIMEOUT_MS = 30_000;
const ACKNOWLEDGE_TIMEOUT_MS = 10_000;
/** The platform's longest message, with its topic and its packet id. */
const MAX_PACKET_LENGTH = 16_384 + 256;
const READ_LENGTH = 512;
/** Bytes that may wait for room in the socket. */
const BACKLOG_LIMIT = 8_192;

/**
 * An MQTT 3.1.1 client session: always clean, never a will, QoS 0 and 1. It reconnects by itself. What is in flight
 * when a connection ends is forgotten: the session is clean, and the owner knows from its own state what to send again.
 */
export class MqttSession {
  readonly #options: MqttSessionOptions;
  readonly #backlog = new Backlog(BACKLOG_LIMIT);
  readonly #keepalive: Keepalive;
  readonly #pending: PendingPackets;
  readonly #pace: ConnectPace;
  #phase: "stopped" | "waiting" | "connecting" | "greeting" | "open" = "stopped";
  #stream: ByteStream | undefined;
  #reader: PacketReader | undefined;
  #readBuffer: Uint8Array | undefined;
  /** Reconnect wait, or the greeting's deadline. */
  #timer: Timer | undefined;

  constructor(options: MqttSessionOptions) {
    this.#options = options;
    this.#pace = new ConnectPace(options);
    this.#keepalive = new Keepalive({
      clock: options.clock,
      keepaliveSeconds: options.keepaliveSeconds,
      answerTimeoutMs: ACKNOWLEDGE_TIMEOUT_MS,
      ping: () => this.#send(encodePingreq()),
      onUnanswered: () => this.#lost(new OtaError("mqtt-timeout", "no PINGRESP")),
    });
    this.#pending = new PendingPackets({
      clock: options.clock,
      answerTimeoutMs: ACKNOWLEDGE_TIMEOUT_MS,
      send: (bytes) => this.#send(bytes),
      canRepeat: () => this.idle,
      onUnanswered: () => this.#lost(new OtaError("mqtt-timeout", "no acknowledgement")),
    });
  }

  get open(): boolean {
    return this.#phase === "open";
  }

  /** Connected, and the socket has taken all that was sent. */
  get idle(): boolean {
    return this.open && this.#backlog.empty;
  }

  start(): void {
    if (this.#phase !== "stopped") return;
    const waitMs = this.connectWaitMs;
    if (waitMs > 0) this.#reconnectIn(waitMs);
    else this.#connect();
  }

  /** Tries to connect again at once, if it is not connected: the network may be another one now. */
  retry(): void {
    if (this.#phase !== "waiting" && this.#phase !== "connecting") return;
    this.stop();
    this.start();
  }

  /** How long the platform takes no other CONNECT of this device, in milliseconds; 0 or less: it takes one. */
  get connectWaitMs(): number {
    return this.#pace.waitMs;
  }

  /** Ends the session with a DISCONNECT. No callback comes after this. */
  stop(): void {
    const open = this.#phase === "open";
    this.#phase = "stopped";
    if (open) this.#send(encodeDisconnect());
    this.#close();
  }

  /**
   * @param onGranted the broker's answer; not called if the connection ends first
   * @returns false if there is no connection, or too much in flight
   */
  subscribe(filter: string, onGranted: (granted: boolean) => void): boolean {
    return this.open && this.#pending.send("suback", (packetId) => encodeSubscribe(packetId, filter), onGranted);
  }

  /**
   * @param payload bytes must stay as they are until then: the message may be repeated
   * @param onAcknowledged present: QoS 1, called at the PUBACK, and never if the connection ends first
   * @returns false if there is no connection, or too much in flight: nothing was sent
   */
  publish(topic: string, payload: string | Uint8Array, onAcknowledged?: () => void): boolean {
    if (!this.open) return false;
    if (onAcknowledged !== undefined) {
      return this.#pending.send(
        "puback",
        (packetId, duplicate) => encodePublish(topic, payload, packetId, duplicate),
        onAcknowledged,
      );
    }
    if (!this.idle) return false;
    this.#send(encodePublish(topic, payload, undefined, false));
    return true;
  }

  /**
   * @param encode a packet whose answer nobody waits for, by an id that is not in use
   * @returns false if there is no connection, or no room: nothing was sent
   */
  send(encode: (packetId: number) => Uint8Array): boolean {
    if (!this.idle) return false;
    this.#send(encode(this.#pending.nextId()));
    return true;
  }

  /** Ends this connection, as a failure would; a new one follows. */
  drop(reason: OtaError): void {
    if (this.#phase !== "stopped" && this.#phase !== "waiting") this.#lost(reason);
  }

  #connect(): void {
    const { connector, server, log } = this.#options;
    this.#phase = "connecting";
    this.#pace.tried();
    log("debug", "mqtt", () => `connecting to ${server.host}:${server.port}`);
    this.#stream = connector.connect({
      host: server.host,
      port: server.port,
      tls: server.tls,
      timeoutMs: CONNECT_TIMEOUT_MS,
      onReadable: () => this.#onReadable(),
      onWritable: (count) => this.#onWritable(count),
      onError: (error) => this.#lost(fromNetwork(error)),
    });
  }

  #onWritable(count: number): void {
    this.#backlog.room = count;
    if (this.#phase === "connecting") this.#greet();
    else this.#flush();
  }

  #greet(): void {
    const { clock, keepaliveSeconds, credentials } = this.#options;
    let packet: Uint8Array;
    try {
      packet = encodeConnect(credentials(), keepaliveSeconds);
    } catch (error) {
      this.#lost(error instanceof OtaError ? error : new OtaError("internal", "no credentials"));
      return;
    }
    this.#phase = "greeting";
    const reader: PacketReader = new PacketReader({
      maxLength: MAX_PACKET_LENGTH,
      onPacket: (received) => {
        if (this.#reader === reader) this.#onPacket(received);
      },
      onError: (reason) => {
        if (this.#reader === reader) this.#lost(new OtaError("mqtt-protocol", reason));
      },
    });
    this.#reader = reader;
    this.#pace.connected();
    this.#timer = clock.timer("mqtt connack", ACKNOWLEDGE_TIMEOUT_MS, () =>
      this.#lost(new OtaError("mqtt-timeout", "no CONNACK")),
    );
    this.#send(packet);
  }

  #onReadable(): void {
    this.#readBuffer ??= new Uint8Array(READ_LENGTH);
    for (;;) {
      // A packet may have ended this connection.
      if (this.#stream === undefined || this.#reader === undefined) return;
      const count = this.#stream.read(this.#readBuffer, 0, READ_LENGTH);
      if (count === 0) return;
      this.#reader.push(this.#readBuffer.subarray(0, count));
    }
  }

  #onPacket(packet: Received): void {
    if (this.#stream === undefined) return;
    if (this.#phase === "greeting") {
      this.#onGreeted(packet);
      return;
    }
    switch (packet.type) {
      case "publish":
        if (packet.packetId !== undefined) this.#send(encodePuback(packet.packetId));
        if (this.#phase !== "open") return;
        this.#options.onMessage(packet.topic, packet.payload);
        return;
      case "skipped":
        this.#options.log("warn", "mqtt", () => `message of ${packet.byteLength} bytes passed over: it is too long`);
        if (packet.packetId !== undefined) this.#send(encodePuback(packet.packetId));
        return;
      case "puback":
        this.#pending.acknowledge(packet.packetId, "puback", true);
        return;
      case "suback":
        this.#pending.acknowledge(packet.packetId, "suback", packet.granted);
        return;
      case "pingresp":
        this.#keepalive.answered();
        return;
      case "connack":
        this.#lost(new OtaError("mqtt-protocol", "second CONNACK"));
        return;
    }
  }

  #onGreeted(packet: Received): void {
    if (packet.type !== "connack") {
      this.#lost(new OtaError("mqtt-protocol", `${packet.type} before CONNACK`));
      return;
    }
    if (packet.returnCode !== 0) {
      this.#lost(new OtaError("mqtt-refused", refusal(packet.returnCode)));
      return;
    }
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#phase = "open";
    this.#keepalive.start();
    this.#options.log("info", "mqtt", () => `connected to ${this.#options.server.host}`);
    this.#options.onOpen();
  }

  #send(bytes: Uint8Array): void {
    this.#keepalive.sent();
    this.#backlog.add(bytes);
    this.#flush();
    if (this.#backlog.overflowing) this.#lost(new OtaError("connection-lost", "the broker takes no data"));
  }

  #flush(): void {
    if (this.#stream === undefined) return;
    try {
      this.#backlog.flush(this.#stream);
    } catch {
      this.#lost(new OtaError("connection-lost", "write to the broker failed"));
    }
  }

  #lost(error: OtaError): void {
    if (this.#stream === undefined || this.#phase === "stopped") return;
    const delayMs = this.#pace.pauseMs(this.#phase === "open");
    this.#close();
    this.#options.log(
      error.code === "mqtt-refused" ? "error" : "warn",
      "mqtt",
      () => `${error.message}; next try in ${Math.round(delayMs)} ms`,
    );
    this.#reconnectIn(delayMs);
    this.#options.onClosed(error);
  }

  #reconnectIn(delayMs: number): void {
    this.#phase = "waiting";
    this.#timer = this.#options.clock.timer("mqtt reconnect", delayMs, () => this.#connect());
  }

  #close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#keepalive.stop();
    this.#stream?.close();
    this.#stream = undefined;
    this.#reader = undefined;
    this.#readBuffer = undefined;
    this.#backlog.clear();
    this.#pending.clear();
  }
}
