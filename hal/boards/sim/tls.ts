import { createPrivateKey, X509Certificate } from "node:crypto";
import { Duplex } from "node:stream";
import { connect, rootCertificates, type TLSSocket } from "node:tls";
import { isIP } from "node:net";
import type { SocketInstance, TlsConstructor, TlsSocketOptions } from "../../ecma419/modules.js";
import type { Power } from "./power.js";
import { asSdkError } from "./tls-error.js";
import { CertificateChain } from "./certificate-chain.js";
import { ReceiveQueue } from "./receive-queue.js";
import { poke, type PokableTcp } from "./tcp.js";

/** Bytes of the TCP's room that the SDK's socket reserves for the record around the data. */
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
 * `embedded:io/socket/tcp/tls` as the SDK has it: TLS 1.2 over the TCP that it is handed. `this` in its callbacks is
 * not the socket. A failed handshake is thrown inside one of that TCP's callbacks, and only the TCP can catch the
 * exception. A broken record is thrown there too, or else in a timer, and there no code can catch it: after its owner
 * has read a record, the socket reads on in a timer if the TCP's `readable`, the socket's count of unread bytes, is not
 * 0. Unlike the SDK's, it reports the end of the connection only after the last byte was read.
 *
 * @param strict if true, it fails in three more cases, as the SDK's does: the server sends only its own certificate, a
 * certificate behind the server's has no authority key identifier, or the device's key is not RSA
 */
