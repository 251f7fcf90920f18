/** One line of the table. */
export interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** Most that the value may be. If absent, the line only informs. */
  readonly goal?: number | undefined;
  /** A goal that is out of reach, because the bound is above it. It is shown as missed, and `goal` is checked. */
  readonly wanted?: number | undefined;
  /** Least value that is possible, computed from the profile's constants alone. */
  readonly bound?: number | undefined;
  /** Whether the goal is the bound itself. */
  readonly goalIsBound?: boolean | undefined;
}

/** Rows that are measured together. `npm run bench -- --only NAME` selects them by this name. */
export interface Figure {
  readonly name: string;
  /** It measures real time on this machine and takes longer than the others. */
  readonly slow?: boolean;
  measure(): readonly Row[] | Promise<readonly Row[]>;
}

/** Tolerance of comparisons; rounding errors in sums of milliseconds are far smaller. */
const TOLERANCE = 1e-6;

export function isMet({ value, goal }: Row): boolean {
  return goal === undefined || value <= goal + TOLERANCE;
}
