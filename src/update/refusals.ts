import type { Reporter } from "./reporter.js";

/** So many refused offers are remembered: a platform that sends more of them hears of some more than once. */
const MEMORY_LENGTH = 16;

/** So many reports wait for their acknowledgements: what is refused meanwhile is reported when it is offered again. */
const AWAITED_LIMIT = 4;

/** Reports offers that name a version but cannot be used: each once on a connection. */
export class Refusals {
  readonly #reported: string[] = [];
  #awaited = 0;

  /** @param owner whom the offer is for: `PRODUCT/name` of a sub-device, empty for the device itself */
  report(reporter: Reporter, owner: string, version: string, message: string): void {
    // No name and no version has a blank.
    const key = `${owner} ${version}`;
    const reported = this.#reported;
    if (this.#awaited >= AWAITED_LIMIT || reported.includes(key)) return;
    if (!reporter.result(version, { outcome: "failed", message }, () => void this.#awaited--)) return;
    this.#awaited++;
    if (reported.push(key) > MEMORY_LENGTH) reported.shift();
  }

  /** A new connection: the platform may not have the reports of the last one. */
  clear(): void {
    this.#reported.length = 0;
    this.#awaited = 0;
  }
}
