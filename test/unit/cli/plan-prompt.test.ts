import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { PlanPrompt } from "../../../cli/plan-prompt.js";
import type { Plan } from "../../../src/index.js";

/** A person at a terminal, whose answers are noted. */
class Terminal {
  readonly input = new PassThrough();
  readonly output = new PassThrough();
  readonly answers: string[] = [];
  ends = 0;
  readonly prompt = new PlanPrompt({ input: this.input, output: this.output, onEnd: () => this.ends++ });

  show(): void {
    const plan = { component: "firmware", step: "download", version: "2.0", size: 1000, unmet: [], asks: true, deferralsLeft: 3 } as const;
    this.prompt.show({
      ...plan,
      kind: "module",
      sourceVersion: undefined,
      accept: () => this.answers.push("yes"),
      decline: (reason) => this.answers.push(`no ${reason}`),
      defer: ({ seconds }) => this.answers.push(`later ${seconds}`),
    } satisfies Plan);
  }

  /** @returns what was said meanwhile */
  async type(text: string): Promise<string> {
    this.input.write(text);
    await turn();
    return String(this.output.read() ?? "");
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test("a plan is answered with yes, no and a reason, or later", async () => {
  const terminal = new Terminal();
  for (const answer of ["y\n", "No  not now \n", "no\n", "later 60\n", "LATER\n"]) {
    terminal.show();
    await terminal.type(answer);
  }
  assert.deepEqual(terminal.answers, ["yes", "no not now", "no by the user", "later 60", "later 3600"]);
  terminal.prompt.close();
});

test("what is no answer, and nothing at all, is asked again", async () => {
  const terminal = new Terminal();
  terminal.show();
  assert.match(await terminal.type("maybe\n"), /answer yes, no or later\nyes, no REASON/);
  assert.match(await terminal.type("\n"), /yes, no REASON/);
  assert.deepEqual(terminal.answers, []);
  terminal.prompt.close();
});

test("the end of input ends the run: nobody could answer any more", async () => {
  const terminal = new Terminal();
  terminal.input.end();
  await turn();
  await turn();
  assert.equal(terminal.ends, 1);
});

test("a prompt that is closed ends nothing", async () => {
  const terminal = new Terminal();
  terminal.prompt.close();
  await turn();
  assert.equal(terminal.ends, 0);
});
