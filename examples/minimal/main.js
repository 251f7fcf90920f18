import { OtaAgent, OtaError } from "moddable-ota";
import { openDevice, readProvisioning } from "moddable-ota/device";

const log = (level, area, message) => {
  if (level !== "debug") trace(`${level} ${area}: ${message()}\n`);
};

/**
 * Who this board is and where its broker is comes from its NVS, the version from the image itself: the image is the
 * same for every board.
 */
export default function () {
  const { identity, problem, broker, download } = readProvisioning();
  const device = openDevice({ log });
  if (identity === undefined) {
    giveUp(device, problem);
    return;
  }
  let agent;
  try {
    agent = new OtaAgent({ device, config: { identity, broker, download } });
  } catch (error) {
    if (!(error instanceof OtaError) || error.code !== "usage") throw error;
    giveUp(device, error.message);
    return;
  }
  let shown;
  agent.on("progress", ({ version, bytes, size }) => {
    const line = `${version}: ${Math.floor((bytes * 100) / size)} %\n`;
    if (line !== shown) trace(line);
    shown = line;
  });
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
