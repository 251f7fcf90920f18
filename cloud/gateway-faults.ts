/**
 * What goes wrong with the answers to gateways, on command. Read anew at each answer: a test may change it on the way.
 */
export interface GatewayFaults {
  /**
   * Answered instead of carrying the operation out; by operation (`online`), or by operation and device
   * (`online:light1`).
   */
  results?: { readonly [operation: string]: number };
  delayMs?: number;
  /**
   * Each answer waits for the next one, or `REORDER_WAIT_MS`, and goes after it; several devices in one are turned
   * around.
   */
  reorder?: boolean;
  /** Every n-th answer is lost. */
  loseEvery?: number;
  /** An unbind is answered as `bind`, as the platform's document prints it. */
  unbindAsBind?: boolean;
}

/** Longest that an answer waits for one to go before it, in milliseconds. */
export const REORDER_WAIT_MS = 200;

export interface GatewayAnswer {
  readonly type: string;
  readonly payload: { readonly devices: readonly object[] };
}

/** The way of the answers to the gateways, with what goes wrong on it. */
export class FaultyAnswers {
  readonly #faults: GatewayFaults;
  readonly #send: (topic: string, payload: string) => void;
  #count = 0;
  #waiting: (() => void) | undefined;

  constructor(options: { faults: GatewayFaults; send(topic: string, payload: string): void }) {
    this.#faults = options.faults;
    this.#send = (topic, payload) => options.send(topic, payload);
  }

  forcedResult(operation: string, deviceName: string): number | undefined {
    const { results } = this.#faults;
    return results?.[`${operation}:${deviceName}`] ?? results?.[operation];
  }

  send(topic: string, { type, payload }: GatewayAnswer): void {
    const { delayMs = 0, loseEvery, reorder, unbindAsBind } = this.#faults;
    this.#count++;
    if (loseEvery !== undefined && this.#count % loseEvery === 0) return;
    const devices = reorder === true ? [...payload.devices].reverse() : payload.devices;
    const name = unbindAsBind === true && type === "unbind" ? "bind" : type;
    const text = JSON.stringify({ type: name, payload: { devices } });
    const go = (): void => this.#send(topic, text);
    const late = (): void => (reorder === true ? this.#swap(go) : go());
    if (delayMs > 0) setTimeout(late, delayMs).unref();
    else late();
  }

  #swap(go: () => void): void {
    const before = this.#waiting;
    if (before !== undefined) {
      this.#waiting = undefined;
      go();
      before();
      return;
    }
    this.#waiting = go;
    setTimeout(() => {
      if (this.#waiting !== go) return;
      this.#waiting = undefined;
      go();
    }, REORDER_WAIT_MS).unref();
  }
}
