import { createPrivateKey, X509Certificate } from "node:crypto";
import { Duplex } from "node:stream";
import { connect, rootCertificates, type TLSSocket } from "node:tls";
import { isIP } from "node:net";
import type { SocketInstance, TcpConstructor, TlsConstructor, TlsSocketOptions } from "../../ecma419/modules.js";
import type { Power } from "./power.js";
import { CertificateChain } from "./certificate-chain.js";
import { ReceiveQueue } from "./receive-queue.js";
import { poke, type PokableTcp } from "./tcp.js";

/** What the SDK's socket keeps back of the TCP's room for the record around the bytes. */
const RECORD_OVERHEAD = 96;

/** The suites that the SDK's TLS has. */
const CIPHERS = [
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "DHE-RSA-AES128-GCM-SHA256",
  "AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES128-SHA256",
  "ECDHE-RSA-AES128-SHA256",
  "AES128-SHA256",
  "AES128-SHA",
].join(":");

/**
 * `embedded:io/socket/tcp/tls` as the SDK has it: TLS 1.2 over the TCP it is handed; `this` in its callbacks is not the
 * socket; a failed handshake is thrown inside one of that TCP's callbacks, where nobody but the TCP can catch it; so fails a
 * server that sends its own certificate alone, even where its authority is known. Unlike the SDK's it tells of the end
 * after the last byte was read, never before.
 */
