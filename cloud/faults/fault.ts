/** Which requests, messages or connections a fault is for. */
export interface FaultScope {
  /** Default: every product. */
  readonly product?: string;
  /** A device of the product. Default: every device. */
  readonly device?: string;
  /** How often the fault strikes, 1 or more. Default: until it is cleared. */
  readonly times?: number;
}

/** What goes wrong. `bytes` counts bytes of a body, from where the answer begins. */
export type FaultEffect =
  /** The file comes no faster than this. */
  | { readonly fault: "slow"; readonly bytesPerSecond: number }
  /** Nothing comes after these bytes, and the connection stays open. */
  | { readonly fault: "stall"; readonly bytes: number }
  /** The connection ends after these bytes. */
  | { readonly fault: "cut"; readonly bytes: number }
  /** The connection is reset (TCP RST) after these bytes or, without `bytes`, instead of an answer. */
  | { readonly fault: "reset"; readonly bytes?: number }
  /** Another answer than the file. */
  | {
      readonly fault: "status";
      readonly status: number;
      readonly headers?: { readonly [name: string]: string };
      readonly body?: string;
    }
  /** 200 and the whole file, although a range was requested. */
  | { readonly fault: "no-range" }
  /** 206 with a range that begins `shift` bytes later than the requested one. */
  | { readonly fault: "wrong-range"; readonly shift?: number }
  /** The byte at `offset` of the file is inverted. Default: the one in the middle. */
  | { readonly fault: "wrong-bytes"; readonly offset?: number }
  /** So many redirects (302) before the file. */
  | { readonly fault: "redirect"; readonly hops: number }
  /** The TLS handshake ends with this alert (RFC 8446 §6). Default: 40, handshake_failure. */
  | { readonly fault: "tls-refuse"; readonly alert?: number }
  /** The offer has another MD5 than the file. */
  | { readonly fault: "wrong-md5" }
  /** The URL in the offer is no longer valid. */
  | { readonly fault: "expired" }
  /** CONNECT is answered with this return code (MQTT 3.1.1 §3.2.2.3). */
  | { readonly fault: "refuse"; readonly code: number }
  /** A message of the device ends its connection, and is lost. */
  | { readonly fault: "drop"; readonly type?: string }
  /** A message of the device with QoS 1 is handled, and not acknowledged. */
  | { readonly fault: "lose-puback"; readonly type?: string }
  /** A message to the device is lost. */
  | { readonly fault: "lose"; readonly type?: string }
  /** A message to the device is so late. */
  | { readonly fault: "delay"; readonly ms: number; readonly type?: string }
  /** A message to the device comes twice. */
  | { readonly fault: "duplicate"; readonly type?: string }
  /** A message to the device comes behind the next one. */
  | { readonly fault: "reorder"; readonly type?: string }
  /** A simulated board loses its power at this moment, and gets it back when the fault is removed. Default: at once. */
  | { readonly fault: "power-off"; readonly at?: PowerMoment }
  /** What a simulated board measures of its battery. */
  | { readonly fault: "low-battery"; readonly percent: number };

/** At once; when the board has got an offer; or once it has reported that it burns, before its restart. */
export const POWER_MOMENTS = ["now", "offer", "burning"] as const;
export type PowerMoment = (typeof POWER_MOMENTS)[number];

export type FaultName = FaultEffect["fault"];
export type FaultSpec = FaultScope & FaultEffect;

/**
 * The moment at which a fault can strike. At each moment the first fault that fits strikes, and no other one of that
 * moment. So a download can be slow and be cut.
 */
export const MOMENTS = {
  "tls-refuse": "handshake",
  status: "answer",
  redirect: "answer",
  "no-range": "range",
  "wrong-range": "range",
  "wrong-bytes": "content",
  slow: "pace",
  stall: "end",
  cut: "end",
  reset: "end",
  "wrong-md5": "offer",
  expired: "offer",
  refuse: "connect",
  drop: "report",
  "lose-puback": "report",
  lose: "message",
  delay: "message",
  duplicate: "message",
  reorder: "message",
  "power-off": "power",
  "low-battery": "battery",
} as const satisfies { readonly [Name in FaultName]: string };

export type Moment = (typeof MOMENTS)[FaultName];

/** The faults of one moment. */
export type FaultAt<At extends Moment> = Extract<
  FaultEffect,
  { readonly fault: { [Name in FaultName]: (typeof MOMENTS)[Name] extends At ? Name : never }[FaultName] }
>;

/** Whom a request, message or connection belongs to. A part that is not known fits only faults that do not name it. */
export interface FaultTarget {
  readonly productId?: string | undefined;
  readonly deviceName?: string | undefined;
}

/** A fault as it is shown. */
export interface FaultRecord {
  readonly id: number;
  readonly spec: FaultSpec;
  /** How often it has struck. */
  readonly struck: number;
}

/** @returns a fault in one line without its scope: `cut bytes=65536` */
export function describeEffect(spec: FaultSpec): string {
  const { fault, product: _product, device: _device, times: _times, ...settings } = spec;
  const words = Object.entries(settings).map(([key, value]) => {
    // A header field or a body could hold a URL with its signature.
    if (key === "body") return `body of ${String(value).length} characters`;
    return `${key}=${typeof value === "object" ? Object.keys(value).join() : value}`;
  });
  return [fault, ...words].join(" ");
}

/** @returns `ABCDE12345/light_01`, `ABCDE12345`, or `all` */
export function describeScope({ product, device }: FaultScope): string {
  return product === undefined ? "all" : device === undefined ? product : `${product}/${device}`;
}
