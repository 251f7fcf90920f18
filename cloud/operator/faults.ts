import type { FaultList } from "../faults/fault-list.js";
import type { FaultRecord } from "../faults/fault.js";
import { parseFault } from "../faults/parse.js";
import { CloudError } from "../types.js";
import { audit, type OperatorContext } from "./context.js";
import { type Actor, Refusal, type RefusalCode } from "./types.js";

/** @throws Refusal if no cloud runs on the folder */
export function faultList({ faults }: OperatorContext): FaultList {
  if (faults !== undefined) return faults;
  throw new Refusal(
    "not-running",
    "no cloud runs on this folder, so there are no faults: start it, or give serve --faults",
  );
}

/** @returns the faults of the cloud, wherever they strike. @throws Refusal if no cloud runs on the folder */
export function knownFaults(context: OperatorContext): readonly FaultRecord[] {
  const own = faultList(context).list();
  return context.leaderFaults?.() ?? own;
}

/** @throws Refusal if it is no fault, or no cloud runs */
export async function addFault(context: OperatorContext, fault: unknown, actor: Actor): Promise<FaultRecord> {
  const list = faultList(context);
  const spec = refusing("invalid", () => parseFault(fault));
  refusing("invalid", () => list.check(spec));
  const { record, signal } = await context.transactions.run(async (work) => {
    // With several processes, all have it under the number of the signal.
    const id = await context.signals.tell(work, { do: "fault-added", fault: spec });
    const added = id === 0 ? list.add(spec) : { id, spec, struck: 0 };
    await audit(work, actor, "fault-add", String(added.id));
    return { record: added, signal: id };
  });
  await context.signals.taken(signal);
  return record;
}

/** @param id absent: all of them. @returns how many there were. @throws Refusal */
export async function clearFaults(context: OperatorContext, id: number | undefined, actor: Actor): Promise<number> {
  const known = knownFaults(context);
  const count = known.filter((each) => id === undefined || each.id === id).length;
  if (id !== undefined && count === 0) throw new Refusal("not-found", `there is no fault ${id}`);
  const signal = await context.transactions.run(async (work) => {
    const told = await context.signals.tell(work, { do: "faults-cleared", ...(id === undefined ? {} : { id }) });
    await audit(work, actor, "fault-clear", id === undefined ? "" : String(id));
    return told;
  });
  await context.signals.taken(signal);
  return count;
}

/** The faults know one kind of error; an operator's request has a code. */
function refusing<Result>(code: RefusalCode, ask: () => Result): Result {
  try {
    return ask();
  } catch (error) {
    if (error instanceof CloudError) throw new Refusal(code, error.message);
    throw error;
  }
}
