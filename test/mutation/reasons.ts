/** Why a mutant may survive. Named by its line's text, so that a change of the line asks for a new look. */
export interface Reason {
  readonly file: string;
  /** The line that the mutant begins on, without its indentation. */
  readonly line: string;
  /** `operator: original -> replacement` */
  readonly mutant: string;
  readonly reason: string;
}

export const REASONS: readonly Reason[] = [
  {
    file: "src/http/content-range.ts",
    line: "const match = value === undefined ? null : /^bytes[ \\t]+([0-9]{1,15})-([0-9]{1,15})\\/([0-9]{1,15}|\\*)$/i.exec(value);",
    mutant: "condition: value === undefined -> false",
    reason: "The pattern is then tried on the text `undefined`, which it refuses.",
  },
  {
    file: "src/http/range-reader.ts",
    line: "if (this.#closed || this.#position === undefined || this.#exchange === undefined) return 0;",
    mutant: "logic: || -> &&",
    reason: "Three guards for the same moments: once closed there is no exchange, and without a position the count is NaN, for which nothing is read. Both places.",
  },
  {
    file: "src/http/range-reader.ts",
    line: "if (wanted === 0) return 0;",
    mutant: "condition: wanted === 0 -> false",
    reason: "An exchange asked for 0 bytes gives 0.",
  },
  {
    file: "src/http/range-reader.ts",
    line: "const count = this.#exchange.read(wanted === into.byteLength ? into : into.subarray(0, wanted));",
    mutant: "condition: wanted === into.byteLength -> false",
    reason: "A view of the whole is the whole; the condition only spares making it.",
  },
  {
    file: "src/http/range-reader.ts",
    line: "if (this.#closed) return;",
    mutant: "condition: this.#closed -> false",
    reason: "In `close`: everything it does may be done twice.",
  },
  {
    file: "src/http/range-reader.ts",
    line: "this.#idleTimer?.cancel();",
    mutant: "optional: ?. -> .",
    reason: "The constructor sets a timer. Both places.",
  },
  {
    file: "src/http/range-reader.ts",
    line: "this.#exchange?.close();",
    mutant: "optional: ?. -> .",
    reason: "A redirect is the answer of an exchange.",
  },
  {
    file: "src/http/retry-after.ts",
    line: "if (value === undefined) return undefined;",
    mutant: "condition: value === undefined -> false",
    reason: "Both patterns are then tried on the text `undefined`, which they refuse.",
  },
  {
    file: "src/image/digest.ts",
    line: "for (let index = 0; index < raw.length; index++) digest[index] = raw.charCodeAt(index);",
    mutant: "relation: < -> <=",
    reason: "A typed array takes nothing beyond its end.",
  },
  {
    file: "src/image/read-back.ts",
    line: "const piece = length === block.byteLength ? block : block.subarray(0, length);",
    mutant: "condition: length === block.byteLength -> false",
    reason: "A view of the whole is the whole; the condition only spares making it.",
  },
  {
    file: "src/update/checkpoint.ts",
    line: "const stored = phase === \"applying\" ? undefined : checkpoint.stored;",
    mutant: "condition: phase === \"applying\" -> false",
    reason: "A checkpoint of this phase has no such field: it is undefined. The condition is for the compiler.",
  },
  {
    file: "src/update/checkpoint.ts",
    line: "const text = at + length <= end ? decodeUtf8(record.subarray(at, at + length)) : undefined;",
    mutant: "condition: at + length <= end -> true",
    reason: "A text that reaches beyond the record is cut by `subarray`, and the sum of the lengths is refused below.",
  },
  {
    file: "src/update/checkpoint.ts",
    line: "const text = at + length <= end ? decodeUtf8(record.subarray(at, at + length)) : undefined;",
    mutant: "arithmetic: + -> -",
    reason: "As above: the sum of the lengths is refused below.",
  },
  {
    file: "src/update/checkpoint.ts",
    line: "return undefined;",
    mutant: "case: return undefined; -> ;",
    reason: "The last line of the function: without it the function gives undefined too.",
  },
  {
    file: "src/update/checkpoint.ts",
    line: "if (stored === undefined) return 0;",
    mutant: "return: 0 -> undefined",
    reason: "A byte that is set to undefined is 0.",
  },
  {
    file: "src/update/download.ts",
    line: "if (this.#closed || this.#turnDue) return;",
    mutant: "condition: this.#closed || this.#turnDue -> false",
    reason: "A second timer is a turn that finds nothing to do, and one after `close` is stopped by the next guard.",
  },
  {
    file: "src/update/download.ts",
    line: "if (this.#closed || this.#turnDue) return;",
    mutant: "logic: || -> &&",
    reason: "As above.",
  },
  {
    file: "src/update/download.ts",
    line: "if (this.#closed) return;",
    mutant: "condition: this.#closed -> false",
    reason: "In the timer: `close` has cancelled it, except where the mutants above made a second one. In `#fail`: nothing calls it after `close`, but a board may.",
  },
  {
    file: "src/update/driver.ts",
    line: "#busy = false;",
    mutant: "boolean: false -> true",
    reason: "`start` sets it before any event can come.",
  },
  {
    file: "src/update/driver.ts",
    line: "for (const timer of Object.values(this.#timers)) timer?.cancel();",
    mutant: "optional: ?. -> .",
    reason: "No entry is ever set to undefined.",
  },
  {
    file: "src/update/driver.ts",
    line: "if (this.#stopped) return;",
    mutant: "condition: this.#stopped -> false",
    reason: "In `dispatch`: the loop that handles events looks at the same, so that the event is only queued.",
  },
  {
    file: "src/update/driver.ts",
    line: "this.#download?.close();",
    mutant: "optional: ?. -> .",
    reason: "What is stopped was started. In each of its places.",
  },
  {
    file: "src/update/driver.ts",
    line: "this.#verifier?.close();",
    mutant: "optional: ?. -> .",
    reason: "What is stopped was started.",
  },
  {
    file: "src/update/driver.ts",
    line: "return (this.#block ??= new Uint8Array(this.#partition.blockLength));",
    mutant: "assignment: ??= -> =",
    reason: "A new buffer each time works as well; what it costs is memory.",
  },
  {
    file: "src/update/job.ts",
    line: "return step.state.name === \"reporting\" ? { state: { ...step.state, queued }, effects: step.effects } : step;",
    mutant: "condition: step.state.name === \"reporting\" -> true",
    reason: "Both callers hand over a step to that state. The condition is for the compiler.",
  },
  {
    file: "src/update/machine.ts",
    line: "return unreachable(state);",
    mutant: "return: unreachable(state) -> undefined",
    reason: "The compiler proves that it is not reached: the argument is `never`.",
  },
  {
    file: "src/update/machine.ts",
    line: "return unreachable(event);",
    mutant: "return: unreachable(event) -> undefined",
    reason: "The compiler proves that it is not reached: the argument is `never`. In each state.",
  },
  {
    file: "src/update/machine.ts",
    line: "function unreachable(value: never): never {",
    mutant: "block: { throw new Error(`unreachable: ${JSON.stringify(value)}`); } -> {}",
    reason: "Never called, as above.",
  },
];
