import type { ChipEngine } from "./chip-engine.js";
import { type Secured, type SecuredTestBedOptions, startSecured } from "./secured-test-bed.js";
import type { StackEntries } from "./stack-entries.js";
import type { TestBed } from "./test-bed.js";

/** The parts of a scene. */
export interface Stage {
  readonly engine: ChipEngine;
  readonly entries: StackEntries;
  readonly secured: Secured | undefined;
}

/** A board, a platform and a file server, in a scene whose calls are measured. */
export async function withStage(
  { engine, entries, secured }: Stage,
  options: Omit<SecuredTestBedOptions, "engine" | "secured" | "keys">,
  body: (bed: TestBed) => Promise<void>,
): Promise<void> {
  const bed = await startSecured({ ...options, engine, secured, keys: entries.keys });
  entries.brokerPort = bed.platform.port;
  try {
    await body(bed);
  } finally {
    await bed.stop();
  }
}
