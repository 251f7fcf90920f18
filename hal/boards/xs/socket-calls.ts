import type {
  BoardModules,
  SocketInstance,
  SocketOptions,
  TcpConstructor,
  TlsSocketOptions,
} from "../../ecma419/modules.js";
import { CALL, COMMAND, encodeMessage, type MessageReader } from "./guest/messages.js";
import type { CallTable, Post } from "./call-table.js";

/** TCP and TLS. */
export function socketCalls({ TCP, TLS }: BoardModules, post: Post): CallTable {
  const sockets = new Map<number, HostSocket>();
  const get = (call: MessageReader): HostSocket => {
    const socket = sockets.get(call.number());
    if (socket === undefined) throw new Error("closed");
    return socket;
  };
  const open = (call: MessageReader, create: (options: SocketOptions, socket: HostSocket) => SocketInstance): void => {
    const id = call.number();
    const socket = new HostSocket(id, post);
    const options = { address: call.text(), port: call.number(), nodelay: call.number() === 1 };
    socket.open((callbacks) => create({ ...options, ...callbacks }, socket));
    sockets.set(id, socket);
  };
  return {
    [CALL.tcpOpen]: (call) => open(call, (options) => new TCP(options)),
    [CALL.tlsOpen]: (call) =>
      open(call, (options, socket) => {
        const host = call.text();
        const secure = secureOf(call);
        let tcp: SocketInstance | undefined;
        try {
          return new TLS({ ...options, host, secure, TCP: { io: catching(TCP, socket, (opened) => (tcp = opened)) } });
        } catch (error) {
          tcp?.close();
          throw error;
        }
      }),
    [CALL.socketRead]: (call) => [get(call).read(call.number())],
    [CALL.socketWrite]: (call) => get(call).write(call.bytes()),
    [CALL.socketClose](call) {
      const id = call.number();
      sockets.get(id)?.close();
      sockets.delete(id);
    },
  };
}

function secureOf(call: MessageReader): TlsSocketOptions["secure"] {
  const [certificate, clientKey, clientCertificate] = [call.bytes(), call.bytes(), call.bytes()];
  return {
    ...(certificate.byteLength === 0 ? {} : { certificate }),
    ...(clientKey.byteLength === 0 ? {} : { clientKey }),
    ...(clientCertificate.byteLength === 0 ? {} : { clientCertificates: [clientCertificate] }),
  };
}

/**
 * The TCP below a TLS. An exception of TLS inside its callbacks is sent to the engine, which throws it in the same
 * place.
 */
function catching(TCP: TcpConstructor, socket: HostSocket, onOpened: (tcp: SocketInstance) => void): TcpConstructor {
  return class extends TCP {
    constructor(options: SocketOptions) {
      const caught = (action: () => void): void => {
        try {
          action();
        } catch (error) {
          socket.threw(error as Error);
        }
      };
      super({
        ...options,
        onReadable: (count) => caught(() => options.onReadable?.(count)),
        onWritable: (count) => caught(() => options.onWritable?.(count)),
        onError: () => caught(() => options.onError?.()),
      });
      onOpened(this);
    }
  };
}

/** Most bytes that TLS adds to one write. */
const RECORD_OVERHEAD = 96;

/**
 * A socket that the engine has opened. Between a callback of the board and the moment at which the engine gets the
 * message, the engine may have read, written or closed. So a message is made at that moment, and reports what is true
 * then.
 */
class HostSocket {
  readonly #id: number;
  readonly #post: Post;
  #socket: SocketInstance | undefined;
  #readable = 0;
  #room = 0;
  #closed = false;
  #readablePosted = false;
  #writablePosted = false;

  constructor(id: number, post: Post) {
    this.#id = id;
    this.#post = post;
  }

  open(create: (callbacks: Pick<SocketOptions, "onReadable" | "onWritable" | "onError">) => SocketInstance): void {
    this.#socket = create({
      onReadable: (count) => {
        this.#readable = count;
        if (this.#readablePosted) return;
        this.#readablePosted = true;
        this.#report(() => this.#readableMessage());
      },
      onWritable: (count) => {
        this.#room = count;
        if (this.#writablePosted) return;
        this.#writablePosted = true;
        this.#report(() => this.#writableMessage());
      },
      onError: () => this.#report(() => encodeMessage(COMMAND.ended, this.#id)),
    });
  }

  threw(error: Error): void {
    this.#report(() => encodeMessage(COMMAND.threw, this.#id, error.message));
  }

  read(byteLength: number): Uint8Array {
    const buffer = new Uint8Array(byteLength);
    const count = this.#socket?.read(buffer);
    const read = typeof count === "number" ? count : byteLength;
    this.#readable = Math.max(0, this.#readable - read);
    return buffer.subarray(0, read);
  }

  write(bytes: Uint8Array): readonly number[] {
    const room = this.#socket?.write(bytes);
    this.#room = typeof room === "number" ? room : Math.max(0, this.#room - bytes.byteLength - RECORD_OVERHEAD);
    return typeof room === "number" ? [room] : [];
  }

  close(): void {
    this.#closed = true;
    this.#socket?.close();
  }

  #report(message: () => Uint8Array | undefined): void {
    this.#post(() => (this.#closed ? undefined : message()));
  }

  #readableMessage(): Uint8Array | undefined {
    this.#readablePosted = false;
    return this.#readable === 0 ? undefined : encodeMessage(COMMAND.readable, this.#id, this.#readable);
  }

  #writableMessage(): Uint8Array {
    this.#writablePosted = false;
    return encodeMessage(COMMAND.writable, this.#id, this.#room);
  }
}
