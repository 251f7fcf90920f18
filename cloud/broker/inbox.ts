/** A message that another broker has handed over. */
export interface Arrival {
  readonly topic: string;
  readonly payload: string;
  /** Called once what the message means is stored; absent for QoS 0. */
  readonly acknowledge?: (() => void) | undefined;
  /** Whether its connection has ended. The broker hands over what was not acknowledged once more, on the next one. */
  isStale(): boolean;
}

export interface InboxOptions {
  /** Resolves once what the message means is stored. */
  handle(topic: string, payload: string): Promise<void>;
  /** Whether a message that was not handled because of this error is to be handled later. */
  mayRetry(error: unknown): boolean;
  /** Called with one line when a message is dropped; it holds nothing of its payload. */
  onDropped(line: string): void;
  /** Most messages at a time. */
  readonly limit?: number;
  /** Most messages of one device at a time; more of QoS 0 are dropped, so that it does not hold up the others. */
  readonly deviceLimit?: number;
  readonly retryMs?: number;
}

interface Entry extends Arrival {
  isDone: boolean;
}

/** With the longest messages 16 MiB. */
const LIMIT = 256;
const DEVICE_LIMIT = 32;
const RETRY_MS = 1000;

/**
 * The messages of many devices over one connection. Those of different devices are handled at the same time, so that
 * one commit stores many of them; those of one device one after the other. They are acknowledged in the order in which
 * they came [MQTT-4.6.0-2].
 */
export class Inbox {
  readonly #options: InboxOptions;
  readonly #queues = new Map<string, Entry[]>();
  #count = 0;
  /** Messages of QoS 1 in the order in which they came. */
  readonly #unacknowledged: Entry[] = [];
  /** Those who wait for room. */
  #waiting: (() => void)[] = [];
  readonly #pauses = new Map<NodeJS.Timeout, () => void>();
  #closed = false;
  #isDraining = false;

  constructor(options: InboxOptions) {
    this.#options = options;
  }

  /** @returns a promise that resolves once there is room for the next message */
  async take(arrival: Arrival): Promise<void> {
    const { limit = LIMIT, deviceLimit = DEVICE_LIMIT } = this.#options;
    const { topic, acknowledge } = arrival;
    // It stays unacknowledged, so that the broker hands it over again.
    if (this.#isDraining) return;
    const device = deviceOf(topic);
    const queue = this.#queues.get(device);
    if (queue !== undefined && queue.length >= deviceLimit && acknowledge === undefined) {
      this.#options.onDropped(`${topic} dropped: ${deviceLimit} messages of this device wait already`);
      return;
    }
    const entry: Entry = { ...arrival, isStale: () => arrival.isStale(), isDone: false };
    this.#count++;
    if (acknowledge !== undefined) this.#unacknowledged.push(entry);
    if (queue === undefined) {
      const begun = [entry];
      this.#queues.set(device, begun);
      void this.#run(device, begun);
    } else {
      queue.push(entry);
    }
    while (this.#count >= limit && !this.#closed) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Takes nothing more. @returns when all that was taken is handled and acknowledged */
  async drain(): Promise<void> {
    this.#isDraining = true;
    while (this.#count > 0 && !this.#closed) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** What waits is not handled any more, and not acknowledged. @returns when what was being handled has ended */
  async close(): Promise<void> {
    this.#closed = true;
    for (const [timer, resolve] of this.#pauses) {
      clearTimeout(timer);
      resolve();
    }
    this.#makeRoom();
    while (this.#count > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async #run(device: string, queue: Entry[]): Promise<void> {
    for (let entry = queue[0]; entry !== undefined; entry = queue[0]) {
      await this.#handle(entry);
      entry.isDone = true;
      queue.shift();
      this.#count--;
      this.#acknowledge();
      this.#makeRoom();
    }
    this.#queues.delete(device);
  }

  async #handle(entry: Entry): Promise<void> {
    const { handle, mayRetry, onDropped, retryMs = RETRY_MS } = this.#options;
    for (;;) {
      // A message of QoS 0 does not come again.
      if (this.#closed || (entry.acknowledge !== undefined && entry.isStale())) return;
      try {
        await handle(entry.topic, entry.payload);
        return;
      } catch (error) {
        if (this.#closed) return;
        if (!mayRetry(error)) {
          onDropped(`${entry.topic} dropped: ${error instanceof Error ? error.message : String(error)}`);
          return;
        }
      }
      await this.#pause(retryMs);
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#pauses.delete(timer);
        resolve();
      }, ms);
      this.#pauses.set(timer, resolve);
    });
  }

  #acknowledge(): void {
    const entries = this.#unacknowledged;
    for (let first = entries[0]; first !== undefined; first = entries[0]) {
      const isStale = first.isStale();
      if (!first.isDone && !isStale) return;
      entries.shift();
      if (!isStale && !this.#closed) first.acknowledge?.();
    }
  }

  #makeRoom(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** The product and the device of a topic, which are its last two parts in all of the cloud's filters. */
function deviceOf(topic: string): string {
  return topic.split("/").slice(-2).join("/");
}
