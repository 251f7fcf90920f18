/** What the platform needs from a broker, its own or another one. */
export interface Broker {
  /** Publishes with QoS 0. */
  publish(topic: string, payload: string): void;
  /** Whether a connected client has subscribed to exactly this topic and receives what is published there. */
  isSubscribed(topic: string): boolean;
  /** Whether messages can pass now. The own broker is always connected. */
  readonly isConnected: boolean;
  /** Since when they cannot, in milliseconds since 1970. */
  readonly lostAtMs?: number | undefined;
  /**
   * Takes no further message, and waits until those that were taken are stored and acknowledged, but no longer than
   * this. What was not acknowledged comes again: from a device, or from the other broker to whoever has its session.
   */
  drain(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * What happens to a message: it is `handled` by the platform, only `passed` on to its subscribers, `dropped` although
 * it is acknowledged, or `refused`, which ends the connection.
 */
export type Verdict = "handled" | "passed" | "dropped" | "refused";

/** What a client may do on one connection. The broker asks this for each packet. */
export interface Rights {
  publish(topic: string): Verdict;
  subscribe(topic: string): boolean;
  /** Whether the client may now receive what is published on a topic that it has subscribed to. */
  receive(topic: string): boolean;
  /** Called when the connection has ended. */
  end(): void;
}
