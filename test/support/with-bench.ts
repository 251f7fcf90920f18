import { Bench, type BenchOptions } from "./bench.js";

/** Runs `body` with a bench, and takes it down whatever happens. */
export async function withBench(options: BenchOptions, body: (bench: Bench) => Promise<void>): Promise<void> {
  const bench = await Bench.start(options);
  try {
    await body(bench);
  } finally {
    await bench.stop();
  }
}
