import type { SocketInstance, SocketOptions, TcpConstructor } from "./modules.js";

/** Extra options of the guarded TCP; the TLS socket hands all its options on to its TCP. */
export interface GuardedOptions extends SocketOptions {
  onThrown(error: unknown): void;
  /**
   * Called before the TCP is constructed. Its constructor throws if there is no network; that failure has nothing to do
   * with TLS.
   */
  onOpening(): void;
  onOpened(tcp: GuardedTcp): void;
}

export interface GuardedTcp extends SocketInstance {
  /** The peer has accepted the TCP connection: if it ends before the handshake, the TLS is missing and not the TCP. */
  accepted: boolean;
  /** Makes the TLS socket read its next record, if there are bytes to read. */
  readOn(): void;
}

/**
 * The SDK's TLS socket throws if a handshake fails or a record is broken. It throws inside its TCP's callbacks, or in a
 * timer of its own, in which it reads on after its owner has read a record. An exception in either place ends the
 * engine. This TCP catches the exception in its callbacks and reports it to the connection. It leaves the timer nothing
 * to do: outside of the callbacks its `readable` is 0. It also hands itself to the connection by `onOpened`, because a
 * TLS socket whose constructor fails leaves its TCP open.
 */
export function guard(TCP: TcpConstructor): TcpConstructor {
  return class extends TCP implements GuardedTcp {
    readonly #options: GuardedOptions;
    accepted = false;
    #readable = 0;
    #guarded = false;

    constructor(options: SocketOptions) {
      const guarded = options as GuardedOptions;
      guarded.onOpening();
      super({
        ...options,
        onReadable: (count) => this.#call(() => options.onReadable?.(count)),
        onWritable: (count) => {
          this.accepted = true;
          this.#call(() => options.onWritable?.(count));
        },
        onError: () => this.#call(() => options.onError?.()),
      });
      this.#options = guarded;
      guarded.onOpened(this);
    }

    /** The TLS socket keeps its count of unread bytes in this property of its TCP. */
    get readable(): number {
      return this.#guarded ? this.#readable : 0;
    }

    set readable(count: number) {
      this.#readable = count;
    }

    readOn(): void {
      if (this.#readable > 0) this.#call(() => this.#options.onReadable?.(this.#readable));
    }

    #call(action: () => void): void {
      this.#guarded = true;
      try {
        action();
      } catch (error) {
        this.#options.onThrown(error);
      } finally {
        this.#guarded = false;
      }
    }
  };
}

/**
 * Whether the SDK's TLS has judged a certificate: the peer's by itself, or the peer ours by an alert (RFC 5246 §7.2.2:
 * 42 to 46, 48, 49). The SDK's errors have no code.
 */
export function isJudgement(error: string): boolean {
  return /: (cert|date val|x509|BER|invalid b|alert: ., 4[2-689])/i.test(error);
}
