import type { Log, LogLevel } from "../../hal/ports/index.js";
import type { StagingQueue } from "../staging/queue.js";
import { CHANGE_ANSWER, decodeGatewayMessage } from "../protocol/gateway.js";
import type { DeviceName } from "../protocol/identity.js";
import { decodeDownlink } from "../protocol/messages.js";
import type { Operations } from "./operations.js";
import type { PublishQueue } from "./publish-queue.js";
import type { Sessions } from "./sessions.js";
import type { SubDevice } from "./sub-device.js";

export interface MessageHandlerOptions {
  readonly sessions: Sessions;
  readonly operations: Operations;
  readonly publishQueue: PublishQueue;
  readonly queue: StagingQueue<SubDevice>;
  readonly log: Log;
  /** An offer that names a version, but cannot be used; no job of that version is under way. */
  onRefused(sub: SubDevice, version: string, reason: string): void;
}

/** Acts on what the platform sends to a gateway, and to its sub-devices. */
export class MessageHandler {
  readonly #options: MessageHandlerOptions;
  /** Changes that were not answered yet: there may be hundreds at once, and all answers are alike. */
  #unanswered = 0;

  constructor(options: MessageHandlerOptions) {
    this.#options = options;
  }

  /** On the gateway's result topic. */
  onOperation(payload: Uint8Array): void {
    const message = decodeGatewayMessage(payload);
    switch (message.type) {
      case "results":
        for (let result = message.results.next(); result !== undefined; result = message.results.next()) {
          this.#options.operations.onResult(message.operation, result);
        }
        return;
      case "bound":
        this.#options.operations.onBound(message.devices, (device) => this.#options.sessions.find(device));
        return;
      case "change":
        this.#unanswered++;
        this.#options.publishQueue.run();
        for (let device = message.devices.next(); device !== undefined; device = message.devices.next()) {
          this.onBinding(device, message.bound);
        }
        return;
      case "unknown":
        this.#log("debug", () => `unknown gateway message ${message.name}`);
        return;
      case "malformed":
        this.#log("warn", () => `gateway message refused: ${message.reason}`);
        return;
    }
  }

  /** Answers the next change. @returns whether there was one */
  answer(): boolean {
    if (this.#unanswered === 0) return false;
    this.#unanswered--;
    this.#options.publishQueue.send(this.#options.operations.sending(CHANGE_ANSWER));
    return true;
  }

  /** The connection is over: nobody waits for answers any more. */
  close(): void {
    this.#unanswered = 0;
  }

  /** On a sub-device's update topic. */
  onDownlink(sub: SubDevice, payload: Uint8Array): void {
    const message = decodeDownlink(payload);
    switch (message.type) {
      case "offer": {
        const { offer, wrong } = message;
        if (wrong !== undefined) this.#log("warn", () => `offer of ${offer.version} for ${sub.owner}: ${wrong}`);
        this.#log("info", () => `${sub.owner} is offered version ${offer.version}, ${offer.size} bytes`);
        // An offer of the version that runs crossed its report. To report it again could go on for ever.
        if (offer.version !== sub.version || this.#options.queue.serves(sub)) this.#options.queue.offered(sub, offer);
        return;
      }
      case "malformed": {
        const { version, reason } = message;
        this.#log("warn", () => `message for ${sub.owner} refused: ${reason}`);
        if (version !== undefined && !this.#options.queue.isAbout(sub, version)) {
          this.#options.onRefused(sub, version, reason);
        }
        return;
      }
      default:
        return;
    }
  }

  /** It is bound to this gateway now, or not any more. */
  onBinding(device: DeviceName, bound: boolean): void {
    const sub = this.#options.sessions.find(device);
    if (sub === undefined) return;
    if (bound) this.#options.sessions.bound(sub);
    else this.#options.sessions.unbound(sub);
  }

  #log(level: LogLevel, message: () => string): void {
    this.#options.log(level, "gateway", message);
  }
}
