import fc from "fast-check";
import { describeReport } from "./broker.js";
import { CHIPS, type ChipName } from "./chips.js";
import { ANSWERS, CONNECTIONS, type Harm, INCIDENTS, WORDS } from "./harms.js";
import { run, type RunRecord } from "./run.js";
import type { HttpAnswer, Incident, Occasion, Scenario } from "./scenario.js";

/** A random scenario, and the worst effects that its answers may have. */
export interface Schedule {
  readonly chip: ChipName;
  readonly seed: number;
  readonly scenario: Scenario;
  readonly harms: readonly Harm[];
}

const TRIES = 8;
const MIN_IMAGE_LENGTH = 336;
const SLOT: { readonly [name in ChipName]: number } = { small: 4096, sim: 0x20000 };
const SIZES: { readonly [name in ChipName]: readonly number[] } = {
  small: [0, 1, 16, 335, 336, 337, 511, 512, 513, 2047, 2048, 2049, 4095, 4096, 4097],
  sim: [0, 1, 4095, 4096, 4097, 0xffff, 0x10000, 0x10001, 0x1ffff, 0x20000, 0x20001],
};

const answer: fc.Arbitrary<readonly [Harm, HttpAnswer]> = fc.oneof(
  fc.constantFrom(...ANSWERS),
  fc
    .record({
      in: fc.constantFrom("head" as const, "body" as const),
      share: fc.integer({ min: 0, max: 99 }).map((percent) => percent / 100),
      then: fc.constantFrom("end" as const, "stall" as const),
    })
    .map((breaks): readonly [Harm, HttpAnswer] => ["try", { breaks }]),
);

const occasion: fc.Arbitrary<Occasion> = fc.oneof(
  fc.integer({ min: 0, max: 30_000 }).map((atMs) => ({ atMs })),
  fc.constantFrom(...WORDS).map((at) => ({ at })),
);

const incident: fc.Arbitrary<Occasion & Incident> = fc
  .tuple(occasion, fc.constantFrom(...INCIDENTS))
  .map(([when, what]) => ({ ...when, ...what }));

function scheduleOn(chip: ChipName): fc.Arbitrary<Schedule> {
  return fc
    .record({
      seed: fc.nat(),
      size: fc.oneof(
        fc.constant(undefined),
        fc.constantFrom(...SIZES[chip]),
        fc.integer({ min: MIN_IMAGE_LENGTH, max: SLOT[chip] }),
      ),
      answers: fc.array(answer, { maxLength: 10 }),
      mqtt: fc.array(fc.constantFrom(...CONNECTIONS), { maxLength: 4 }),
      incidents: fc.array(incident, { maxLength: 4 }),
      cuts: fc.array(fc.record({ operation: fc.nat({ max: 30 }), mode: fc.nat({ max: 5 }) }), { maxLength: 3 }),
      refusesNew: fc.integer({ min: 0, max: 15 }).map((value) => value === 1),
      ticksAtStart: fc.constantFrom(0, 0x7fffffff - 3000, -3000, 0x12345678),
      wallClock: fc.constantFrom(undefined, 0, 1_700_000_000, 4_000_000_000),
    })
    .map(({ seed, size, answers, wallClock, ...rest }) => ({
      chip,
      seed,
      harms: answers.map(([harm]) => harm),
      scenario: {
        name: "schedule",
        ...rest,
        ...(size === undefined ? {} : { size }),
        ...(wallClock === undefined ? {} : { wallClock }),
        http: answers.map(([, each]) => each),
      },
    }));
}

/** Mostly the small chip, whose runs cost least. */
export const schedule: fc.Arbitrary<Schedule> = fc.oneof(
  { weight: 7, arbitrary: scheduleOn("small") },
  { weight: 1, arbitrary: scheduleOn("sim") },
);

/** @returns what a schedule broke */
export function assess({ chip, seed, scenario, harms }: Schedule): string[] {
  const record = run({ scenario, makeChip: CHIPS[chip], seed });
  return [...record.violations, ...dishonest(record, scenario, harms, SLOT[chip])];
}

/** Every failure has a cause in the schedule that fits it: if there is none, the update must have come about. */
function dishonest(record: RunRecord, scenario: Scenario, harms: readonly Harm[], capacity: number): string[] {
  const causes = causesOf(scenario, harms, capacity);
  const wrong: string[] = [];
  for (const { file, results } of record.jobs) {
    const size = file.bytes.byteLength;
    const asked = record.requests.some(({ target }) => target.startsWith(`/${file.version}?`));
    if (asked && (size === 0 || size > capacity)) wrong.push(`an image of ${size} bytes is fetched`);
    const word = results.length === 0 ? "done" : describeReport(results[0] as string);
    const code = /^fail (-[0-9])/.exec(word)?.[1];
    if (code !== undefined && !causes.has(code)) wrong.push(`without a cause: ${word}`);
    if (word === "done" && results.length > 0 && (size < MIN_IMAGE_LENGTH || size > capacity)) {
      wrong.push(`done with ${size} bytes`);
    }
  }
  return wrong;
}

function causesOf(
  { size = capacityless, cuts = [], incidents = [], refusesNew }: Scenario,
  harms: readonly Harm[],
  capacity: number,
): Set<string> {
  const count = (harm: Harm): number => harms.filter((each) => each === harm).length;
  const jumps = incidents.filter((each) => each.do === "set-clock").length;
  const causes = new Set<string>();
  if (count("try") + count("renew") + count("restart") + jumps >= TRIES) causes.add("-1").add("-5");
  if (count("-2") > 0) causes.add("-2");
  if (count("renew") >= 2) causes.add("-3");
  if (count("wrong") > 0) causes.add("-4");
  const restarts = count("restart") + count("wrong");
  const reverts =
    refusesNew === true || cuts.length > 0 || incidents.some((each) => each.do === "cut-power" || each.do === "stop");
  if (
    count("-5") > 0 ||
    restarts >= 2 ||
    reverts ||
    (size !== capacityless && (size < MIN_IMAGE_LENGTH || size > capacity))
  ) {
    causes.add("-5");
  }
  return causes;
}

/** The scenario leaves the size to the chip. */
const capacityless = -1;
