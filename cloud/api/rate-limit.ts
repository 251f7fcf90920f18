export interface RateLimitOptions {
  /** Requests that a client may make a minute, and at once after a pause. */
  readonly perMinute: number;
  /** Milliseconds, from any origin. */
  now(): number;
  /** Most clients that are remembered; the one that is quiet for longest is forgotten. Default 10,000. */
  readonly clients?: number;
}

/** A bucket of tokens for each client: a request takes one, and they come back evenly over time. */
export class RateLimit {
  readonly #options: Required<RateLimitOptions>;
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor(options: RateLimitOptions) {
    this.#options = { clients: 10_000, ...options };
  }

  /** @returns 0 if the request may go on; otherwise the seconds after which the next one may */
  take(client: string): number {
    const { perMinute, clients } = this.#options;
    const now = this.#options.now();
    const bucket = this.#buckets.get(client) ?? { tokens: perMinute, at: now };
    this.#buckets.delete(client);
    const tokens = Math.min(perMinute, bucket.tokens + ((now - bucket.at) * perMinute) / 60_000);
    const allowed = tokens >= 1;
    this.#buckets.set(client, { tokens: allowed ? tokens - 1 : tokens, at: now });
    if (this.#buckets.size > clients) {
      for (const oldest of this.#buckets.keys()) {
        this.#buckets.delete(oldest);
        break;
      }
    }
    return allowed ? 0 : Math.max(1, Math.ceil(((1 - tokens) * 60) / perMinute));
  }
}

/** @returns what a client is counted by: its address, or for IPv6 the network of its subscriber (/64) */
export function clientOf(address: string): string {
  if (!address.includes(":") || address.startsWith("::ffff:")) return address;
  const [head = "", tail] = address.split("::");
  const groups = head.split(":");
  const missing = tail === undefined ? 0 : 8 - groups.length - tail.split(":").length;
  return [...groups, ...Array<string>(Math.max(0, missing)).fill("0")].slice(0, 4).join(":");
}
