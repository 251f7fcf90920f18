/*
 * What happens around one update, as data alone, so that it can be run with any engine. Everything that is not named
 * goes well.
 */

/** The file that is meant. `same`: as offered. */
export type FileName =
  | "same"
  | "other"
  | "flipped"
  | "text"
  | "page"
  | "short-page"
  | "other-chip"
  | "other-version"
  | "bad-checksum"
  | "shorter"
  | "longer"
  /** Of packages alone: with a record that cannot be decoded, or for another base than what runs. */
  | "hostile"
  | "strayed";

export type Packing = "delta" | "compressed";

/** What the file server does with one try to reach it, from the name to the last byte. */
export interface HttpAnswer {
  readonly connect?: "no-address" | "refused" | "silent";
  /** What the TLS handshake throws, in the words of the SDK. */
  readonly handshake?: string;
  /** Instead of an answer. */
  readonly raw?: string;
  /** Sent before the answer: interim responses. */
  readonly interim?: string;
  /** Instead of the file. */
  readonly status?: number;
  /**
   * More fields, other values, or none of this name. `{first}` `{last}` `{size}` `{next}` stand for numbers of bytes.
   */
  readonly fields?: { readonly [name: string]: string | null };
  readonly file?: FileName;
  /** The whole file with a 200, whatever was asked for. */
  readonly ignoresRange?: boolean;
  /** Instead of the file, to whoever asks for a range. */
  readonly refusesRange?: number;
  /** A 206 that begins so many bytes before what was asked for, at the first byte at the earliest. */
  readonly earlier?: number;
  /** A piece of the file with a 200. */
  readonly slices?: boolean;
  /** A 206 that stops after this share of what was asked for, and declares that in its Content-Range. */
  readonly serves?: number;
  readonly framing?: "length" | "chunked" | "close";
  readonly chunks?: "extended" | "padded" | "bad-size" | "overlong" | "unending";
  /** Bytes after the end of the body. */
  readonly extra?: number;
  /** After so many bytes of the body the connection ends. */
  readonly stopsAfter?: number;
  /** After this share of the head's or the body's bytes the connection ends, or nothing more comes. */
  readonly breaks?: { readonly in: "head" | "body"; readonly share: number; readonly then: "end" | "stall" };
  readonly pace?: { readonly bytes: number; readonly everyMs: number };
  /** The connection stays open after the last byte. */
  readonly lingers?: boolean;
}

/** What the broker receives, by its first word. */
export type Word = "connect" | "subscribe" | "version" | "downloading" | "burning" | "done" | "fail" | "ping";

/** How the broker treats one connection. */
export interface BrokerConnection {
  readonly connect?: "no-address" | "refused" | "silent";
  readonly connack?: number | "none";
  readonly suback?: number | "none";
  /** The broker ends the connection when this comes, before it does anything about it. */
  readonly endsAt?: Word;
  /** This is lost on its way to the broker, which does not answer. */
  readonly loses?: Word;
  /** The PUBACK of this goes wrong: none at all, that of another packet, or one that comes 15 s late or twice. */
  readonly puback?: { readonly of: Word; readonly how: "none" | "wrong" | "late" | "twice" };
  readonly pings?: "unanswered";
  /** The broker sends these bytes when this comes. */
  readonly says?: { readonly at: Word; readonly bytes: readonly number[] };
  /** All its bytes come one at a time. */
  readonly dribbles?: boolean;
}

/** A message to the device. */
export interface Message {
  /**
   * The true offer with these fields changed; `undefined` ones are left out, `{MD5}` is the true one in upper case,
   * `{RUNNING}` the running version.
   */
  readonly offer?: { readonly [field: string]: unknown };
  /** Sent instead of an offer: text, or bytes that are no text. */
  readonly text?: string;
  readonly bytes?: readonly number[];
  readonly delayMs?: number;
  readonly flags?: { readonly qos1?: boolean; readonly duplicate?: boolean; readonly retained?: boolean };
  readonly topic?: string;
}

export type Incident =
  | { readonly do: "say"; readonly messages: readonly Message[] }
  /** The operator wants another version. */
  | { readonly do: "offer"; readonly version: string }
  | { readonly do: "drop-broker" }
  | { readonly do: "cut-power" }
  /** The application stops the agent, looks that nothing is left, and restarts the board. */
  | { readonly do: "stop" }
  /** The wall clock, and the ticks of boards whose ticks are the wall clock. */
  | { readonly do: "set-clock"; readonly byMs: number };

/** Once: at a time of the run, or when the platform gets a report that begins so (`downloading 40`: or more). */
export type Occasion = { readonly atMs: number } | { readonly at: string };

export interface Scenario {
  readonly name: string;
  /** The operator starts no update: offers come only from `messages`. */
  readonly quiet?: boolean;
  /** Version that is offered; default 0.2.0. */
  readonly version?: string;
  readonly size?: number;
  /** The offered file, byte for byte. */
  readonly content?: FileName;
  /** The offered file is a package that makes the image; the board takes packages. */
  readonly packed?: Packing;
  readonly url?: string;
  /** Tries to reach the file, in turn; afterwards `always`, or all goes well. */
  readonly http?: readonly HttpAnswer[];
  readonly always?: HttpAnswer;
  readonly mqtt?: readonly BrokerConnection[];
  /** A broker that does not take the new firmware. */
  readonly refusesNew?: boolean;
  /** Instead of the right answers to the first version reports. */
  readonly answers?: readonly (readonly Message[])[];
  readonly incidents?: readonly (Occasion & Incident)[];
  readonly ticksAtStart?: number;
  readonly wallClock?: number;
  readonly cuts?: readonly Cut[];
}

/** The power goes inside the nth change to flash or key-value store after the cut before it. */
export interface Cut {
  readonly operation: number;
  /** Selects one of the ways in which that operation can be cut. */
  readonly mode: number;
}

/** How it must end. */
export interface Outcome {
  /** Version that runs in the end. Default: the new one for `done`, the old one otherwise. */
  readonly version?: string;
  /** The one terminal report: `done`, `fail -1 time_out`, …, or how it begins; `undefined`: none was due. */
  readonly report: string | undefined;
  /** Requests for the file that reached a server. */
  readonly requests: number;
  /** The start of each request: the first byte, or not before the start of the request ahead of it. */
  readonly offsets?: readonly ("start" | "later")[];
  /** CONNECT packets. */
  readonly connects?: number;
  /** Shortest time from power-on to the result. */
  readonly atLeastMs?: number;
  readonly atMostMs?: number;
  /** What must have been reported to the platform, in this order, among other things. */
  readonly words?: readonly string[];
  /** How often each of these must have been reported. */
  readonly heard?: { readonly [word: string]: number };
  /** Hosts, other than the offer's server, that got requests. */
  readonly hosts?: readonly string[];
}

/** `small`: the outcome holds for images of a few KiB. */
export type Behaviour = Scenario & { readonly ends: Outcome; readonly small?: boolean };
