import { clearLine, createInterface, cursorTo, type Interface } from "node:readline";
import type { Readable } from "node:stream";
import type { Plan } from "../../src/index.js";
import { printable } from "../../src/lib/text.js";

/** Asks a person about plans, one after the other, while they need an answer. */
export class PlanPrompt {
  readonly #input: NodeJS.ReadableStream;
  readonly #output: NodeJS.WritableStream;
  readonly #onEnd: () => void;
  #lines: Interface;
  /** Plans that need an answer. The question is about the first one. */
  #open: readonly Plan[] = [];
  #closed = false;
  #prompt = "";
  /** Whether the question is shown in the line of the cursor. */
  #isShown = false;

  /** @param options.onEnd called after control-C or the end of the input, when no answer can come any more */
  constructor(options: { input: NodeJS.ReadableStream; output: NodeJS.WritableStream; onEnd: () => void }) {
    const { input, output, onEnd } = options;
    this.#input = input;
    this.#output = output;
    this.#onEnd = onEnd;
    this.#lines = this.#begin();
  }

  #begin(): Interface {
    const lines = createInterface({ input: this.#input, output: this.#output });
    lines.setPrompt(this.#prompt);
    lines.on("line", (line) => this.#answer(line.trim()));
    // readline itself handles control-C and the end of the input, and reports them by these events.
    lines.on("SIGINT", this.#onEnd);
    lines.on("close", () => {
      if (!this.#closed) this.#onClose();
    });
    return lines;
  }

  /** On a terminal control-D ends readline but not the input, so the board keeps its power. */
  #onClose(): void {
    if (!this.#lines.terminal || (this.#input as Readable).readableEnded) {
      this.#output.write("the input has ended, so no plan can be answered: the board is switched off\n");
      this.#onEnd();
      return;
    }
    this.#output.write("\ncontrol-D is no answer; control-C switches the board off\n");
    this.#lines = this.#begin();
    if (this.#open.length > 0) this.#show();
  }

  show(plan: Plan): void {
    if (!plan.asks) return;
    this.#open = [...this.#open, plan];
    void plan.closed().then(() => this.#withdraw(plan));
    if (this.#open[0] !== plan) return;
    // The text was typed before there was a question, so it answers none.
    if (this.#lines.terminal && this.#lines.line !== "") this.#clearLine();
    this.#ask(plan);
  }

  /**
   * Writes another line on the same terminal. It comes above the question, and the text that was typed so far stays.
   */
  interrupt(write: () => void): void {
    const isShown = this.#isShown && this.#lines.terminal && !this.#closed;
    if (isShown) {
      cursorTo(this.#output, 0);
      clearLine(this.#output, 0);
    }
    write();
    if (isShown) this.#lines.prompt(true);
  }

  close(): void {
    this.#closed = true;
    this.#lines.close();
  }

  #ask(plan: Plan): void {
    const { size, text, unmet, deferralsLeft } = plan;
    this.#output.write(`plan: ${nameOf(plan)}, ${size} bytes\n`);
    for (const line of [text?.title, text?.body]) {
      if (line !== undefined) this.#output.write(`      ${printable(line, 512)}\n`);
    }
    for (const { what, required, measured } of unmet) {
      this.#output.write(`      waits for ${what}: ${measured ?? "unknown"}, wanted ${required}\n`);
    }
    const later = deferralsLeft > 0 ? `, later SECONDS (${deferralsLeft} left)` : "";
    this.#setPrompt(`yes, no REASON${later}? `);
    this.#show();
  }

  #setPrompt(prompt: string): void {
    this.#prompt = prompt;
    this.#lines.setPrompt(prompt);
  }

  #show(): void {
    this.#isShown = true;
    this.#lines.prompt();
  }

  /** Removes a plan that is closed: it was answered elsewhere or replaced, or its time is over. */
  #withdraw(plan: Plan): void {
    if (this.#closed || !this.#open.includes(plan)) return;
    if (this.#open[0] === plan) {
      this.#clearLine();
      this.#output.write(`no longer asked: ${nameOf(plan)}\n`);
    }
    this.#remove(plan);
  }

  /** Removes the text that was typed, because it was meant for this question and not for another one. */
  #clearLine(): void {
    this.#isShown = false;
    if (!this.#lines.terminal) {
      this.#output.write("\n");
      return;
    }
    this.#lines.write(null, { ctrl: true, name: "e" });
    this.#lines.write(null, { ctrl: true, name: "u" });
    cursorTo(this.#output, 0);
    clearLine(this.#output, 0);
  }

  #remove(plan: Plan): void {
    const isAsked = this.#open[0] === plan;
    this.#open = this.#open.filter((other) => other !== plan);
    this.#setPrompt("");
    const [next] = this.#open;
    if (isAsked && next !== undefined) this.#ask(next);
  }

  #answer(line: string): void {
    this.#isShown = false;
    const [plan] = this.#open;
    const [word = "", ...rest] = line.split(/\s+/);
    if (plan === undefined) {
      if (line !== "") this.#output.write("there is no question at present\n");
      return;
    }
    if (line === "") {
      this.#show();
      return;
    }
    try {
      if (/^y(es)?$/i.test(word)) plan.accept();
      else if (/^no?$/i.test(word)) plan.decline(rest.join(" ") || "by the user");
      else if (/^l(ater)?$/i.test(word)) plan.defer({ seconds: Number(rest[0] ?? 3600) });
      else throw new Error("answer yes, no or later");
    } catch (error) {
      this.#output.write(`${(error as Error).message}\n`);
      this.#show();
      return;
    }
    this.#remove(plan);
  }
}

/** @returns the plan's name. An answer holds for all sub-devices of the product; the name has the one that is next. */
function nameOf({ component, deviceName, step, version }: Plan): string {
  return `${step} ${component}${deviceName === undefined ? "" : `/${deviceName}`} ${version}`;
}
