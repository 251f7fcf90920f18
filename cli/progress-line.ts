const LONGEST_BAR = 40;
/** A shorter one shows nothing. */
const SHORTEST_BAR = 4;

export interface ProgressLine {
  /** What it is of. */
  readonly name: string;
  /** From 0 to 1. */
  readonly share: number;
  /** What stands behind the percentage. */
  readonly tail: string;
  /** Of the terminal. */
  readonly columns: number;
}

/**
 * One line that is no wider than the terminal: the bar becomes shorter first, then the tail goes, the bar, and the
 * name's end. The percentage stays.
 */
export function progressLine({ name, share, tail, columns }: ProgressLine): string {
  const percent = `${Math.floor(share * 100)} %`;
  const start =
    columns < name.length + 1 + percent.length ? name.slice(0, Math.max(0, columns - percent.length - 1)) : name;
  const head = start === "" ? "" : `${start} `;
  const room = columns - head.length - percent.length;
  const end = tail !== "" && room >= tail.length + 1 + SHORTEST_BAR + 1 ? ` ${tail}` : "";
  const bar = Math.min(LONGEST_BAR, room - end.length - 1);
  return `${head}${bar < SHORTEST_BAR ? "" : `${drawn(share, bar)} `}${percent}${end}`;
}

function drawn(share: number, length: number): string {
  const full = Math.round(share * length);
  return "█".repeat(full) + "░".repeat(length - full);
}
