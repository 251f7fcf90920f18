import type { FaultSpec } from "../faults/fault.js";
import type { EndedSignIn } from "../operator/types.js";
import type { Work } from "../rollout/work.js";
import type { DeviceName } from "../types.js";

/** What an operator has changed that others keep in memory: the leader, or whoever runs faults. */
export type Signal =
  | {
      readonly do: "binding-changed";
      readonly gateway: DeviceName;
      readonly subDevice: DeviceName;
      readonly bound: boolean;
    }
  | { readonly do: "device-removed"; readonly device: DeviceName }
  | ({ readonly do: "sign-in-ended" } & EndedSignIn)
  | { readonly do: "fault-added"; readonly fault: FaultSpec }
  | { readonly do: "faults-cleared"; readonly id?: number };

/** Tells all processes something, once the transaction is stored. */
export interface SignalTeller {
  /** @returns the signal's id, or 0 if there is only this process */
  tell(work: Work, signal: Signal): Promise<number>;
  /** To be called after the transaction. @returns once this process has acted on the signal; at the latest after 3 s */
  taken(id: number): Promise<void>;
}

/** One process on a folder tells itself. */
export function localTeller(apply: (signal: Signal) => void): SignalTeller {
  return {
    tell: async (work, signal) => {
      work.after(() => apply(signal));
      return 0;
    },
    taken: async () => {},
  };
}

/** Stores each signal in the transaction that it follows from; the feed of each process finds it there. */
export function storedTeller(onTold: () => void, taken: SignalTeller["taken"]): SignalTeller {
  return {
    tell: async (work, signal) => {
      const id = await work.tables.signals.append(work.nowMs, JSON.stringify(signal));
      work.after(onTold);
      return id;
    },
    taken,
  };
}
