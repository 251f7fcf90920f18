import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { PlanPrompt } from "../../../../cli/device/plan-prompt.js";
import type { Plan } from "../../../../src/index.js";

/** A person at a terminal, whose answers are noted. */
class Terminal {
  readonly input = new PassThrough();
  readonly output: PassThrough & { isTTY?: boolean } = new PassThrough();
  readonly answers: string[] = [];
  ends = 0;
  readonly prompt: PlanPrompt;

  constructor({ isTTY = false } = {}) {
    this.output.isTTY = isTTY;
    this.prompt = new PlanPrompt({ input: this.input, output: this.output, onEnd: () => this.ends++ });
  }

  /** @param onAnswer called at once with an answer @returns a function that ends the question from elsewhere */
  show(
    version = "2.0",
    asks = true,
    onAnswer = (): void => {},
    deviceName?: string,
    text: Plan["text"] = undefined,
  ): () => void {
    let close = (): void => {};
    const closed = new Promise<void>((resolve) => (close = resolve));
    const component = deviceName === undefined ? "firmware" : "E69UADXUYY";
    const plan = {
      component,
      deviceName,
      step: "download",
      version,
      size: 1000,
      text,
      unmet: [],
      asks,
      deferralsLeft: 3,
    } as const;
    const answer = (text: string): void => {
      this.answers.push(`${version} ${text}`);
      onAnswer();
      close();
    };
    this.prompt.show({
      ...plan,
      kind: "module",
      sourceVersion: undefined,
      accept: () => answer("yes"),
      decline: (reason) => answer(`no ${reason ?? ""}`),
      defer: ({ seconds }) => answer(`later ${seconds}`),
      closed: () => closed,
    } satisfies Plan);
    return close;
  }

  /** @returns what was printed meanwhile */
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
  assert.deepEqual(
    terminal.answers,
    ["yes", "no not now", "no by the user", "later 60", "later 3600"].map((answer) => `2.0 ${answer}`),
  );
  terminal.prompt.close();
});

test("after a line that is no answer, or an empty one, the question comes again", async () => {
  const terminal = new Terminal();
  terminal.show();
  assert.match(await terminal.type("maybe\n"), /answer yes, no or later\nyes, no REASON/);
  assert.match(await terminal.type("\n"), /yes, no REASON/);
  assert.deepEqual(terminal.answers, []);
  terminal.prompt.close();
});

test("a plan that is shown for display alone is not asked about", async () => {
  const terminal = new Terminal();
  terminal.show("2.0", false);
  assert.equal(await terminal.type(""), "");
  terminal.prompt.close();
});

test("the end of a question is reported in one line, and so is a late answer", async () => {
  const terminal = new Terminal();
  const close = terminal.show();
  assert.match(await terminal.type(""), /yes, no REASON, later SECONDS \(3 left\)\? $/);
  close();
  assert.equal(await terminal.type(""), "\nno longer asked: download firmware 2.0\n");
  assert.equal(await terminal.type("yes\n"), "there is no question at present\n");
  assert.equal(await terminal.type("\n"), "");
  assert.deepEqual(terminal.answers, []);
  terminal.prompt.close();
});

test("a question that was answered here is not reported as ended", async () => {
  const terminal = new Terminal();
  terminal.show();
  assert.doesNotMatch(await terminal.type("yes\n"), /no longer/);
  terminal.prompt.close();
});

