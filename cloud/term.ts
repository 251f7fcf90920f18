import { availableParallelism } from "node:os";
import { HistoryRecorder } from "./history/recorder.js";
import { Rollout, type RolloutOptions } from "./rollout/rollout.js";
import { VariantMaker, type VariantMakerOptions } from "./rollout/variant-maker.js";

export interface TermOptions extends Omit<RolloutOptions, "leads" | "journal"> {
  readonly journal: NonNullable<RolloutOptions["journal"]>;
  readonly leads: boolean;
  readonly files: VariantMakerOptions["files"];
  /** How many devices of a product are online. */
  online(productId: string): number | null;
}

/** Deltas and compressed images that are made at the same time, each with up to 200 MB. */
const MOST_VARIANTS_AT_ONCE = 4;

/**
 * What one process does for all as long as it leads. A process that does not lead has one too, which never starts: by
 * it operators decide, and what they decide is left to the leader.
 */
export class Term {
  readonly rollout: Rollout;
  readonly variants: VariantMaker;
  readonly recorder: HistoryRecorder;
  readonly #stopNoting: () => void;

  constructor(options: TermOptions) {
    const { transactions, journal, files, leads } = options;
    const onProblem = (line: string): void => options.onProblem?.(line);
    this.rollout = new Rollout(options);
    this.variants = new VariantMaker({
      transactions,
      files,
      journal,
      // One processor is left to the devices.
      atOnce: leads ? Math.min(MOST_VARIANTS_AT_ONCE, Math.max(1, availableParallelism() - 1)) : 0,
      onProblem,
    });
    this.recorder = new HistoryRecorder({ transactions, online: (productId) => options.online(productId), onProblem });
    this.#stopNoting = journal.follow(() => this.recorder.noteChange());
  }

  async start(): Promise<void> {
    await this.rollout.start();
    this.recorder.start();
    this.variants.start();
  }

  async close(): Promise<void> {
    this.#stopNoting();
    // At once, so that none of them begins anything while another one waits for a database that does not answer.
    await Promise.all([this.variants.close(), this.recorder.close(), this.rollout.close()]);
  }
}
