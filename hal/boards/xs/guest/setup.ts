import type { ComponentOptions, DeviceName, LogLevel, OtaConfig } from "moddable-ota";
import { COMMAND, encodeMessage, type MessageReader } from "./messages.js";

/** What the agent in the engine is made of. */
export interface Setup {
  readonly config: OtaConfig;
  /** Lines of lower rank are not made at all. */
  readonly logLevel: LogLevel;
  readonly tellsEvents: boolean;
  readonly hasDigest: boolean;
  /** Of the board's flash, if it has one of its own. */
  readonly regionLength?: number | undefined;
  /** The host has the application's self test. */
  readonly hasSelfTest: boolean;
  /** Of a gateway: known by their index. */
  readonly subDevices: readonly DeviceName[];
  /** All of them have the link of the first, so that what is measured is the agent. */
  readonly sharesLink: boolean;
  /** Their indexes follow those of the sub-devices. */
  readonly components: readonly Omit<ComponentOptions, "version" | "install">[];
}

/** Stands in the JSON for the bytes of that number. */
interface BytesAt {
  readonly $bytes: number;
}

export function encodeSetup(setup: Setup): Uint8Array {
  const taken: Uint8Array[] = [];
  // Not `value`: Node's Buffer has made itself an object by then.
  const json = JSON.stringify(setup, function (this: { [key: string]: unknown }, key, value: unknown) {
    const own = this[key];
    return own instanceof Uint8Array ? ({ $bytes: taken.push(own) - 1 } satisfies BytesAt) : value;
  });
  return encodeMessage(COMMAND.create, json, ...taken);
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
