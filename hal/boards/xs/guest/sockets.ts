import type {
  SocketInstance,
  SocketOptions,
  TcpConstructor,
  TlsConstructor,
  TlsSocketOptions,
} from "../../../ecma419/modules.js";
import { counted, type Host } from "./host.js";
import { CALL, COMMAND, type MessageReader } from "./messages.js";

/** What belongs to a TCP that carries TLS: the host does the TLS, and its messages are about the bytes above it. */
class Secure {
  readonly options: TlsSocketOptions;
  #failure: Error | undefined;

  constructor(options: TlsSocketOptions) {
    this.options = options;
  }

  fail(failure: Error): void {
    this.#failure = failure;
  }

  throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

const SECURE = Symbol("secure");

interface TcpOptions extends SocketOptions {
  readonly [SECURE]?: Secure;
}

const NONE = new Uint8Array(0);

/** `embedded:io/socket/tcp`. */
export function createTcp(host: Host): TcpConstructor {
  return class HostTcp implements SocketInstance {
    readonly #options: TcpOptions;
    readonly #id: number;
    #closed = false;

    constructor(options: TcpOptions) {
      this.#options = options;
      this.#id = host.listen((message) => this.#onMessage(message));
      try {
        this.#open();
      } catch (error) {
        host.forget(this.#id);
        throw error;
      }
    }

    read(buffer: Uint8Array): number {
      const before = counted();
      const count = host.read(CALL.socketRead, buffer, this.#id, buffer.byteLength);
      counted(before);
      return count;
    }

    write(buffer: Uint8Array): number | undefined {
      const before = counted();
      const answer = host.write(CALL.socketWrite, buffer, this.#id);
      const room = answer.ended ? undefined : answer.number();
      counted(before);
      return room;
    }

    close(): void {
      if (this.#closed) return;
      this.#closed = true;
      host.forget(this.#id);
      host.call(CALL.socketClose, this.#id);
    }

    #open(): void {
      const { address, port, nodelay } = this.#options;
      const fields = [this.#id, address, port, nodelay === true ? 1 : 0];
      const tls = this.#options[SECURE]?.options;
      if (tls === undefined) {
        host.call(CALL.tcpOpen, ...fields);
        return;
      }
      const { certificate = NONE, clientKey = NONE, clientCertificates = [] } = tls.secure;
      host.call(CALL.tlsOpen, ...fields, tls.host, certificate, clientKey, clientCertificates[0] ?? NONE);
    }

    #onMessage(message: MessageReader): void {
      const secure = this.#options[SECURE];
      const receiver = secure?.options ?? this.#options;
      if (message.code === COMMAND.threw) {
        secure?.fail(new Error(message.text()));
        this.#options.onReadable?.(0);
        return;
      }
      const count = message.ended ? 0 : message.number();
      host.leave();
      switch (message.code) {
        case COMMAND.readable:
          receiver.onReadable?.(count);
          return;
        case COMMAND.writable:
          receiver.onWritable?.(count);
          return;
        case COMMAND.ended:
          receiver.onError?.();
          return;
      }
    }
  };
}

/**
 * `embedded:io/socket/tcp/tls`. As in the SDK's, a failure is thrown inside a callback of the TCP that it was handed.
 */
export function createTls(): TlsConstructor {
  return class HostTls implements SocketInstance {
    readonly #tcp: SocketInstance;

    constructor(options: TlsSocketOptions) {
      const secure = new Secure(options);
      const below: TcpOptions = { ...options, [SECURE]: secure, onReadable: () => secure.throwFailure() };
      this.#tcp = new options.TCP.io(below);
    }

    read(buffer: Uint8Array): unknown {
      return this.#tcp.read(buffer);
    }

    write(buffer: Uint8Array): void {
      this.#tcp.write(buffer);
    }

    close(): void {
      this.#tcp.close();
    }
  };
}
