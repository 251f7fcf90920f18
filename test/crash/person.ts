import type { OtaAgent } from "../../hal/boards/main.js";
import { decodePlans } from "../../src/plans/record.js";
import type { Operation } from "./tears.js";
import type { World } from "./world.js";

export type Answer = "accept" | "decline" | "defer";

/** How a person answers a plan: the first time it is shown for a step, the second time, and so on. */
export interface Script {
  readonly download: readonly Answer[];
  readonly install: readonly Answer[];
}

export interface PersonOptions {
  readonly agent: OtaAgent;
  readonly world: World;
  readonly script: Script;
  /** Milliseconds since this boot. */
  now(): number;
  onBroken(what: string): void;
}

const DEFERRAL_SECONDS = 300;

/**
 * A person who is asked and remembers every answer. The person notices a question that was answered already, and a step
 * that goes on without an answer or waits in spite of one.
 */
export class Person {
  readonly #options: PersonOptions;
  /** Answers that the board could not store: they hold as long as this boot. */
  #unstored: string[] = [];
  readonly #acceptedBefore: boolean;

  constructor(options: PersonOptions) {
    this.#options = options;
    this.#acceptedBefore = options.world.person.kept.includes("download accept");
    this.#attend();
  }

  /** A block is about to be erased, or an image made pending. */
  sees(step: "download" | "install"): void {
    const { world, now, onBroken } = this.#options;
    if (!world.person.said.includes(`${step} accept`)) onBroken(`goes on with the ${step} that nobody has accepted`);
    if (step === "download" && this.#acceptedBefore && now() >= DEFERRAL_SECONDS * 1000) {
      onBroken("waits once more for a deferral that was over");
    }
  }

  #attend(): void {
    const { agent, world, script, now, onBroken } = this.#options;
    let deferredAtMs = 0;
    agent.on("plan", (plan) => {
      if (!plan.asks) return;
      const { said, kept } = world.person;
      const before = [...kept, ...this.#unstored]
        .filter((each) => each.startsWith(plan.step))
        .map((each) => each.split(" ")[1]);
      const last = before.at(-1);
      if (last === "accept" || last === "decline") onBroken(`asked again about the ${plan.step} after ${last}`);
      if (last === "defer" && now() - deferredAtMs < DEFERRAL_SECONDS * 1000) {
        onBroken(`asked about the ${plan.step} before the deferral is over`);
      }
      const wanted = script[plan.step][before.length] ?? "accept";
      const answer = wanted === "defer" && plan.deferralsLeft === 0 ? "accept" : wanted;
      // The answer is given before it is stored, and kept only after that: with a cut in between both are right.
      const words = `${plan.step} ${answer}`;
      if (!said.includes(words)) said.push(words);
      deferredAtMs = now();
      const record = world.records["plans"];
      if (answer === "accept") plan.accept();
      else if (answer === "decline") plan.decline("not today");
      else plan.defer({ seconds: DEFERRAL_SECONDS });
      this.#unstored.push(words);
      // One record holds every answer.
      if (world.records["plans"] !== record) kept.push(...this.#unstored.splice(0));
    });
  }
}

/** A job has failed and the failure is stored: what was accepted for it is not accepted any more. */
export function settlePerson(world: World, operation: Operation, records: World["records"]): void {
  if (
    operation.kind !== "record" ||
    operation.key !== "plans" ||
    failuresIn(operation.bytes) <= failuresIn(records["plans"])
  ) {
    return;
  }
  world.person.said.length = 0;
  world.person.kept.length = 0;
}

function failuresIn(record: Uint8Array | undefined): number {
  return decodePlans(record).reduce((sum, { failures }) => sum + failures, 0);
}
