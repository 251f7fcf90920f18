import type { Packages } from "../ports/index.js";

/**
 * The ECMA-419 modules, and the few of the Moddable SDK, as the adapters use them. A board hands them over; the
 * adapters import none. Shapes follow the SDK, not npm's typings, which lack storage.
 */

/** `embedded:storage/flash`. */
export interface FlashModule {
  /** @param options.path `nextota`, `running` or the label of a data partition; writable unless `mode` says `r` */
  open(options: { path: string; mode?: "r" | "r+" }): FlashInstance;
}

export interface FlashInstance {
  status(): { size: number; blockLength: number; blocks: number };
  read(buffer: Uint8Array, byteOffset: number): unknown;
  write(buffer: Uint8Array, byteOffset: number): void;
  /** Erases the blocks from `start` up to, but not including, `end`. */
  eraseBlock(start: number, end: number): void;
  close(): void;
}

/** `embedded:storage/key-value`. */
export interface KeyValueModule {
  open(options: { path: string; mode?: "r" | "r+"; format?: "buffer" }): KeyValueInstance;
}

export interface KeyValueInstance {
  read(key: string): ArrayBuffer | undefined;
  write(key: string, value: Uint8Array | ArrayBuffer): void;
  delete(key: string): void;
  close(): void;
}

/** The same module, opened with the format `string`: its values are what ESP-IDF stores by `nvs_set_str`. */
export interface KeyValueStringsModule {
  open(options: { path: string; mode?: "r" | "r+"; format: "string" }): KeyValueStrings;
}

export interface KeyValueStrings {
  /** Throws a TypeError if the key holds something other than a string. */
  read(key: string): string | undefined;
  write(key: string, value: string): void;
  delete(key: string): void;
  close(): void;
}

export interface SocketOptions {
  address: string;
  port: number;
  nodelay?: boolean;
  onReadable?(count: number): void;
  onWritable?(count: number): void;
  onError?(): void;
}

export interface SocketInstance {
  /** TCP throws if the buffer is longer than what is available; TLS fills what it can. */
  read(buffer: Uint8Array): unknown;
  /** Throws if the buffer is longer than what may be written. */
  write(buffer: Uint8Array): unknown;
  close(): void;
}

/** `embedded:io/socket/tcp`. */
export type TcpConstructor = new (options: SocketOptions) => SocketInstance;

export interface TlsSocketOptions extends SocketOptions {
  host: string;
  TCP: { io: TcpConstructor };
  secure: {
    certificate?: Uint8Array | undefined;
    clientCertificates?: Uint8Array[] | undefined;
    clientKey?: Uint8Array | undefined;
    /** Most bytes in a record that the server is asked for. */
    tls_max_fragment_length?: number | undefined;
  };
}

/** `embedded:io/socket/tcp/tls`. */
export type TlsConstructor = new (options: TlsSocketOptions) => SocketInstance;

/** The SDK's `timer`. */
export interface TimerModule {
  set(callback: () => void, delayMs: number): unknown;
  clear(id: unknown): void;
}

/** The SDK's `time`. `ticks` is a signed 32-bit count of milliseconds that wraps. */
export interface TimeModule {
  readonly ticks: number;
}

/** The SDK's `crypt` Digest: `MD5`, `SHA1`, `SHA256`. */
export type DigestConstructor = new (
  algorithm: string,
) => {
  write(bytes: Uint8Array): unknown;
  close(): ArrayBuffer;
};

/** The names of `esp_ota_img_states_t` by value; 0xFFFFFFFF is `undefined`. */
export type PlatformImageState = "new" | "pending-verify" | "valid" | "invalid" | "aborted" | "undefined";

/**
 * What ECMA-419 lacks, as one small module per board. A failure is thrown as an Error whose message is the name of an
 * `esp_err_t`.
 */
export interface PlatformModule {
  boot: {
    runningSlot(): string;
    targetSlot(): string;
    /** @returns `undefined` if otadata has no record of the slot */
    imageState(slot: string): PlatformImageState | undefined;
    /** Version of the application descriptor in the slot. */
    imageVersion(slot: string): string | undefined;
    /** `secure_version` of the application descriptor in the slot. */
    secureVersion(slot: string): number | undefined;
    chipId(): number;
    /** Erases otadata's record of the target slot, if there is one. */
    forgetTarget(): void;
    /** `esp_ota_set_boot_partition`: verifies the image first. */
    setPending(): void;
    /** `esp_ota_mark_app_valid_cancel_rollback`. */
    confirm(): void;
    /** `esp_ota_mark_app_invalid_rollback`, without the restart. */
    revert(): void;
    restart(): void;
  };
  /**
   * Calls back with an address of the host, or with `undefined` if it has none. It is asked before each connection: if
   * the host has several addresses and the resolver knows them, it gives another one each time. The SDK's knows one.
   */
  resolve(host: string, callback: (host: string, address: string | undefined) => void): void;
  randomFill(into: Uint8Array): void;
  /** As `Signatures.verifyP256` of the ports; absent if the board has no native code for it. */
  verifyP256?: ((publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean) | undefined;
  /** As `Packages.decodeBlock` of the ports; absent if the board has no native code for it. */
  decodeBlock?: Packages["decodeBlock"] | undefined;
  /** Seconds since 1970, or `undefined` if the clock was never set. */
  unixTime(): number | undefined;
  /** Charge of the battery, in percent. It is unknown if this function is absent, returns `undefined` or throws. */
  batteryPercent?(): number | undefined;
  /** Strength of the radio signal, in dBm. It is unknown if this function is absent, returns `undefined` or throws. */
  signalDbm?(): number | undefined;
}

/** Everything that a board hands to `createDevice`. */
export interface BoardModules {
  flash: FlashModule;
  /** Bytes that the chip erases at once, if that is not 64 KiB. */
  regionLength?: number | undefined;
  keyValue: KeyValueModule;
  TCP: TcpConstructor;
  TLS: TlsConstructor;
  Timer: TimerModule;
  Time: TimeModule;
  /** Absent if the board has no native digest. */
  Digest?: DigestConstructor | undefined;
  platform: PlatformModule;
}
