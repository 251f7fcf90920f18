import type { ComponentOptions, LogLevel, OtaConfig } from "moddable-ota";
import type { RegisterOptions } from "moddable-ota/registration";
import { COMMAND, encodeMessage, type MessageReader } from "./messages.js";

/** What the agent in the engine is made from. */
export interface Setup {
  readonly config: OtaConfig;
  /** How the board registers itself; for `COMMAND.register` alone. */
  readonly registration?: Pick<RegisterOptions, "productSecret" | "url" | "authority"> | undefined;
  /** Lines of a lower level are not made at all. */
  readonly logLevel: LogLevel;
  readonly tellsEvents: boolean;
  readonly hasDigest: boolean;
  /** The board has native code for signatures. */
  readonly hasSignatures: boolean;
  /** The board has native code for packages. */
  readonly hasDecoder: boolean;
  /** Region length of the board's flash, in bytes; absent for the default. */
  readonly regionLength?: number | undefined;
  /** The host has the application's self test. */
  readonly hasSelfTest: boolean;
  /** The agent has the part `control`. */
  readonly hasControl: boolean;
  /** The agent has the part `packages`. */
  readonly hasPackages: boolean;
  /** The agent has the part `mqtt`. */
  readonly hasMqtt: boolean;
  /** All of them use the link of the first one, so that a measurement counts the agent and not the links. */
  readonly sharesLink: boolean;
  /** The host knows them by their index. Those of the sub-devices follow: see `COMMAND.addSubDevice`. */
  readonly components: readonly (Omit<ComponentOptions, "version" | "install"> & {
    /** Time between two pieces of an installation, in milliseconds. */
    readonly pauseMs?: number | undefined;
  })[];
}

/** Stands in the JSON for bytes that follow it: the number counts them from 0. */
interface BytesAt {
  readonly $bytes: number;
}

/** @param code `COMMAND.create` or `COMMAND.register` */
export function encodeSetup(setup: Setup, code: number = COMMAND.create): Uint8Array {
  const taken: Uint8Array[] = [];
  // `value` cannot be used: Node's Buffer has already turned itself into an object by its `toJSON`.
  const json = JSON.stringify(setup, function (this: { [key: string]: unknown }, key, value: unknown) {
    const own = this[key];
    return own instanceof Uint8Array ? ({ $bytes: taken.push(own) - 1 } satisfies BytesAt) : value;
  });
  return encodeMessage(code, json, ...taken);
}

export function decodeSetup(message: MessageReader): Setup {
  const json = message.text();
  const taken: Uint8Array[] = [];
  while (!message.ended) taken.push(message.bytes().slice());
  return JSON.parse(json, (_key, value: unknown) => (isBytesAt(value) ? taken[value.$bytes] : value)) as Setup;
}

function isBytesAt(value: unknown): value is BytesAt {
  return typeof value === "object" && value !== null && "$bytes" in value;
}
