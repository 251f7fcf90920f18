import type { VersionHistory } from "../../../operator/types.js";

export interface Line {
  /** Absent: all versions that have no line of their own. */
  readonly version: string | undefined;
  readonly values: readonly number[];
}

/**
 * @param most lines; versions beyond that share the last one
 * @returns a line for each version that ran on most devices at some time, in the order of the versions
 */
export function seriesOf(
  { points, versions }: Pick<VersionHistory, "points" | "versions">,
  most: number,
): { readonly times: readonly number[]; readonly lines: readonly Line[] } {
  const peakOf = (version: string): number =>
    points.reduce((peak, { devices }) => Math.max(peak, devices[version] ?? 0), 0);
  const byPeak = [...versions].sort((a, b) => peakOf(b) - peakOf(a));
  const own = new Set(versions.length <= most ? versions : byPeak.slice(0, most - 1));
  const lines: Line[] = versions
    .filter((version) => own.has(version))
    .map((version) => ({ version, values: points.map(({ devices }) => devices[version] ?? 0) }));
  const others = versions.filter((version) => !own.has(version));
  if (others.length > 0) {
    lines.push({
      version: undefined,
      values: points.map(({ devices }) => others.reduce((sum, version) => sum + (devices[version] ?? 0), 0)),
    });
  }
  return { times: points.map(({ at }) => at), lines };
}
