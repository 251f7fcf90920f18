import { ACCEPTED_DOWNLOAD, ACCEPTED_INSTALL, DECLINED, DEFERRED, decodePlans, decodeVersions, EXHAUSTED, REVERTED, sumOf } from "../src/plans/record.js";

const WORDS: readonly (readonly [flag: number, word: string])[] = [
  [DECLINED, "declined"],
  [ACCEPTED_DOWNLOAD, "download accepted"],
  [ACCEPTED_INSTALL, "installation accepted"],
  [REVERTED, "reverted"],
  [DEFERRED, "deferred"],
  [EXHAUSTED, "tried too often"],
];

/** What ends by itself. */
const TIMED = REVERTED | DEFERRED | EXHAUSTED;

export interface PlanReport {
  /** `null` for an image that another firmware remembered without it. */
  readonly version: string | null;
  /** Of the image. */
  readonly md5: string;
  /** What holds now: of a declined image nothing else counts. */
  readonly decisions: readonly string[];
  /** So far. */
  readonly deferrals: number;
  readonly failures: number;
  /** When the deferral or cool-down ends, where the board knew the time; `null` once it is over. */
  readonly until: string | null;
}

/**
 * What a board remembers of images.
 *
 * @param records  as in the key-value store, under the keys `plans` and `plan-versions`
 * @param unixTime seconds since 1970
 */
export function planReports(records: { plans: Uint8Array | undefined; versions: Uint8Array | undefined }, unixTime: number): PlanReport[] {
  const versions = decodeVersions(records.versions);
  return decodePlans(records.plans).map(({ identity, flags, deferrals, failures, until }) => {
    const isOver = until !== 0 && until <= unixTime;
    const holding = flags & DECLINED ? DECLINED : isOver ? flags & ~DEFERRED : flags;
    return {
      version: versions.get(sumOf(identity)) ?? null,
      md5: identity.slice(0, 32),
      decisions: WORDS.filter(([flag]) => (holding & flag) !== 0).map(([, word]) => word),
      deferrals,
      failures,
      until: until === 0 || isOver || (holding & TIMED) === 0 ? null : new Date(until * 1000).toISOString(),
    };
  });
}

/** One line for a reader. */
export function describePlan({ version, md5, decisions, deferrals, failures, until }: PlanReport): string {
  const words = decisions.join(", ") || (failures > 0 ? "failed" : "offered");
  const counts = `${failures > 0 ? `  failures ${failures}` : ""}${deferrals > 0 ? `  deferrals ${deferrals}` : ""}`;
  return `${version === null ? `image with MD5 ${md5}` : `version ${version}`}  ${words}${until === null ? "" : ` until ${until}`}${counts}`;
}