test("on a terminal the line is cleared, and what was typed for one question is no answer to the next", async () => {
  const terminal = new Terminal({ isTTY: true });
  const close = terminal.show("2.0");
  await terminal.type("ye");
  close();
  terminal.show("3.0");
  const said = await terminal.type("");
  assert.match(said, /\x1b\[1G\x1b\[2Kno longer asked/);
  assert.match(said, /no longer asked: download firmware 2\.0\n.*plan: download firmware 3\.0/s);
  assert.match(await terminal.type("s\n"), /answer yes, no or later/);
  await terminal.type("no\n");
  assert.deepEqual(terminal.answers, ["3.0 no by the user"]);
  terminal.prompt.close();
});

test("two plans that want an answer are asked about one after the other", async () => {
  const terminal = new Terminal();
  terminal.show("2.0");
  const close = terminal.show("3.0");
  assert.doesNotMatch(await terminal.type(""), /3\.0/);
  assert.match(await terminal.type("yes\n"), /plan: download firmware 3\.0/);
  close();
  assert.match(await terminal.type(""), /no longer asked: download firmware 3\.0/);
  assert.deepEqual(terminal.answers, ["2.0 yes"]);
  terminal.prompt.close();
});

test("a question that ends before its turn is never printed", async () => {
  const terminal = new Terminal();
  terminal.show("2.0");
  terminal.show("3.0")();
  assert.doesNotMatch(await terminal.type(""), /3\.0|no longer/);
  assert.doesNotMatch(await terminal.type("yes\n"), /3\.0/);
  terminal.prompt.close();
});

test("nothing is printed about a plan that ends with the run", async () => {
  const terminal = new Terminal();
  const close = terminal.show();
  await terminal.type("");
  terminal.prompt.close();
  close();
  assert.equal(await terminal.type(""), "");
});

test("the end of the input ends the run, because nobody could answer any more", async () => {
  const terminal = new Terminal();
  terminal.input.end();
  await turn();
  await turn();
  assert.equal(terminal.ends, 1);
  assert.match(String(terminal.output.read()), /^the input has ended, .*: the board is switched off$/m);
});

test("control-D on a terminal is no answer and ends nothing: the keys that end the run are printed, and the question comes again", async () => {
  const terminal = new Terminal({ isTTY: true });
  terminal.show();
  await terminal.type("");
  for (let count = 0; count < 3; count++) {
    assert.match(
      await terminal.type("\x04"),
      /control-D is no answer; control-C switches the board off\n.*yes, no REASON, later SECONDS \(3 left\)\? /s,
    );
  }
  assert.equal(terminal.ends, 0);
  await terminal.type("later 60\n");
  assert.deepEqual(terminal.answers, ["2.0 later 60"]);
  assert.doesNotMatch(await terminal.type("\x04"), /yes, no REASON/);
  terminal.input.end();
  await turn();
  await turn();
  assert.equal(terminal.ends, 1, "the end of the input is none of control-D");
});

test("closing the prompt does not end the run", async () => {
  const terminal = new Terminal();
  terminal.prompt.close();
  await turn();
  assert.equal(terminal.ends, 0);
});

test("on a terminal a line of the log comes above the question, and what is being typed stays", async () => {
  const terminal = new Terminal({ isTTY: true });
  terminal.show();
  await terminal.type("la");
  terminal.prompt.interrupt(() => terminal.output.write("log\n"));
  assert.match(await terminal.type(""), /^\x1b\[1G\x1b\[2Klog\n.*yes, no REASON, later SECONDS \(3 left\)\? la/s);
  await terminal.type("ter 5\n");
  assert.deepEqual(terminal.answers, ["2.0 later 5"]);
  terminal.prompt.close();
});

test("a line of the log is written alone if nothing is asked, and by the answer itself", async () => {
  const terminal = new Terminal({ isTTY: true });
  const log = (): void => terminal.prompt.interrupt(() => terminal.output.write("log\n"));
  log();
  assert.equal(await terminal.type(""), "log\n");
  terminal.show("2.0", true, log);
  assert.match(await terminal.type("yes\n"), /yes\r?\n+log\n$/);
  terminal.prompt.close();
  log();
  assert.equal(await terminal.type(""), "log\n");
});

test("if the output is no terminal a line of the log does not repeat the question", async () => {
  const terminal = new Terminal();
  terminal.show();
  await terminal.type("");
  terminal.prompt.interrupt(() => terminal.output.write("log\n"));
  assert.equal(await terminal.type(""), "log\n");
  terminal.prompt.close();
});

test("on a terminal what was typed before there was a question is no answer to it", async () => {
  const terminal = new Terminal({ isTTY: true });
  await terminal.type("y");
  terminal.show();
  assert.match(await terminal.type("\n"), /yes, no REASON/);
  assert.deepEqual(terminal.answers, []);
  await terminal.type("no\n");
  assert.deepEqual(terminal.answers, ["2.0 no by the user"]);
  terminal.prompt.close();
});

test("for a sub-device, product and name are printed", async () => {
  const terminal = new Terminal();
  const close = terminal.show("2.0", true, undefined, "light1");
  assert.match(String(terminal.output.read()), /^plan: download E69UADXUYY\/light1 2\.0, 1000 bytes$/m);
  close();
  await turn();
  assert.match(String(terminal.output.read()), /^no longer asked: download E69UADXUYY\/light1 2\.0$/m);
  terminal.prompt.close();
});

test("the operator's text is shown, and drives no terminal", async () => {
  const terminal = new Terminal();
  terminal.show("2.0", true, undefined, undefined, { title: "New\u001b[2J", body: "Two\nlines" });
  assert.match(await terminal.type(""), /plan: download firmware 2\.0, 1000 bytes\n {6}New\?\[2J\n {6}Two\?lines\n/);
});
