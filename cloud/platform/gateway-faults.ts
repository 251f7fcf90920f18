/**
 * Faults to inject into the answers to gateways. They are read anew for each answer, so a test may change them at any
 * time.
 */
export interface GatewayFaults {
  /**
   * Result codes that are answered instead of carrying the operation out. The key is an operation (`online`), or an
   * operation and a device (`online:light1`).
   */
  results?: { readonly [operation: string]: number };
  delayMs?: number;
  /**
   * Each answer waits until the next one was sent, or for `REORDER_WAIT_MS`. The devices inside an answer are in
   * reverse order.
   */
  reorder?: boolean;
  /** Every n-th answer is lost. */
  loseEvery?: number;
  /** An unbind is answered with the type `bind`, as in the platform's document. */
  unbindAsBind?: boolean;
}

/** Longest time that an answer waits for the next one, in milliseconds. */
export const REORDER_WAIT_MS = 200;

export interface GatewayAnswer {
  readonly type: string;
  readonly payload: { readonly devices: readonly object[] };
}

/** Sends the answers to the gateways, with the faults. */
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
