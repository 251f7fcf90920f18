import {
  HalError,
  type ByteStream,
  type Clock,
  type ConnectOptions,
  type Connector,
  type Timer,
  type TlsOptions,
} from "../ports/index.js";
import type { PlatformModule, SocketInstance, SocketOptions, TcpConstructor, TlsConstructor } from "./modules.js";

export interface Ecma419ConnectorOptions {
  TCP: TcpConstructor;
  TLS: TlsConstructor;
  platform: PlatformModule;
  clock: Clock;
}

/** `Connector` over `embedded:io/socket/tcp` and `…/tcp/tls`. */
export class Ecma419Connector implements Connector {
  readonly #options: Ecma419ConnectorOptions;
  readonly #GuardedTCP: TcpConstructor;

  constructor(options: Ecma419ConnectorOptions) {
    this.#options = options;
    this.#GuardedTCP = guard(options.TCP);
  }

  connect(options: ConnectOptions): ByteStream {
    return new Connection(options, this.#options, this.#GuardedTCP);
  }
}

/** Extra options of the guarded TCP; the TLS socket hands all its options on to its TCP. */
interface GuardedOptions extends SocketOptions {
  onThrown(error: unknown): void;
  /**
   * Called before the TCP is constructed, which throws if there is no network, and before anything of TLS is at fault.
   */
  onOpening(): void;
  onOpened(tcp: GuardedTcp): void;
}

interface GuardedTcp extends SocketInstance {
  /** Somebody accepts there: what ends before the handshake does is no missing connection. */
  accepted: boolean;
  /** Has the TLS socket read on, where there is something to read. */
  readOn(): void;
}

/**
 * The SDK's TLS socket throws if a handshake fails or a record is broken, in its TCP's callbacks and in a timer of its
 * own, by which it reads on once its owner has read a record; an exception in either ends the engine. This TCP catches
 * it in its callbacks and tells the connection, and leaves nothing for that timer to do: outside of the callbacks it
 * says that there is nothing to read. It also makes itself known, for a TLS that fails before it is constructed leaves
 * its TCP open.
 */
function guard(TCP: TcpConstructor): TcpConstructor {
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

    /** Where the TLS socket counts what it has not read. */
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

/** What a TLS record adds at most to the bytes of one write. */
const TLS_RECORD_OVERHEAD = 96;

class Connection implements ByteStream {
  readonly #options: ConnectOptions;
  #socket: SocketInstance | undefined;
  /** The one that a TLS socket reads from. */
  #tcp: GuardedTcp | undefined;
  #timeout: Timer | undefined;
  /** Made once, for there is one for each record. */
  #readOn: Timer | undefined;
  #readsOn = false;
  #readable = 0;
  #writable = 0;
  #connected = false;
  /** The connection ended while bytes were unread: told once they are read. */
  #ended: HalError | undefined;
  #closed = false;
  readonly #clock: Clock;

  constructor(options: ConnectOptions, modules: Ecma419ConnectorOptions, GuardedTCP: TcpConstructor) {
    const { host, port, timeoutMs } = options;
    this.#options = options;
    this.#clock = modules.clock;
    this.#timeout = modules.clock.timer("connect", timeoutMs, () =>
      this.#fail(new HalError("timeout", `no ${this.#missing()} to ${host} within ${timeoutMs} ms`)),
    );
    modules.platform.resolve(host, (_host, address) => {
      if (this.#closed) return;
      if (address === undefined) {
        this.#fail(new HalError("unreachable", `no address for ${host}`));
        return;
      }
      try {
        if (options.tls === undefined) this.#socket = new modules.TCP(this.#socketOptions(address));
        else this.#openTls(address, options.tls, modules.TLS, GuardedTCP);
      } catch (error) {
        this.#fail(HalError.wrap("unreachable", `${host}:${port}`, error));
      }
    });
  }

  #openTls(address: string, tls: TlsOptions, TLS: TlsConstructor, GuardedTCP: TcpConstructor): void {
    const { host } = this.#options;
    let opening = false;
    const options: GuardedOptions = {
      ...this.#socketOptions(address),
      onThrown: (error) => this.#onThrown(error),
      onOpening: () => (opening = true),
      onOpened: (tcp) => {
        opening = false;
        this.#tcp = tcp;
      },
    };
    try {
      this.#socket = new TLS({
        ...options,
        host,
        TCP: { io: GuardedTCP },
        secure: {
          certificate: tls.authority,
          ...(tls.certificate === undefined ? {} : { clientCertificates: [tls.certificate] }),
          ...(tls.privateKey === undefined ? {} : { clientKey: tls.privateKey }),
        },
      });
    } catch (error) {
      // It is the caller's then: `unreachable`, as without TLS.
      if (opening) throw error;
      this.#tcp?.close();
      throw HalError.wrap("untrusted", `TLS with ${host}${this.#trust()}`, error);
    }
  }

  #socketOptions(address: string): SocketOptions {
    const { port } = this.#options;
    if (!(port >= 1 && port <= 65535)) throw new HalError("unreachable", `no port ${port}`);
    return {
      address,
      port,
      nodelay: true,
      onReadable: (count) => {
        if (this.#closed) return;
        this.#readable = count;
        this.#options.onReadable();
      },
      onWritable: (count) => this.#onWritable(count),
      onError: () => this.#onError(),
    };
  }

  read(into: Uint8Array, start: number, end: number): number {
    const readable = this.#readable;
    const count = end - start < readable ? end - start : readable;
    const socket = this.#socket;
    if (count === 0 || socket === undefined) return 0;
    this.#readable = readable - count;
    socket.read(new Uint8Array(into.buffer, into.byteOffset + start, count));
    if (count < readable) return count;
    const ended = this.#ended;
    // Never from inside a call of the owner's.
    if (ended !== undefined) this.#timeout = this.#clock.timer("closed", 0, () => this.#fail(ended));
    else if (this.#tcp !== undefined) this.#readOnLater(this.#tcp);
    return count;
  }

  write(bytes: Uint8Array): number {
    const { tls, host } = this.#options;
    if (this.#socket === undefined || bytes.byteLength > this.#writable) {
      throw new HalError("no-space", `write of ${bytes.byteLength} bytes to ${host}`);
    }
    const used = bytes.byteLength + (tls === undefined ? 0 : TLS_RECORD_OVERHEAD);
    this.#writable = Math.max(0, this.#writable - used);
    try {
      this.#socket.write(bytes);
    } catch (error) {
      throw HalError.wrap("no-space", `write to ${host}`, error);
    }
    return this.#writable;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#readable = 0;
    this.#writable = 0;
    this.#timeout?.cancel();
    this.#readOn?.cancel();
    this.#socket?.close();
    this.#socket = undefined;
    this.#tcp = undefined;
  }

  #onWritable(count: number): void {
    if (this.#closed) return;
    if (!this.#connected) {
      this.#connected = true;
      this.#timeout?.cancel();
      this.#timeout = undefined;
    }
    this.#writable = count;
    this.#options.onWritable(count);
  }

  /** The SDK's TLS tells of the end at once, its TCP after the last byte was read. */
  #onError(): void {
    const { host, port } = this.#options;
    const error = this.#connected
      ? new HalError("closed", `connection to ${host} closed`)
      : new HalError("unreachable", `no ${this.#missing()} to ${host}:${port}`);
    if (this.#readable > 0) this.#ended = error;
    else this.#fail(error);
  }

  /** What there is none of: a plain port takes the connection, and ends it or keeps silent once it is asked for TLS. */
  #missing(): string {
    return this.#tcp?.accepted ? "TLS (plain port?)" : "connection";
  }

  #readOnLater(tcp: GuardedTcp): void {
    if (this.#readsOn) return;
    this.#readsOn = true;
    if (this.#readOn !== undefined) {
      this.#readOn.again();
      return;
    }
    this.#readOn = this.#clock.timer("next record", 0, () => {
      this.#readsOn = false;
      tcp.readOn();
    });
  }

  #onThrown(error: unknown): void {
    const { host } = this.#options;
    this.#fail(
      this.#connected
        ? new HalError("io", `TLS with ${host} broke`, error)
        : new HalError("untrusted", `TLS handshake with ${host} failed${this.#trust()}`, error),
    );
  }

  /** What a board most often lacks. */
  #trust(): string {
    return this.#options.tls?.authority === undefined ? " (no authority is set)" : "";
  }

  #fail(error: HalError): void {
    if (this.#closed) return;
    this.close();
    this.#options.onError(error);
  }
}
