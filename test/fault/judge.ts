import { NEW, OLD } from "./files.js";
import type { RunRecord } from "./run.js";
import type { Outcome } from "./scenario.js";
import { describeReport } from "./broker.js";

/** @returns in what a run did not end as it must */
export function judge(record: RunRecord, ends: Outcome): string[] {
  const wrong: string[] = [...record.violations];
  const expect = (what: string, actual: unknown, expected: unknown): void => {
    if (JSON.stringify(actual) !== JSON.stringify(expected)) {
      wrong.push(`${what}: ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`);
    }
  };
  const reports = record.jobs.flatMap(({ results }) => results.map(describeReport));
  const report = ends.report;
  if (report === undefined) expect("reports", reports, []);
  else if (!(reports.at(-1) ?? "").startsWith(report)) expect("reports", reports, [report]);
  expect("version", record.version, ends.version ?? (report === "done" ? NEW : OLD));
  expect("requests", record.requests.length, ends.requests);
  if (ends.connects !== undefined) expect("connects", record.connects.length, ends.connects);
  if (ends.offsets !== undefined) expect("offsets", offsetsOf(record), ends.offsets);
  if (ends.hosts !== undefined) {
    expect(
      "hosts",
      record.requests.map(({ host }) => host),
      ends.hosts,
    );
  }
  const atMs = record.resultAtMs ?? 0;
  if (atMs < (ends.atLeastMs ?? 0) || atMs > (ends.atMostMs ?? Infinity)) {
    wrong.push(`the result comes after ${atMs} ms`);
  }
  let from = 0;
  for (const word of ends.words ?? []) {
    const at = record.words.findIndex((heard, index) => index >= from && heard.startsWith(word));
    if (at < 0) wrong.push(`not heard in its place: ${word}`);
    else from = at + 1;
  }
  for (const [word, count] of Object.entries(ends.heard ?? {})) {
    expect(`heard ${word}`, record.words.filter((heard) => heard.startsWith(word)).length, count);
  }
  return wrong;
}

function offsetsOf({ requests }: RunRecord): string[] {
  return requests.map(({ from }, index) => {
    if (from === 0) return "start";
    const before = requests[index - 1]?.from ?? 0;
    return from >= before ? "later" : `at ${from}`;
  });
}
