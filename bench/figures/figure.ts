/** One line of the table. */
export interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** Most that the value may be; absent: the line informs. */
  readonly goal?: number | undefined;
  /** Least that is possible, from the constants of the profile alone. */
  readonly bound?: number | undefined;
  /** The goal is no wish but the bound itself. */
  readonly goalIsBound?: boolean | undefined;
}

/** What is measured in one go; `npm run bench -- --only NAME` names it. */
export interface Figure {
  readonly name: string;
  /** Takes real time and this machine: not for a quick look. */
  readonly slow?: boolean;
  measure(): readonly Row[] | Promise<readonly Row[]>;
}

/** Sums of milliseconds are exact to far less than this. */
const TOLERANCE = 1e-6;

export function isMet({ value, goal }: Row): boolean {
  return goal === undefined || value <= goal + TOLERANCE;
}
