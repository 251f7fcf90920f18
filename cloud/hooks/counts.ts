import type { Metric } from "../operator/types.js";

/** What became of the calls of brokers since the start. */
export class HookCounts {
  readonly #results = new Map<string, { readonly hook: string; readonly result: string; count: number }>();
  #seconds = 0;

  /** @param hook one of the known hooks @param result one of the known results, or why there was none */
  add(hook: string, result: string, durationMs: number): void {
    const key = `${hook} ${result}`;
    const entry = this.#results.get(key) ?? { hook, result, count: 0 };
    entry.count++;
    this.#results.set(key, entry);
    this.#seconds += durationMs / 1000;
  }

  metrics(): readonly Metric[] {
    return [
      {
        name: "hook_calls_total",
        help: "calls of brokers since the start, by hook and result",
        type: "counter",
        values: [...this.#results.values()].map(({ hook, result, count }) => ({
          labels: { hook, result },
          value: count,
        })),
      },
      {
        name: "hook_seconds_total",
        help: "seconds that these calls took",
        type: "counter",
        values: [{ labels: {}, value: this.#seconds }],
      },
    ];
  }
}
