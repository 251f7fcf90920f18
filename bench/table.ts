import { isMet, type Row } from "./figures/figure.js";

/** One line of bench/results/latest.json. */
export interface Result {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** Most that the value may be; `null` if the line only informs. */
  readonly goal: number | null;
  /** Least value that is possible; `null` if it is not known. */
  readonly bound: number | null;
  /** What was wanted, if that is below the bound; `null` if the goal is what was wanted. */
  readonly wanted: number | null;
  readonly met: boolean;
}

export function resultsOf(rows: readonly Row[]): Result[] {
  return rows.map((row) => ({
    name: row.name,
    value: rounded(row.value),
    unit: row.unit,
    goal: row.goal === undefined ? null : rounded(row.goal),
    bound: row.bound === undefined ? null : rounded(row.bound),
    wanted: row.wanted === undefined ? null : rounded(row.wanted),
    met: isMet(row),
  }));
}

/** @returns aligned lines; a goal that is the bound itself is marked with `=` */
export function tableOf(rows: readonly Row[]): string[] {
  const width = Math.max(...rows.map(({ name }) => name.length), "figure".length);
  const line = (
    name: string,
    value: string,
    unit: string,
    goal: string,
    bound: string,
    over: string,
    met: string,
  ): string =>
    `${name.padEnd(width)} ${value.padStart(10)} ${unit.padEnd(12)} ${goal.padStart(10)} ${bound.padStart(10)} ${over.padStart(7)}  ${met}`.trimEnd();
  return [
    line("figure", "value", "unit", "goal", "bound", "ratio", ""),
    ...rows.map((row) => {
      const { value, goal, bound } = row;
      const over = bound === undefined || bound === 0 ? "" : (value / bound).toFixed(3);
      const wanted = goal === undefined ? "" : `${row.goalIsBound === true ? "=" : ""}${rounded(goal)}`;
      return line(
        row.name,
        String(rounded(value)),
        row.unit,
        wanted,
        bound === undefined ? "" : String(rounded(bound)),
        over,
        verdict(row),
      );
    }),
  ];
}

function verdict(row: Row): string {
  const { wanted } = row;
  if (wanted !== undefined && isMet(row)) return `missed: wanted ${rounded(wanted)}, below the bound`;
  if (row.goal === undefined) return "";
  return isMet(row) ? "met" : "MISSED";
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
