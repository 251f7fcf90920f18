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
    line: "if (this.#closed) return;",
    mutant: "condition: this.#closed -> false",
    reason: "In `close`: everything it does may be done twice.",
  },
  {
    file: "src/http/range-reader.ts",
    line: "this.#exchange?.close();",
    mutant: "optional: ?. -> .",
    reason: "A redirect is the answer of an exchange.",
  },
  {
    file: "src/http/range-reader.ts",
    line: "const count = this.#body.read(into, start, end - start < left ? end : start + left);",
    mutant: "relation: < -> <=",
    reason: "Where both are the same, so are the two ends.",
  },
  {
    file: "src/http/range-reader.ts",
    line: "this.#timer?.cancel();",
    mutant: "optional: ?. -> .",
    reason: "The constructor sets a timer. Both places.",
  },
  {
    file: "src/http/retry-after.ts",
    line: "if (value === undefined) return undefined;",
    mutant: "condition: value === undefined -> false",
    reason: "Both patterns are then tried on the text `undefined`, which they refuse.",
  },
  {
    file: "src/image/block-writer.ts",
    line: "if (this.#filled < wanted) this.#filled += source.read(this.#block, this.#filled, wanted);",
    mutant: "condition: this.#filled < wanted -> true",
    reason: "A source that is asked for no bytes gives none; the condition spares the call.",
  },
  {
    file: "src/image/block-writer.ts",
    line: "if (this.#filled < wanted) this.#filled += source.read(this.#block, this.#filled, wanted);",
    mutant: "relation: < -> <=",
    reason: "As above.",
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
    file: "src/update/checkpoint.ts",
    line: 'const stored = phase === "downloading" || phase === "reporting" ? checkpoint.stored : undefined;',
    mutant: 'condition: phase === "downloading" || phase === "reporting" -> true',
    reason: "A checkpoint of another phase has no such field: it is undefined. The condition is for the compiler.",
  },
  {
    file: "src/update/checkpoint.ts",
    line: 'const bytes = text === "" ? undefined : encodeUtf8(text);',
    mutant: 'condition: text === "" -> false',
    reason: "No bytes are no bytes; the condition spares an empty array.",
  },
  {
    file: "src/update/checkpoint.ts",
    line: "for (let index = 0; index < TEXT_COUNT; index++) {",
    mutant: "relation: < -> <=",
    reason:
      "Where texts are put into the record: there is none behind the last. The loops before and behind it are told by their results.",
  },
  {
    file: "src/update/checkpoint.ts",
    line: "return { phase, slot, image };",
    mutant: "case: return { phase, slot, image }; -> ;",
    reason: "Falls to the next case, which gives the same: a record of this phase has the outcome `done`.",
  },
  {
    file: "src/update/checkpoint.ts",
    line: 'const reason = checkpoint.phase === "applying" ? checkpoint.reason : undefined;',
    mutant: 'condition: checkpoint.phase === "applying" -> true',
    reason: "A checkpoint of another phase has no such field: it is undefined. The condition is for the compiler.",
  },
  {
    file: "src/update/flash/download.ts",
    line: 'if (this.#phase === "closed" || this.#turnDue) return;',
    mutant: 'condition: this.#phase === "closed" || this.#turnDue -> false',
    reason: "A second timer is a turn that finds nothing to do, and one after `close` does nothing.",
  },
  {
    file: "src/update/flash/download.ts",
    line: 'if (this.#phase === "closed" || this.#turnDue) return;',
    mutant: "logic: || -> &&",
    reason: "As above.",
  },
  {
    file: "src/update/flash/download.ts",
    line: 'if (this.#phase === "closed") return;',
    mutant: 'condition: this.#phase === "closed" -> false',
    reason: "In `#fail`: nothing calls it after `close`, but a board may.",
  },
  {
    file: "src/update/flash/download.ts",
    line: "this.#turnTimer?.cancel();",
    mutant: "optional: ?. -> .",
    reason: "The constructor sets a timer.",
  },
  {
    file: "src/update/flash/download.ts",
    line: "if (this.#lost !== undefined && !this.#writer?.full && !this.#canPrepare()) {",
    mutant: "optional: ?. -> .",
    reason: "A connection that is lost was asked for, after the writer was made.",
  },
  {
    file: "src/update/flash/download.ts",
    line: "return true;",
    mutant: "boolean: true -> false",
    reason:
      "In `#erasesAhead`: what it may do next begins with bytes, which schedule a turn. The other places are told.",
  },
  {
    file: "src/update/flash/download.ts",
    line: 'if (this.#phase === "closed") return false;',
    mutant: "boolean: false -> true",
    reason: "A turn is not scheduled after `close`.",
  },
  {
    file: "src/update/flash/download.ts",
    line: "return false;",
    mutant: "boolean: false -> true",
    reason: "After `close`, as above. Both places.",
  },
  {
    file: "src/update/flash/download.ts",
    line: "if (this.#turnTimer === undefined) {",
    mutant: "condition: this.#turnTimer === undefined -> true",
    reason: "A new timer each time does the same; what it costs is memory.",
  },
  {
    file: "src/update/driver.ts",
    line: "#busy = false;",
    mutant: "boolean: false -> true",
    reason: "`start` sets it before any event can come.",
  },
  {
    file: "src/update/driver.ts",
    line: "if (this.#stopped) return;",
    mutant: "condition: this.#stopped -> false",
    reason: "In `dispatch`: the loop that handles events looks at the same, so that the event is only queued.",
  },
  {
    file: "src/update/driver.ts",
    line: "if (selfTest !== undefined) this.#selfTest = new SelfTest({ selfTest, onEnd: (event) => this.dispatch(event) });",
    mutant: "condition: selfTest !== undefined -> true",
    reason: "Without a self test nobody asks for the proof.",
  },
  {
    file: "src/update/driver.ts",
    line: 'if (written !== undefined && event.type !== "region-erased") this.#queue.push(written);',
    mutant: 'condition: event.type !== "region-erased" -> true',
    reason: "The offset of the region is then told twice.",
  },
  {
    file: "src/update/driver.ts",
    line: "this.#gate?.withdraw();",
    mutant: "optional: ?. -> .",
    reason: "The machine asks, and withdraws, only where the context says that there is a gate. In `stop` it is told.",
  },
  {
    file: "src/update/driver.ts",
    line: "this.#gate?.ask(",
    mutant: "optional: ?. -> .",
    reason: "The machine asks only where the context says that there is a gate.",
  },
  {
    file: "src/update/driver.ts",
    line: "this.#selfTest?.ask();",
    mutant: "optional: ?. -> .",
    reason: "The machine asks for a proof only where the context says that there is a self test.",
  },
  {
    file: "src/update/flash/resume-search.ts",
    line: "this.#timer?.cancel();",
    mutant: "optional: ?. -> .",
    reason: "The constructor sets a timer.",
  },
  {
    file: "src/update/flash/work.ts",
    line: "return (this.#block ??= new Uint8Array(this.#options.target.partition.blockLength));",
    mutant: "assignment: ??= -> =",
    reason: "A new buffer each time works as well; what it costs is memory.",
  },
  {
    file: "src/update/machine/moves.ts",
    line: 'return step.state.name === "reporting" ? { state: { ...step.state, queued }, effects: step.effects } : step;',
    mutant: 'condition: step.state.name === "reporting" -> true',
    reason: "Both callers hand over a step to that state. The condition is for the compiler.",
  },
  {
    file: "src/update/machine/moves.ts",
    line: "export function unreachable(value: never): never {",
    mutant: "block: { throw new Error(`unreachable: ${JSON.stringify(value)}`); } -> {}",
    reason: "Never called: the compiler proves that its argument is `never`.",
  },
  {
    file: "src/update/machine/transition.ts",
    line: "return unreachable(state);",
    mutant: "return: unreachable(state) -> undefined",
    reason: "The compiler proves that it is not reached: the argument is `never`.",
  },
  {
    file: "src/update/machine/restore.ts",
    line: 'if (runs && !isLeft) return report(checkpoint, { outcome: "done" }, false, boot);',
    mutant: "boolean: false -> true",
    reason: "Nothing is kept of a slot that runs, whatever the record says.",
  },
  {
    file: "src/update/timers.ts",
    line: "for (const timer of Object.values(this.#timers)) timer?.cancel();",
    mutant: "optional: ?. -> .",
    reason: "No entry is ever set to undefined.",
  },
];
