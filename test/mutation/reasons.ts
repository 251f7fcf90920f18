/** Why a mutant may survive. Named by its line's text, so that a change of the line asks for a new look. */
export interface Reason {
  readonly file: string;
  /** The line that the mutant begins on, without its indentation. */
  readonly line: string;
  /** `operator: original -> replacement` */
  readonly mutant: string;
  readonly reason: string;
}

export const REASONS: readonly Reason[] = [];
