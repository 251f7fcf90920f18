import { constants, createHmac, randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import type { TlsOptions } from "node:tls";
import { shortened } from "./refusals.js";

/**
 * TLS-PSK (RFC 4279), by which the vendor's C SDK connects in its default build: the identity is the client id, the key
 * the device's secret. The SDK offers only the last two suites; the others are for better clients.
 */
const SUITES = [
  "ECDHE-PSK-CHACHA20-POLY1305",
  "ECDHE-PSK-AES128-CBC-SHA256",
  "PSK-AES128-GCM-SHA256",
  "PSK-AES256-GCM-SHA384",
  "PSK-AES128-CBC-SHA256",
  "PSK-AES128-CBC-SHA",
  "PSK-AES256-CBC-SHA",
];

/** Bytes of the key that stands in for a device's that is not known: as many as a secret has that the cloud makes. */
const DECOY_BYTES = 16;

export interface PskOptions {
  /** @returns the device's secret in base64 */
  secretOf(clientId: string): string | undefined;
}

/** What a TLS-PSK handshake says about the client id of a CONNECT; `none` if the connection had no such handshake. */
export type PskProof = "proven" | "not-proven" | "none";

/** The handshakes of a listener for TLS-PSK. */
export class Psk {
  readonly #options: PskOptions;
  readonly #decoyKey = randomBytes(32);
  readonly #handshakes = new WeakMap<object, { readonly identity: string; readonly secret: string | undefined }>();

  constructor(options: PskOptions) {
    this.#options = options;
  }

  /** For the listener. TLS 1.2 alone: the vendor's SDK knows no 1.3, whose keys are bound to a hash. */
  get tlsOptions(): TlsOptions {
    return {
      ciphers: SUITES.join(":"),
      minVersion: "TLSv1.2",
      maxVersion: "TLSv1.2",
      // A session that was resumed by a ticket would show no identity, and would outlive the device's secret.
      secureOptions: constants.SSL_OP_NO_TICKET,
      pskCallback: (socket, identity) => this.#keyOf(socket, identity),
    };
  }

  /** @param socket of a connection whose handshake has succeeded */
  proofOf(socket: object, clientId: string): PskProof {
    const handshake = this.#handshakes.get(socket);
    if (handshake === undefined) return "none";
    const { identity, secret } = handshake;
    // The device may have been removed, and added anew, since the handshake.
    return identity === clientId && secret === this.#options.secretOf(clientId) ? "proven" : "not-proven";
  }

  /** @returns why a handshake failed, for the log; `undefined` if it did not come to a key */
  describe(socket: Socket): string | undefined {
    const handshake = this.#handshakes.get(socket);
    if (handshake === undefined) return undefined;
    const { identity, secret } = handshake;
    return `TLS-PSK with ${secret === undefined ? "unknown identity" : "a wrong key for"} ${shortened(identity)}`;
  }

  /**
   * An unknown identity gets a key that nobody has, always the same one: its handshake fails as with a wrong key, so
   * that nobody can find out which devices there are (RFC 4279 §2).
   */
  #keyOf(socket: object, identity: string): Buffer {
    const decoy = createHmac("sha256", this.#decoyKey).update(identity).digest().subarray(0, DECOY_BYTES);
    const secret = this.#options.secretOf(identity);
    const key = Buffer.from(secret ?? "", "base64");
    const isKnown = key.byteLength > 0;
    this.#handshakes.set(socket, { identity, secret: isKnown ? secret : undefined });
    return isKnown ? key : decoy;
  }
}
