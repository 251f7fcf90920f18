import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Offer } from "../../../src/protocol/messages.js";
import type { Gate } from "../../../src/update/target.js";
import type { Failure } from "../../../src/update/machine/types.js";
import { Driving, IMAGE, OFFER } from "../../support/driving.js";

const { started } = Driving;

describe("a gate", () => {
  class TestGate implements Gate {
    readonly asked: string[] = [];
    answer: ((failure?: Failure) => void) | undefined;
    ask(step: string, offer: Offer, answer: (failure?: Failure) => void): void {
      this.asked.push(`${step} ${offer.version}`);
      this.answer = answer;
    }
    withdraw(): void {
      this.asked.push("withdrawn");
      this.answer = undefined;
    }
  }

  test("is asked before the download and before the installation, and nothing happens before it answers", () => {
    const gate = new TestGate();
    const driving = started({ gate });
    driving.offer(OFFER);
    driving.advance(60_000);
    assert.equal(driving.state, "offered");
    assert.deepEqual(gate.asked, ["download 0.2.0"]);
    assert.ok(!driving.story.includes("forget"));
    gate.answer?.();
    driving.fetch(IMAGE);
    assert.equal(driving.state, "ready");
    driving.advance(60_000);
    assert.ok(!driving.story.includes("set pending"));
    gate.answer?.();
    driving.heard();
    driving.advance(0);
    assert.deepEqual(gate.asked, ["download 0.2.0", "install 0.2.0", "withdrawn"]);
    assert.equal(driving.story.at(-1), "restart");
  });

  test("may answer from inside the question", () => {
    const driving = started({ gate: { ask: (_, __, answer) => answer(), withdraw: () => {} } });
    driving.bring(IMAGE, OFFER);
    assert.equal(driving.state, "applying");
  });

  test("is informed when its answer is not needed any more", () => {
    const gate = new TestGate();
    const driving = started({ gate });
    driving.offer(OFFER);
    driving.offer({ ...OFFER, version: "0.3.0" });
    driving.driver.stop();
    assert.deepEqual(gate.asked, ["download 0.2.0", "withdrawn", "download 0.3.0", "withdrawn"]);
  });

  test("that declines ends the job, with its reason", () => {
    const gate = new TestGate();
    const driving = started({ gate });
    driving.offer(OFFER);
    gate.answer?.({ code: "declined", message: "not on Sundays" });
    const heard = driving.heard().map((text) => JSON.parse(text).report.progress);
    assert.deepEqual(
      heard.map(({ state, result_code, result_msg }) => [state, result_code, result_msg]),
      [["fail", "-5", "declined: not on Sundays"]],
    );
  });
});
