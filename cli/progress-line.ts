const LONGEST_BAR = 40;
/** Columns of the shortest bar that is useful. */
const SHORTEST_BAR = 4;

export interface ProgressLine {
  /** Name of what is in progress. */
  readonly name: string;
  /** From 0 to 1. */
  readonly share: number;
  /** Text behind the percentage. */
  readonly tail: string;
  /** Columns of the terminal. */
  readonly columns: number;
}

/**
 * @returns one line that is no wider than the terminal. If there is too little room, the bar becomes shorter first.
 * Then the tail is left out, then the bar, and at last the end of the name. The percentage always stays.
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
