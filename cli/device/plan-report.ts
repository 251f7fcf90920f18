import {
  ACCEPTED_DOWNLOAD,
  ACCEPTED_INSTALL,
  DECLINED,
  DEFERRED,
  decodePlans,
  EXHAUSTED,
  REVERTED,
} from "../../src/plans/record.js";

const WORDS: readonly (readonly [flag: number, word: string])[] = [
  [DECLINED, "declined"],
  [ACCEPTED_DOWNLOAD, "download accepted"],
  [ACCEPTED_INSTALL, "installation accepted"],
  [REVERTED, "reverted"],
  [DEFERRED, "deferred"],
  [EXHAUSTED, "tried too often"],
];

/** Decisions that end after some time. */
const TIMED = REVERTED | DEFERRED | EXHAUSTED;

export interface PlanReport {
  /** What the image is for, `firmware` or a component. `null` if an older agent wrote the record. */
  readonly component: string | null;
  readonly version: string | null;
  /** MD5 of the image. */
  readonly md5: string;
  /** Decisions that are in force now. If an image was declined, no other decision counts. */
  readonly decisions: readonly string[];
  /** How often it was deferred so far. */
  readonly deferrals: number;
  readonly failures: number;
  /** Time at which the deferral or cool-down ends, if the board knew the time; `null` once it is over. */
  readonly until: string | null;
}

/**
 * Reads what a board remembers of images.
 *
 * @param record   bytes as in the key-value store
 * @param unixTime seconds since 1970
 */
export function planReports(record: Uint8Array | undefined, unixTime: number): PlanReport[] {
  return decodePlans(record).map(({ identity, label, flags, deferrals, failures, until }) => {
    const isOver = until !== 0 && until <= unixTime;
    const holding = flags & DECLINED ? DECLINED : isOver ? flags & ~DEFERRED : flags;
    const [component = "", version = ""] = label.split(" ");
    return {
      component: component || null,
      version: version || null,
      md5: identity.slice(0, 32),
      decisions: WORDS.filter(([flag]) => (holding & flag) !== 0).map(([, word]) => word),
      deferrals,
      failures,
      until: until === 0 || isOver || (holding & TIMED) === 0 ? null : new Date(until * 1000).toISOString(),
    };
  });
}

/** @returns one line for a person */
export function describePlan({ component, version, md5, decisions, deferrals, failures, until }: PlanReport): string {
  const words = decisions.join(", ") || (failures > 0 ? "failed" : "offered");
  const counts = `${failures > 0 ? `  failures ${failures}` : ""}${deferrals > 0 ? `  deferrals ${deferrals}` : ""}`;
  const image = version === null ? `MD5 ${md5}` : `${component}  version ${version}`;
  return `${image}  ${words}${until === null ? "" : ` until ${until}`}${counts}`;
}
