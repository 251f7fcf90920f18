import { createHash } from "node:crypto";
import { Broker, describeReport } from "../fault/broker.js";
import type { Message } from "../fault/scenario.js";
import { type Line, MQTT_PORT, type Server } from "../support/virtual-network.js";
import { type Attack, changesFlash, type Try } from "./attack.js";
import { FileServer, type Requests } from "./file-server.js";

const DEVICE_TOPIC = "$ota/update/ABCDE12345/board_01";
/** An update whose trial was cut is offered again; more often than this it does not come to an end. */
const OFFER_LIMIT = 4;
const PAUSE_MS = 1_000;

export interface PlatformOptions {
  readonly attack: Attack;
  /** Version that the device runs, as its board reports it. */
  running(): string;
  onWord(word: string): void;
  /** The terminal report of a try came. */
  onEnded(attempt: Try, word: string): void;
  onBroken(what: string): void;
}

/** The attacker's platform: it offers one file after the other. It survives power cuts. */
export class Platform {
  /** How the tries ended. */
  readonly results: string[] = [];
  readonly #options: PlatformOptions;
  readonly #told = new Set<string>();
  #requests: Requests = { count: 0 };
  #offers = 0;
  #broker: Broker | undefined;
  /** Nothing is offered until then. */
  held = false;

  constructor(options: PlatformOptions) {
    this.#options = options;
  }

  /** The try that waits for its result. */
  get attempt(): Try | undefined {
    return this.#options.attack.tries[this.results.length];
  }

  accept(port: number, line: Line): Server | "refused" {
    if (port === MQTT_PORT) return this.#acceptBroker(line);
    const attempt = this.attempt;
    return attempt === undefined ? "refused" : new FileServer(line, attempt, this.#requests);
  }

  /** Offers what is next to a device that is connected. */
  offer(): void {
    for (const message of this.#offered()) this.#broker?.say(message);
  }

  #acceptBroker(line: Line): Server {
    const attempt = this.attempt;
    const unreachable = attempt?.deeds?.includes("unreachable") === true && this.#options.running() === attempt.version;
    this.#broker = new Broker({
      line,
      behaviour: unreachable ? { connack: 5 } : {},
      topic: DEVICE_TOPIC,
      hear: (text) => this.#hear(text),
      onConnect: () => {},
    });
    return this.#broker;
  }

  #hear(text: string): readonly Message[] {
    const word = describeReport(text);
    this.#options.onWord(word);
    const { version } = (JSON.parse(text) as { report: { version: string } }).report;
    if (word.startsWith("version ")) {
      const answer = JSON.stringify({ result_code: 0, result_msg: "success", type: "report_version_rsp", version });
      return [{ text: answer }, ...this.#offered()];
    }
    if (word === "done" || word.startsWith("fail ")) this.#end(version, word, text);
    return [];
  }

  #end(version: string, word: string, text: string): void {
    const attempt = this.attempt;
    if (this.#told.has(text)) return;
    if (attempt?.version !== version) {
      this.#options.onBroken(`a result for what is not offered: ${version} ${word}`);
      return;
    }
    // A cut during the trial is a revert, whatever the image is: the vendor offers it again.
    if (isVendors(attempt) && /^fail -5 .*during its trial/.test(word)) {
      this.#broker?.say({ delayMs: PAUSE_MS, ...this.#offered()[0] });
      return;
    }
    this.#told.add(text);
    this.results.push(word);
    this.#requests = { count: 0 };
    this.#offers = 0;
    this.#options.onEnded(attempt, word);
  }

  #offered(): Message[] {
    const attempt = this.attempt;
    if (attempt === undefined || this.held || attempt.version === this.#options.running()) return [];
    if (++this.#offers > OFFER_LIMIT) this.#options.onBroken(`version ${attempt.version} is offered again and again`);
    const { version, file } = attempt;
    // What the attacker offers has the right MD5: that of the bytes which come in the end.
    const bytes = attempt.served?.bytes?.at(-1) ?? file;
    const text = JSON.stringify({
      file_size: bytes.byteLength,
      md5sum: createHash("md5").update(bytes).digest("hex"),
      type: "update_firmware",
      url: `http://files.test/${version}?sign=${this.#offers}`,
      version,
    });
    return [{ text, delayMs: 20 }];
  }
}

/** Whether the file is taken if nothing comes between. */
function isVendors({ report, deeds = [] }: Try): boolean {
  return report === "done" || changesFlash(deeds);
}
