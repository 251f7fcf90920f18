import { OtaAgent, OtaError } from "moddable-ota";
import { openDevice, readProvisioning } from "moddable-ota/device";
import { seal } from "moddable-ota/seal";
import trusted from "trusted";

const log = (level, area, message) => {
  if (level !== "debug") trace(`${level} ${area}: ${message()}\n`);
};

/** As examples/minimal, but it takes only firmware that one of the keys in trusted.js has sealed. */
export default function () {
  const { identity, problem, broker, download } = readProvisioning();
  const device = openDevice({ log });
  if (identity === undefined) {
    giveUp(device, problem);
    return;
  }
  let agent;
  try {
    agent = new OtaAgent({ device, config: { identity, broker, download, seal: { trusted } }, parts: { seal } });
  } catch (error) {
    if (!(error instanceof OtaError) || error.code !== "usage") throw error;
    giveUp(device, error.message);
    return;
  }
  agent.on("refused", ({ version, code, message }) => trace(`${version} refused: ${code}: ${message}\n`));
  agent.on("state", ({ to }) => trace(`${to}\n`));
  agent.on("result", ({ version, result }) => trace(`${version}: ${result.outcome}\n`));
  agent.start();
  trace(`version ${agent.version} runs\n`);
}

/** A board that is not provisioned, or wrongly, says so in one line and goes on: a restart would change nothing. */
function giveUp(device, problem) {
  trace(`${problem}\n`);
  // A new firmware that does not know who it is cannot prove itself, and must not stay.
  if (device.boot.status().runningState === "pending-verify") {
    device.boot.revert();
    device.boot.restart();
  }
}
