import { type Device, type Log, OtaAgent, OtaError, type Plan } from "moddable-ota";
import { openDevice, readProvisioning } from "moddable-ota/device";
import { plans } from "moddable-ota/plans";

const log: Log = (level, area, message) => {
  if (level !== "debug") trace(`${level} ${area}: ${message()}\n`);
};

/**
 * As in examples/minimal, but each update is a plan: it waits for a good signal and for a yes, and the new firmware
 * tests itself.
 */
export default function (): void {
  const { identity, problem, broker, download } = readProvisioning();
  const device = openDevice({ log });
  if (identity === undefined) {
    giveUp(device, problem);
    return;
  }
  let agent: OtaAgent;
  try {
    agent = new OtaAgent({
      device,
      parts: { plans },
      config: { identity, broker, download, policy: { consent: "ask", minSignalDbm: -85 }, selfTest },
    });
  } catch (error) {
    if (!(error instanceof OtaError) || error.code !== "usage") throw error;
    giveUp(device, error.message);
    return;
  }
  agent.on("plan", (plan) => {
    if (plan.unmet.length > 0) trace(`${plan.version} waits for: ${plan.unmet.map(({ what }) => what).join(", ")}\n`);
    if (plan.asks) ask(plan);
  });
  agent.on("state", ({ to }) => trace(`${to}\n`));
  agent.on("result", ({ version, result }) => trace(`${version}: ${result.outcome}\n`));
  agent.start();
  trace(`version ${agent.version} runs\n`);
}

/** A board that is not provisioned, or wrongly, says so in one line and goes on: a restart would change nothing. */
function giveUp(device: Device, problem: string | undefined): void {
  trace(`${problem}\n`);
  // A new firmware that does not know who it is cannot prove itself, and must not stay.
  if (device.boot.status().runningState === "pending-verify") {
    device.boot.revert();
    device.boot.restart();
  }
}

/**
 * A product shows the plan to its user here, and accepts, declines or defers it once they have answered. docs/plans.md
 * does so with a button.
 */
function ask(plan: Plan): void {
  trace(`${plan.version}, ${plan.size} bytes: accepted\n`);
  plan.accept();
}

/** A product looks here whether what it is made for still works. Only `true` keeps a new firmware. */
function selfTest(): boolean {
  return true;
}
