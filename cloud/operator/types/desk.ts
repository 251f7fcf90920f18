import type { FaultRecord } from "../../faults/fault.js";
import type { Actor } from "./common.js";

/** What a desk needs: faults on purpose, and URLs for a download by hand. */
export interface DeskOperations {
  faults(): Promise<readonly FaultRecord[]>;
  addFault(fault: unknown, actor: Actor): Promise<FaultRecord>;
  clearFaults(id: number | undefined, actor: Actor): Promise<number>;
  /** @returns a signed URL, as a device gets it; it must not be logged */
  signedUrl(request: {
    readonly productId: string;
    readonly version?: string;
    readonly deviceName?: string;
    readonly lifetimeSec?: number;
  }): Promise<string>;
}
