import type { SimulatedBoard } from "../hal/boards/sim/board.js";

/** A chip restarts at once. The wait keeps one that panics at each boot from filling the screen. */
const RESTART_MS = 500;

/** Restarts the board after a panic, unless its power was cut meanwhile. */
export function restartAfterPanic(board: SimulatedBoard): void {
  setTimeout(() => {
    if (!board.running) return;
    board.cutPower();
    board.powerOn();
  }, RESTART_MS);
}
