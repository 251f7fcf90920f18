import type { Power } from "../../hal/boards/sim/power.js";
import { createTcp } from "../../hal/boards/sim/tcp.js";
import { createTls } from "../../hal/boards/sim/tls.js";
import type { SocketInstance, SocketOptions, TcpConstructor, TlsSocketOptions } from "../../hal/ecma419/modules.js";
import { AUTHORITY } from "./tls-fixtures.js";

export interface TlsNearOptions {
  readonly power: Power;
  readonly host?: string;
  readonly strict?: boolean;
  readonly port: number;
  readonly authority?: Uint8Array | undefined;
  readonly certificate?: Uint8Array;
  readonly key?: Uint8Array;
}

/** A TLS socket of the simulated board, which notes its callbacks. */
export interface TlsNear {
  socket: SocketInstance;
  readonly events: string[];
  readonly errorArguments: unknown[][];
  /** What was thrown inside the TCP's callbacks. */
  readonly thrown: unknown[];
  available: number;
  onReadable(count: number): void;
  onWritable(count: number): void;
  onError(): void;
}

export function openTls(options: TlsNearOptions): TlsNear {
  const near: TlsNear = {
    socket: undefined as never,
    events: [],
    errorArguments: [],
    thrown: [],
    available: 0,
    onReadable: () => {},
    onWritable: () => {},
    onError: () => {},
  };
  const secure: TlsSocketOptions["secure"] = {
    certificate: "authority" in options ? options.authority : AUTHORITY,
    ...(options.certificate === undefined ? {} : { clientCertificates: [options.certificate] }),
    ...(options.key === undefined ? {} : { clientKey: options.key }),
  };
  const TLS = createTls(options.power, options.strict ?? true);
  near.socket = new TLS({
    address: "127.0.0.1",
    port: options.port,
    host: options.host ?? "127.0.0.1",
    TCP: { io: catching(options.power, near) },
    secure,
    onReadable: (count) => {
      near.events.push(`readable ${count}`);
      near.available = count;
      near.onReadable(count);
    },
    onWritable: (count) => {
      near.events.push(`writable ${count}`);
      near.onWritable(count);
    },
    onError: (...parts: unknown[]) => {
      near.events.push("error");
      near.errorArguments.push(parts);
      near.onError();
    },
  });
  return near;
}

/** A TCP that catches what is thrown inside its callbacks. */
function catching(power: Power, near: TlsNear): TcpConstructor {
  return class extends createTcp(power) {
    constructor(options: SocketOptions) {
      const guarded = (action: () => void): void => {
        try {
          action();
        } catch (error) {
          near.events.push("thrown");
          near.thrown.push(error);
        }
      };
      super({
        ...options,
        onReadable: (count) => guarded(() => options.onReadable?.(count)),
        onWritable: (count) => guarded(() => options.onWritable?.(count)),
        onError: () => guarded(() => options.onError?.()),
      });
    }
  };
}
