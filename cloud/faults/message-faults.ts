import { parseFields } from "../platform/fields.js";
import { REORDER_WAIT_MS } from "../platform/gateway-faults.js";
import type { FaultTarget } from "./fault.js";
import type { FaultList } from "./fault-list.js";

export interface FaultyMessagesOptions {
  readonly faults: FaultList;
  /** Publishes with QoS 0. */
  send(topic: string, payload: string): void;
}

/** Sends the platform's messages to devices, with the faults. */
export class FaultyMessages {
  readonly #options: FaultyMessagesOptions;
  /** The message of a topic that waits for the next one. */
  readonly #waiting = new Map<string, () => void>();

  constructor(options: FaultyMessagesOptions) {
    this.#options = options;
  }

  send(topic: string, payload: string): void {
    const go = (): void => this.#options.send(topic, payload);
    const before = this.#waiting.get(topic);
    if (before !== undefined) {
      this.#waiting.delete(topic);
      go();
      before();
      return;
    }
    const type = typeOf(payload);
    const fault = this.#options.faults.strike("message", targetOf(topic), (known) => (known.type ?? type) === type);
    switch (fault?.fault) {
      case undefined:
        go();
        break;
      case "lose":
        break;
      case "duplicate":
        go();
        go();
        break;
      case "delay":
        setTimeout(go, fault.ms).unref();
        break;
      case "reorder":
        this.#wait(topic, go);
        break;
    }
  }

  #wait(topic: string, go: () => void): void {
    this.#waiting.set(topic, go);
    setTimeout(() => {
      if (this.#waiting.get(topic) !== go) return;
      this.#waiting.delete(topic);
      go();
    }, REORDER_WAIT_MS).unref();
  }
}

/** @returns what a message of a device meets: it ends the connection, or its acknowledgement is lost */
export function strikeReport(
  faults: FaultList,
  { topic, payload, qos }: { readonly topic: string; readonly payload: string; readonly qos: number },
): "drop" | "lose-puback" | undefined {
  const type = typeOf(payload);
  return faults.strike(
    "report",
    targetOf(topic),
    (known) => (known.type ?? type) === type && (known.fault === "drop" || qos === 1),
  )?.fault;
}

function typeOf(payload: string): unknown {
  return parseFields(payload)?.["type"];
}

/** Every topic of the platform ends with the device that it belongs to. */
function targetOf(topic: string): FaultTarget {
  const [deviceName, productId] = topic.split("/").reverse();
  return { productId, deviceName };
}