export function createTls(power: Power): TlsConstructor {
  return class SimulatedTls implements SocketInstance {
    readonly #callbacks: Pick<TlsSocketOptions, "onReadable" | "onWritable" | "onError">;
    readonly #transport: Transport;
    readonly #tls: TLSSocket;
    readonly #received = new ReceiveQueue();
    #ready = false;
    #ended = false;
    #closed = false;

    constructor(options: TlsSocketOptions) {
      power.check();
      const { onReadable, onWritable, onError } = options;
      this.#callbacks = { ...(onReadable && { onReadable }), ...(onWritable && { onWritable }), ...(onError && { onError }) };
      const secure = secureOptions(options.secure);
      this.#transport = new Transport(options, options.TCP.io, () => {
        // Once ready, what has come is still to be decrypted and read: the TLS socket's own end follows that.
        if (!this.#ready) this.#end();
      });
      this.#tls = connect({
        socket: this.#transport,
        host: options.host,
        ...(isIP(options.host) === 0 ? { servername: options.host } : {}),
        ...secure,
        minVersion: "TLSv1.2",
        maxVersion: "TLSv1.2",
        ciphers: CIPHERS,
      });
      this.#tls.on("secureConnect", () => {
        if (this.#transport.chain.count === 1) return this.#transport.fail(new Error("subjectAltName match failed"));
        this.#ready = true;
        this.#tellRoom();
      });
      this.#tls.on("data", (bytes) => this.#receive(bytes));
      this.#tls.on("end", () => this.#end());
      this.#tls.on("close", () => this.#end());
      this.#tls.on("error", (error) => {
        if (!this.#closed && !this.#ended) this.#transport.fail(error);
      });
    }

    read(buffer: Uint8Array): number | undefined {
      power.check();
      if (this.#received.byteLength === 0) return undefined;
      const count = Math.min(buffer.byteLength, this.#received.byteLength);
      this.#received.take(buffer.subarray(0, count));
      if (this.#received.byteLength === 0) this.#tls.resume();
      return count;
    }

    write(buffer: Uint8Array): void {
      power.check();
      if (!this.#ready) throw new Error("not ready");
      if (buffer.byteLength > this.#writable()) throw new Error("would block");
      this.#tls.write(Uint8Array.from(buffer), () => this.#tellRoom());
    }

    close(): void {
      if (this.#closed) return;
      this.#closed = true;
      this.#received.clear();
      this.#tls.resume();
      this.#tls.end(() => this.#transport.close());
      // A peer that never takes the last record must not keep the socket.
      setTimeout(() => this.#transport.close(), 200).unref();
    }

    /** One record at a time: the next is decrypted once this one is read. */
    #receive(bytes: Buffer): void {
      if (this.#closed) return;
      this.#received.push(bytes);
      this.#tls.pause();
      this.#call(() => this.#callbacks.onReadable?.(this.#received.byteLength));
    }

    /** Not where there is room for a record's overhead alone. */
    #tellRoom(): void {
      const room = this.#writable();
      if (room > 0) this.#call(() => this.#callbacks.onWritable?.(room));
    }

    #writable(): number {
      return Math.max(0, 8192 - this.#tls.writableLength - RECORD_OVERHEAD);
    }

    #end(): void {
      if (this.#ended) return;
      this.#ended = true;
      this.#call(() => this.#callbacks.onError?.());
    }

    #call(action: () => void): void {
      if (!this.#closed) power.run(action);
    }
  };
}

function secureOptions(secure: TlsSocketOptions["secure"]): object {
  const certificate = secure.clientCertificates?.[0];
  return {
    ca: secure.certificate === undefined ? rootCertificates : [...rootCertificates, pem(secure.certificate)],
    ...(certificate === undefined ? {} : { cert: pem(certificate) }),
    ...(secure.clientKey === undefined ? {} : { key: keyPem(secure.clientKey) }),
  };
}

function pem(der: Uint8Array): string {
  return new X509Certificate(der).toString();
}

function keyPem(der: Uint8Array): string {
  const key = createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" });
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

/** The handed TCP as the stream that Node's TLS wants. */
class Transport extends Duplex {
  readonly chain = new CertificateChain();
  readonly #tcp: PokableTcp;
  #failure: Error | undefined;
  #available = 0;
  /** The reader has room: what it does not take stays in the TCP. */
  #wanted = false;
  #room = 0;
  #pending: { bytes: Buffer; done: (error?: Error | null) => void } | undefined;
  /** Nothing can be written any more: what Node's TLS still wants to say is dropped. */
  #over = false;

  constructor(options: TlsSocketOptions, TCP: TcpConstructor, onEnd: () => void) {
    super();
    this.#tcp = new TCP({
      ...options,
      onReadable: (count) => {
        if (this.#failure !== undefined) throw this.#failure;
        this.#available = count;
        this.#pull();
      },
      onWritable: (count) => {
        this.#room = count;
        this.#flush();
      },
      onError: () => {
        this.#over = true;
        this.#flush();
        this.push(null);
        onEnd();
      },
    }) as PokableTcp;
  }

  fail(error: Error): void {
    this.#failure = error;
    this.#tcp[poke]();
  }

  close(): void {
    this.#over = true;
    this.#available = 0;
    this.#tcp.close();
    this.destroy();
  }

  override _read(): void {
    this.#wanted = true;
    this.#pull();
  }

  override _write(bytes: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#pending = { bytes, done };
    this.#flush();
  }

  #pull(): void {
    if (!this.#wanted || this.#available === 0) return;
    const bytes = Buffer.alloc(this.#available);
    this.#available = 0;
    this.#wanted = false;
    this.#tcp.read(bytes);
    this.chain.watch(bytes);
    this.push(bytes);
  }

  #flush(): void {
    if (this.#pending === undefined || (this.#room === 0 && !this.#over)) return;
    const { bytes, done } = this.#pending;
    const written = this.#over ? bytes.byteLength : this.#write(bytes.subarray(0, this.#room));
    this.#room -= Math.min(written, this.#room);
    this.#pending = written === bytes.byteLength ? undefined : { bytes: bytes.subarray(written), done };
    if (this.#pending === undefined) done();
  }

  /** @returns how many bytes are done with */
  #write(piece: Buffer): number {
    try {
      this.#tcp.write(piece);
    } catch {
      // The connection has ended, or the power: its own callback says so.
      this.#over = true;
    }
    return piece.byteLength;
  }
}
