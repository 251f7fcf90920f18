import type { Line, Server } from "../support/virtual-network.js";
import { connack, PINGRESP, puback, publish, type Sent, sentPackets, suback } from "../support/broker-packets.js";
import type { BrokerConnection, Message, Word } from "./scenario.js";

export interface BrokerOptions {
  readonly line: Line;
  readonly behaviour: BrokerConnection;
  readonly topic: string;
  /** A report came. @returns messages for the device, each with its text or bytes */
  hear(text: string): readonly Message[];
  onConnect(): void;
}

const CONNECT = 1;
const PUBLISH = 3;
const SUBSCRIBE = 8;
const PINGREQ = 12;
const LATE_MS = 15_000;

/** One connection to an MQTT 3.1.1 broker: the part of it that one client needs. */
export class Broker implements Server {
  readonly #options: BrokerOptions;
  #ended = false;
  #lastId = 0;
  /** Bytes that are still on their way, one at a time. */
  #queued = 0;

  constructor(options: BrokerOptions) {
    this.#options = options;
  }

  receive(bytes: Uint8Array): void {
    for (const sent of sentPackets(bytes)) {
      if (!this.#ended) this.#handle(sent);
    }
  }

  end(): void {
    this.#ended = true;
    this.#options.line.end();
  }

  say(message: Message): void {
    const { topic } = this.#options;
    const { flags = {}, delayMs = 1 } = message;
    const id = flags.qos1 === true ? ++this.#lastId : undefined;
    const payload = message.bytes === undefined ? (message.text ?? "") : Uint8Array.from(message.bytes);
    const bytes = publish(message.topic ?? topic, payload, id);
    bytes[0] = (bytes[0] as number) | (flags.duplicate === true ? 8 : 0) | (flags.retained === true ? 1 : 0);
    this.#send(bytes, delayMs);
  }

  #handle(sent: Sent): void {
    const { behaviour } = this.#options;
    const text = sent.type === PUBLISH ? textOf(sent) : "";
    const word = wordOf(sent, text);
    if (word !== undefined && behaviour.endsAt === word) {
      this.end();
      return;
    }
    const { says } = behaviour;
    if (says !== undefined && says.at === word) this.#send(Uint8Array.from(says.bytes));
    if (word === undefined || behaviour.loses !== word) this.#answer(sent, word, text);
  }

  #answer({ type, flags, body }: Sent, word: Word | undefined, text: string): void {
    const { behaviour, onConnect, hear } = this.#options;
    const id = ((body[0] ?? 0) << 8) | (body[1] ?? 0);
    switch (type) {
      case CONNECT:
        onConnect();
        if (behaviour.connack !== "none") this.#send(connack(behaviour.connack));
        if (typeof behaviour.connack === "number" && behaviour.connack !== 0) this.end();
        return;
      case SUBSCRIBE:
        if (behaviour.suback !== "none") this.#send(suback(id, behaviour.suback ?? 1));
        return;
      case PINGREQ:
        if (behaviour.pings !== "unanswered") this.#send(PINGRESP);
        return;
      case PUBLISH: {
        const messages = hear(text);
        if (((flags >> 1) & 3) > 0) this.#acknowledge(body, word);
        for (const message of messages) this.say(message);
        return;
      }
    }
  }

  #acknowledge(body: Uint8Array, word: Word | undefined): void {
    const at = 2 + (((body[0] as number) << 8) | (body[1] as number));
    const id = ((body[at] as number) << 8) | (body[at + 1] as number);
    const bent = this.#options.behaviour.puback;
    switch (bent?.of === word ? bent?.how : undefined) {
      case "none":
        return;
      case "wrong":
        this.#send(puback((id ^ 0x5500) & 0xffff));
        return;
      case "late":
        this.#send(puback(id), LATE_MS);
        return;
      case "twice":
        this.#send(puback(id));
        break;
    }
    this.#send(puback(id));
  }

  #send(bytes: Uint8Array, delayMs = 1): void {
    const { line, behaviour } = this.#options;
    if (behaviour.dribbles !== true) {
      line.send(bytes, delayMs);
      return;
    }
    for (const byte of bytes) line.send(Uint8Array.of(byte), ++this.#queued);
  }
}

function textOf({ flags, body }: Sent): string {
  const at = 2 + (((body[0] as number) << 8) | (body[1] as number)) + (((flags >> 1) & 3) > 0 ? 2 : 0);
  return Buffer.from(body.subarray(at)).toString();
}

function wordOf({ type }: Sent, text: string): Word | undefined {
  switch (type) {
    case CONNECT:
      return "connect";
    case SUBSCRIBE:
      return "subscribe";
    case PINGREQ:
      return "ping";
    case PUBLISH:
      return describeReport(text).split(" ")[0] as Word;
    default:
      return undefined;
  }
}

/** `version 0.1.0`, `downloading 37`, `burning`, `done`, `fail -5 why`. */
export function describeReport(text: string): string {
  const { type, report } = JSON.parse(text) as {
    type: string;
    report: {
      version: string;
      progress?: { state: string; percent?: string; result_code: string; result_msg: string };
    };
  };
  if (type === "report_version" || report.progress === undefined) return `version ${report.version}`;
  const { state, percent, result_code, result_msg } = report.progress;
  return [
    state,
    ...(state === "downloading" ? [percent] : []),
    ...(state === "fail" ? [result_code, result_msg] : []),
  ].join(" ");
}
