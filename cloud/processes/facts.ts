import type { FaultRecord } from "../faults/fault.js";
import type { BrokerCondition } from "../operator/health.js";

/** What only the leader knows, as it tells the other processes each second. */
export interface LeaderFacts {
  /** How many devices of each product are online, as far as that is known. */
  readonly online: { readonly [productId: string]: number };
  /** How many devices are connected, as far as that is known. */
  readonly connected: number;
  readonly broker: BrokerCondition;
  /** Messages of devices since it leads. */
  readonly messages: number;
  readonly faults: readonly FaultRecord[];
}

/** @returns `undefined` if nobody has led yet */
export function readFacts(text: string): LeaderFacts | undefined {
  const facts = JSON.parse(text) as Partial<LeaderFacts>;
  return facts.broker === undefined ? undefined : (facts as LeaderFacts);
}
