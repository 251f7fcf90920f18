import type { Vitals } from "../ports/index.js";
import type { PlatformModule } from "./modules.js";

/** `Vitals` over the board's platform module. A reading outside of its range counts as unknown. */
export class PlatformVitals implements Vitals {
  readonly #platform: PlatformModule;

  constructor({ platform }: { platform: PlatformModule }) {
    this.#platform = platform;
  }

  batteryPercent(): number | undefined {
    return reading(() => this.#platform.batteryPercent?.(), 0, 100);
  }

  /** A driver that is not connected returns 0 or a positive number. */
  signalDbm(): number | undefined {
    return reading(() => this.#platform.signalDbm?.(), -200, -1);
  }
}

function reading(read: () => number | undefined, least: number, most: number): number | undefined {
  try {
    const value = read();
    return typeof value === "number" && value >= least && value <= most ? value : undefined;
  } catch {
    return undefined;
  }
}
