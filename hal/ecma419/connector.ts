import {
  HalError,
  type ByteStream,
  type Clock,
  type ConnectOptions,
  type Connector,
  type Timer,
  type TlsOptions,
} from "../ports/index.js";
import { type GuardedOptions, type GuardedTcp, guard, isJudgement } from "./guarded-tcp.js";
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
  /** The last host with which a handshake has succeeded only without the request for short records. */
  #notAsked: string | undefined;

  constructor(options: Ecma419ConnectorOptions) {
    this.#options = options;
    this.#GuardedTCP = guard(options.TCP);
  }

  connect(options: ConnectOptions): ByteStream {
    const { host, maxFragmentLength } = options;
    return new Connection(options, {
      ...this.#options,
      GuardedTCP: this.#GuardedTCP,
      maxFragmentLength: host === this.#notAsked ? undefined : maxFragmentLength,
      onUnasked: () => (this.#notAsked = host),
    });
  }
}

interface Means extends Ecma419ConnectorOptions {
  readonly GuardedTCP: TcpConstructor;
  readonly maxFragmentLength: number | undefined;
  /** The handshake has succeeded without the request for short records, and had failed with it. */
  onUnasked(): void;
}

/** Most bytes that a TLS record adds to the bytes of one write. */
const TLS_RECORD_OVERHEAD = 96;

class Connection implements ByteStream {
  readonly #options: ConnectOptions;
  readonly #means: Means;
  #maxFragmentLength: number | undefined;
  #socket: SocketInstance | undefined;
  /** The TCP that a TLS socket reads from. */
  #tcp: GuardedTcp | undefined;
  #timeout: Timer | undefined;
  /** This timer is made once and started again for each record. */
  #readOn: Timer | undefined;
  #readsOn = false;
  /** Present once the handshake has failed with the request for short records. */
  #again: Timer | undefined;
  #readable = 0;
  #writable = 0;
  #connected = false;
  /** The connection ended while bytes were unread: the error is reported once they are read. */
  #ended: HalError | undefined;
  #closed = false;
  readonly #clock: Clock;

  constructor(options: ConnectOptions, means: Means) {
    const { host, timeoutMs } = options;
    this.#options = options;
    this.#means = means;
    this.#maxFragmentLength = means.maxFragmentLength;
    this.#clock = means.clock;
    this.#timeout = means.clock.timer("connect", timeoutMs, () =>
      this.#fail(new HalError("timeout", `no ${this.#missing()} to ${host} within ${timeoutMs} ms`)),
    );
    means.platform.resolve(host, (_host, address) => {
      if (this.#closed) return;
      if (address === undefined) this.#fail(new HalError("unreachable", `no address for ${host}`));
      else this.#open(address);
    });
  }

  #open(address: string): void {
    const { host, port, tls } = this.#options;
    try {
      if (tls === undefined) this.#socket = new this.#means.TCP(this.#socketOptions(address));
      else this.#openTls(address, tls);
    } catch (error) {
      this.#fail(HalError.wrap("unreachable", `${host}:${port}`, error));
    }
  }

  #openTls(address: string, tls: TlsOptions): void {
    const { host } = this.#options;
    const { TLS, GuardedTCP } = this.#means;
    const asked = this.#maxFragmentLength;
    let opening = false;
    const options: GuardedOptions = {
      ...this.#socketOptions(address),
      onThrown: (error) => this.#onThrown(error, address),
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
          ...(asked === undefined ? {} : { tls_max_fragment_length: asked }),
        },
      });
    } catch (error) {
      // The TCP has failed: the caller reports `unreachable`, as it does without TLS.
      if (opening) throw error;
      this.#tcp?.close();
      // The certificates and the key are those of the configuration.
      throw this.#refusal(error, true);
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
      onError: () => this.#onError(address),
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
    // No callback may come from inside a call, so the error is reported in a timer.
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
    this.#again?.cancel();
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
      if (this.#again !== undefined) this.#means.onUnasked();
    }
    this.#writable = count;
    this.#options.onWritable(count);
  }

  /** The SDK's TLS reports the end of the connection at once, its TCP only after the last byte was read. */
  #onError(address: string): void {
    const { host, port } = this.#options;
    if (!this.#connected && this.#tcp?.accepted && this.#maxFragmentLength !== undefined) {
      this.#openAgain(address);
      return;
    }
    const error = this.#connected
      ? new HalError("closed", `connection to ${host} closed`)
      : new HalError("unreachable", `no ${this.#missing()} to ${host}:${port}`);
    if (this.#readable > 0) this.#ended = error;
    else this.#fail(error);
  }

  /**
   * What is missing, for the message of an error. A port without TLS accepts the TCP connection, but then closes it or
   * never answers the handshake.
   */
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

  #onThrown(error: unknown, address: string): void {
    if (this.#connected) {
      this.#fail(new HalError("io", `TLS with ${this.#options.host} broke`, error));
      return;
    }
    const isJudged = isJudgement(String(error));
    if (isJudged || this.#maxFragmentLength === undefined) this.#fail(this.#refusal(error, isJudged));
    else this.#openAgain(address);
  }

  /**
   * A server that grants short records also cuts its certificates into them, if they are longer. The SDK cannot put a
   * message of the handshake together, so this connects once more, without the request. It does too if the server ends
   * the connection, for that may be its answer to a request that it does not know.
   */
  #openAgain(address: string): void {
    this.#maxFragmentLength = undefined;
    this.#socket?.close();
    this.#socket = undefined;
    this.#tcp = undefined;
    this.#again = this.#clock.timer("connect again", 0, () => this.#open(address));
  }

  /**
   * Only a certificate that was judged ends the matter. An alert, a port that speaks no TLS or a lack of memory may
   * pass, and without the date no certificate can be judged.
   */
  #refusal(error: unknown, isJudged: boolean): HalError {
    const { host, tls } = this.#options;
    const isDated = this.#clock.unixTime() !== undefined;
    let hint = "";
    if (isJudged) {
      if (!isDated || /date val/.test(String(error))) hint = " (clock behind?)";
      else if (tls?.authority === undefined) hint = " (no authority is set)";
    }
    return new HalError(isJudged && isDated ? "untrusted" : "unreachable", `TLS with ${host} failed${hint}`, error);
  }

  #fail(error: HalError): void {
    if (this.#closed) return;
    this.close();
    this.#options.onError(error);
  }
}
