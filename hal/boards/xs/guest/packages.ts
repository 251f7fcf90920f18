import type { PlatformModule } from "../../../ecma419/modules.js";
import { counted, type Host } from "./host.js";
import { CALL, encodeMessage } from "./messages.js";

/** Only our own process provides these, in C: see host/slot-requests.h. */
declare const slotRequests: ((running: ArrayBufferLike, target: ArrayBufferLike) => void) | undefined;
declare const decodeBlock: PlatformModule["decodeBlock"];

/** @returns the chip's decoder, which reads the slots of the host's board; `undefined` in xsnap's process */
export function createDecodeBlock(host: Host): PlatformModule["decodeBlock"] {
  if (slotRequests === undefined || decodeBlock === undefined) return undefined;
  const before = counted();
  // C adds how many bytes, and where.
  const [running, target] = ["running", "nextota"].map((path) =>
    encodeMessage(CALL.flashRead, host.call(CALL.flashOpen, path, "r").number()),
  ) as [Uint8Array, Uint8Array];
  slotRequests(running.buffer, target.buffer);
  counted(before);
  return decodeBlock;
}