export function createTls(power: Power, strict: boolean): TlsConstructor {
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
      this.#callbacks = {
        ...(onReadable && { onReadable }),
        ...(onWritable && { onWritable }),
        ...(onError && { onError }),
      };
      const secure = secureOptions(options.secure, strict);
      this.#transport = new Transport(options, {
        power,
        hasUnread: () => this.#received.byteLength > 0 || this.#tls.readableLength > 0,
        // After the handshake, received bytes may still have to be decrypted and read: Node's TLS ends after them.
        onEnd: () => {
          if (!this.#ready) this.#end();
        },
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
        const fault = strict ? this.#chainFault() : undefined;
        if (fault !== undefined) {
          this.#transport.fail(fault);
          return;
        }
        this.#ready = true;
        this.#reportRoom();
      });
      this.#tls.on("data", (bytes) => this.#receive(bytes));
      this.#tls.on("end", () => this.#end());
      this.#tls.on("close", () => this.#end());
      this.#tls.on("error", (error) => {
        if (!this.#closed && !this.#ended) this.#transport.fail(asSdkError(error));
      });
    }

    read(buffer: Uint8Array): number | undefined {
      power.check();
      if (this.#received.byteLength === 0) return undefined;
      const count = Math.min(buffer.byteLength, this.#received.byteLength);
      this.#received.take(buffer.subarray(0, count));
      if (this.#received.byteLength === 0) {
        this.#tls.resume();
        this.#transport.readOnLater();
      }
      return count;
    }

    write(buffer: Uint8Array): void {
      power.check();
      if (!this.#ready) throw new Error("not ready");
      if (buffer.byteLength > this.#writable()) throw new Error("would block");
      this.#tls.write(Uint8Array.from(buffer), () => this.#reportRoom());
    }

    close(): void {
      if (this.#closed) return;
      this.#closed = true;
      this.#received.clear();
      this.#tls.resume();
      this.#tls.end(() => this.#transport.close());
      // The socket must be closed even if the peer never takes the last record.
      setTimeout(() => this.#transport.close(), 200).unref();
    }

    /** Takes one record at a time: the next one is decrypted once this one is read. */
    #receive(bytes: Buffer): void {
      if (this.#closed) return;
      this.#received.push(bytes);
      this.#tls.pause();
      this.#call(() => this.#callbacks.onReadable?.(this.#received.byteLength));
    }

    /** Does nothing if there is only room for a record's overhead. */
    #reportRoom(): void {
      const room = this.#writable();
      if (room > 0) this.#call(() => this.#callbacks.onWritable?.(room));
    }

    #writable(): number {
      return Math.max(0, 8192 - this.#tls.writableLength - RECORD_OVERHEAD);
    }

    #chainFault(): Error | undefined {
      if (this.#transport.chain.count === 1) return new Error("certificate: auth err (leaf alone)");
      return hasKeyIdentifiers(this.#tls) ? undefined : new TypeError("invalid buffer");
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

function secureOptions(secure: TlsSocketOptions["secure"], strict: boolean): object {
  const certificate = secure.clientCertificates?.[0];
  return {
    ca: secure.certificate === undefined ? rootCertificates : [...rootCertificates, pem(secure.certificate)],
    ...(certificate === undefined ? {} : { cert: pem(certificate) }),
    ...(secure.clientKey === undefined ? {} : { key: keyPem(secure.clientKey, strict) }),
  };
}

/** id-ce-authorityKeyIdentifier, as it stands in a certificate. */
const AUTHORITY_KEY_IDENTIFIER = Buffer.from("0603551d23", "hex");

/** The SDK looks for the identifier in every certificate behind the leaf, and fails on one that has none. */
function hasKeyIdentifiers(socket: TLSSocket): boolean {
  let { issuerCertificate: issuer } = socket.getPeerCertificate(true);
  while (issuer?.raw !== undefined) {
    if (!issuer.raw.includes(AUTHORITY_KEY_IDENTIFIER)) return false;
    if (issuer.issuerCertificate === issuer) return true;
    issuer = issuer.issuerCertificate;
  }
  return true;
}

function pem(der: Uint8Array): string {
  return new X509Certificate(der).toString();
}

function keyPem(der: Uint8Array, strict: boolean): string {
  const key = createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" });
  // The SDK can sign only with RSA, and throws this once a server asks for a certificate.
  if (strict && key.asymmetricKeyType !== "rsa") throw new Error("certificateVerify: unimplemented");
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

/** As in the SDK, the TLS socket keeps its count of unread bytes in the TCP. */
type CountedTcp = PokableTcp & { readable: number };

interface TransportOptions {
  readonly power: Power;
  /** Whether decrypted bytes are unread. While there are any, no more is taken from the TCP. */
  hasUnread(): boolean;
  onEnd(): void;
}

/** Makes the given TCP a stream, which Node's TLS needs. */
class Transport extends Duplex {
  readonly chain = new CertificateChain();
  readonly #tcp: CountedTcp;
  readonly #options: TransportOptions;
  #failure: Error | undefined;
  #readOn: NodeJS.Immediate | undefined;
  /** Whether the last bytes were taken from the TCP in a timer: an error in them is thrown in the same place. */
  #inTimer = false;
  #room = 0;
  #pending: { bytes: Buffer; done: (error?: Error | null) => void } | undefined;
  /** Nothing can be written any more: bytes that Node's TLS still writes are dropped. */
  #over = false;

  constructor(socket: TlsSocketOptions, options: TransportOptions) {
    super();
    this.#options = options;
    this.#tcp = new socket.TCP.io({
      ...socket,
      onReadable: (count) => {
        if (this.#failure !== undefined) throw this.#failure;
        this.#tcp.readable = count;
        this.#inTimer = false;
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
        options.onEnd();
      },
    }) as CountedTcp;
    this.#tcp.readable = 0;
  }

  fail(error: Error): void {
    this.#failure = error;
    if (!this.#inTimer) this.#tcp[poke]();
    else {
      setImmediate(() =>
        this.#options.power.run(() => {
          throw error;
        }),
      );
    }
  }

  readOnLater(): void {
    if (this.#tcp.readable === 0) return;
    this.#readOn ??= setImmediate(() => {
      this.#readOn = undefined;
      if (this.#tcp.readable === 0) return;
      this.#inTimer = true;
      this.#pull();
    });
  }

  close(): void {
    this.#over = true;
    clearImmediate(this.#readOn);
    this.#tcp.close();
    this.destroy();
  }

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#pending = { bytes, done };
    this.#flush();
  }

  #pull(): void {
    const count = this.#tcp.readable;
    if (count === 0 || this.#options.hasUnread()) return;
    const bytes = Buffer.alloc(count);
    this.#tcp.readable = 0;
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

  /** @returns how many bytes were written or dropped */
  #write(piece: Buffer): number {
    try {
      this.#tcp.write(piece);
    } catch {
      // The connection has ended or the power is cut. The TCP's own callback reports it.
      this.#over = true;
    }
    return piece.byteLength;
  }
}
