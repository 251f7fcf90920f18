import { Command } from "commander";
import { count, EXIT_FAILED, runProgram } from "../../cli/command-line.js";
import type { Log } from "../../hal/boards/main.js";
import { chain, VERSIONS } from "./chain.js";
import { mutatedRun } from "./mutated.js";

interface Options {
  readonly mutations: number;
  readonly chains: number;
  readonly seed: number;
  readonly mutation?: number;
  readonly chain?: number;
  readonly log?: true;
}

const program = new Command("npm run test:packages --")
  .description(
    "Updates of a simulated board by packages that were changed, and boards that are taken through ten versions by deltas with power cuts and a hostile server. The last line is JSON.",
  )
  .option("--mutations <n>", "updates by packages that were changed", count, 2000)
  .option("--chains <n>", "boards that are taken through ten versions", count, 100)
  .option("--seed <n>", "of the first of each; default: another one each time", count, (Math.random() * 0x7fffffff) | 0)
  .option("--mutation <seed>", "repeat the one update of this seed", count)
  .option("--chain <seed>", "repeat the one board of this seed", count)
  .option("--log", "with --mutation or --chain: what the agent says")
  .action(main);

await runProgram(program);

function main(options: Options): void {
  const single = options.mutation ?? options.chain;
  const mutations = single === undefined ? options.mutations : options.mutation === undefined ? 0 : 1;
  const chains = single === undefined ? options.chains : options.chain === undefined ? 0 : 1;
  const seed = single ?? options.seed;
  const log: Log | undefined =
    options.log === true && single !== undefined
      ? (level, area, message) => say(`  ${level} ${area} ${message()}`)
      : undefined;
  const violations = [...mutated(seed, mutations, log), ...chained(seed, chains, log)];
  for (const line of violations) say(line);
  say(JSON.stringify({ mutations, chains, violations: violations.length, seed }));
  if (violations.length > 0) process.exitCode = EXIT_FAILED;
}

function mutated(seed: number, runs: number, log: Log | undefined): string[] {
  const ends = new Map<string, number>();
  const wrong: string[] = [];
  for (let run = 0; run < runs; run++) {
    const { mutation, end, violations } = mutatedRun(seed + run, log);
    const kind = /^fail -[0-9] [a-z0-9-]+/.exec(end)?.[0] ?? end;
    ends.set(kind, (ends.get(kind) ?? 0) + 1);
    wrong.push(...violations.map((what) => `violation --mutation ${seed + run} (${mutation}): ${what}`));
    if (run % 500 === 499) say(`mutations  ${run + 1}`);
  }
  for (const [end, times] of [...ends].sort(([, one], [, two]) => two - one))
    say(`${String(times).padStart(9)}  ${end}`);
  return wrong;
}

function chained(seed: number, runs: number, log: Log | undefined): string[] {
  const total = { deltas: 0, whole: 0, boots: 0, requests: 0, last: 0 };
  const reasons = new Map<string, number>();
  const wrong: string[] = [];
  for (let run = 0; run < runs; run++) {
    const found = chain(seed + run, log);
    for (const key of ["deltas", "whole", "boots", "requests"] as const) total[key] += found[key];
    if (found.version === VERSIONS.at(-1)) total.last++;
    else reasons.set(found.reason ?? "", (reasons.get(found.reason ?? "") ?? 0) + 1);
    wrong.push(...found.violations.map((what) => `violation --chain ${seed + run}: ${what}`));
  }
  if (runs === 0) return wrong;
  const { deltas, whole, boots, requests, last } = total;
  say(
    `chains     ${runs} boards: ${deltas} updates by deltas, ${whole} by whole images, ${boots} boots, ${requests} requests`,
  );
  say(`ended      ${last} on ${VERSIONS.at(-1)}`);
  for (const [reason, times] of reasons) say(`${String(times).padStart(9)}  before it: ${reason}`);
  return wrong;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
