import { ACCEPTED_DOWNLOAD, ACCEPTED_INSTALL, DECLINED, DEFERRED, decodePlans, EXHAUSTED, REVERTED } from "../src/components/plan-record.js";

const WORDS: readonly (readonly [flag: number, word: string])[] = [
  [DECLINED, "declined"],
  [ACCEPTED_DOWNLOAD, "download accepted"],
  [ACCEPTED_INSTALL, "installation accepted"],
  [REVERTED, "reverted"],
  [DEFERRED, "deferred"],
  [EXHAUSTED, "tried too often"],
];

export interface PlanReport {
  /** Of the image. */
  readonly md5: string;
  readonly decisions: readonly string[];
  readonly deferrals: number;
  readonly failures: number;
  /** When the deferral or cool-down ends, where the board knew the time. */
  readonly until: string | null;
}

/** What a board remembers of images. @param record as in the key-value store */
export function planReports(record: Uint8Array | undefined): PlanReport[] {
  return decodePlans(record).map(({ identity, flags, deferrals, failures, until }) => ({
    md5: identity.slice(0, 32),
    decisions: WORDS.filter(([flag]) => (flags & flag) !== 0).map(([, word]) => word),
    deferrals,
    failures,
    until: until === 0 ? null : new Date(until * 1000).toISOString(),
  }));
}
