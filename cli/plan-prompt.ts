import { createInterface } from "node:readline";
import type { Plan } from "../src/index.js";

/** Asks a person about plans, the newest one. */
export class PlanPrompt {
  readonly #lines = createInterface({ input: process.stdin, output: process.stdout });
  #plan: Plan | undefined;

  constructor() {
    this.#lines.on("line", (line) => this.#answer(line.trim()));
    // Control-C is the run's.
    this.#lines.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  }

  show(plan: Plan): void {
    if (!plan.asks) return;
    this.#plan = plan;
    const { component, step, version, size, unmet, deferralsLeft } = plan;
    process.stdout.write(`plan: ${step} ${component} ${version}, ${size} bytes\n`);
    for (const { what, required, measured } of unmet) process.stdout.write(`      waits for ${what}: ${measured ?? "unknown"}, wanted ${required}\n`);
    const later = deferralsLeft > 0 ? `, later SECONDS (${deferralsLeft} left)` : "";
    this.#lines.setPrompt(`yes, no REASON${later}? `);
    this.#lines.prompt();
  }

  close(): void {
    this.#lines.close();
  }

  #answer(line: string): void {
    const plan = this.#plan;
    const [word = "", ...rest] = line.split(/\s+/);
    if (plan === undefined || line === "") return;
    try {
      if (/^y(es)?$/i.test(word)) plan.accept();
      else if (/^no?$/i.test(word)) plan.decline(rest.join(" ") || "by the user");
      else if (/^l(ater)?$/i.test(word)) plan.defer({ seconds: Number(rest[0] ?? 3600) });
      else throw new Error("answer yes, no or later");
      this.#plan = undefined;
    } catch (error) {
      process.stdout.write(`${(error as Error).message}\n`);
      this.#lines.prompt();
    }
  }
}
