import { createInterface, type Interface } from "node:readline";
import type { Plan } from "../src/index.js";

/** Asks a person about plans, the newest one. */
export class PlanPrompt {
  readonly #lines: Interface;
  readonly #output: NodeJS.WritableStream;
  #plan: Plan | undefined;
  #closed = false;

  /** @param options.onEnd control-C, or the end of input: nobody could answer any more */
  constructor(options: { input: NodeJS.ReadableStream; output: NodeJS.WritableStream; onEnd: () => void }) {
    const { input, output, onEnd } = options;
    this.#output = output;
    this.#lines = createInterface({ input, output });
    this.#lines.on("line", (line) => this.#answer(line.trim()));
    // readline takes both for itself.
    this.#lines.on("SIGINT", onEnd);
    this.#lines.on("close", () => {
      if (!this.#closed) onEnd();
    });
  }

  show(plan: Plan): void {
    if (!plan.asks) return;
    this.#plan = plan;
    const { component, step, version, size, unmet, deferralsLeft } = plan;
    this.#output.write(`plan: ${step} ${component} ${version}, ${size} bytes\n`);
    for (const { what, required, measured } of unmet) this.#output.write(`      waits for ${what}: ${measured ?? "unknown"}, wanted ${required}\n`);
    const later = deferralsLeft > 0 ? `, later SECONDS (${deferralsLeft} left)` : "";
    this.#lines.setPrompt(`yes, no REASON${later}? `);
    this.#lines.prompt();
  }

  close(): void {
    this.#closed = true;
    this.#lines.close();
  }

  #answer(line: string): void {
    const plan = this.#plan;
    const [word = "", ...rest] = line.split(/\s+/);
    if (plan === undefined) return;
    if (line === "") {
      this.#lines.prompt();
      return;
    }
    try {
      if (/^y(es)?$/i.test(word)) plan.accept();
      else if (/^no?$/i.test(word)) plan.decline(rest.join(" ") || "by the user");
      else if (/^l(ater)?$/i.test(word)) plan.defer({ seconds: Number(rest[0] ?? 3600) });
      else throw new Error("answer yes, no or later");
      this.#plan = undefined;
    } catch (error) {
      this.#output.write(`${(error as Error).message}\n`);
      this.#lines.prompt();
    }
  }
}
