import { InvalidArgumentError } from "commander";
import { count } from "../command-line.js";
import { DEFAULT_BOARDS, MAX_BOARDS, MIN_BOARDS } from "./roster.js";

export { DEFAULT_BOARDS, MAX_BOARDS, MIN_BOARDS };

/** Parses the value of `--demo`: how many boards. */
export function demoBoards(text: string): number {
  const boards = count(text);
  if (boards < MIN_BOARDS || boards > MAX_BOARDS) {
    throw new InvalidArgumentError(`A demo has ${MIN_BOARDS} to ${MAX_BOARDS} boards.`);
  }
  return boards;
}

/** Parses the value of `--demo-seed`. */
export function demoSeed(text: string): number {
  const seed = count(text);
  if (seed > 0xffffffff) throw new InvalidArgumentError("A seed has at most 32 bits.");
  return seed;
}
