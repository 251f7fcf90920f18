import type { OtaAgent, Plan } from "moddable-ota";
import type { Host } from "./host.js";
import { CALL, type MessageReader } from "./messages.js";

/** Most plans that can still be answered from outside; an older one cannot. */
const PLAN_LIMIT = 4;

/** Shows plans to the host, and hands the host's answers to the plans. */
export class PlanAnswers {
  readonly #plans: { readonly id: number; readonly plan: Plan }[] = [];
  #lastId = 0;

  constructor(options: { host: Host; agent: OtaAgent }) {
    options.agent.on("plan", (plan) => {
      const id = ++this.#lastId;
      this.#plans.push({ id, plan });
      if (this.#plans.length > PLAN_LIMIT) this.#plans.shift();
      options.host.call(CALL.agentEvent, "plan", JSON.stringify({ ...plan, id }));
      void plan.closed().then(() => options.host.call(CALL.agentEvent, "plan-closed", JSON.stringify({ id })));
    });
  }

  /** @throws OtaError as the plan does */
  answer(message: MessageReader): void {
    const [id, answer, seconds, reason] = [message.number(), message.text(), message.number(), message.text()];
    const plan = this.#plans.find((each) => each.id === id)?.plan;
    if (answer === "accept") plan?.accept();
    else if (answer === "decline") plan?.decline(reason);
    else plan?.defer({ seconds });
  }
}
