import { OtaAgent, OtaError } from "moddable-ota";
import { forgetProductSecret, openDevice, readProvisioning } from "moddable-ota/device";
import { register } from "moddable-ota/registration";
import Net from "net";

const log = (level, area, message) => {
  if (level !== "debug") trace(`${level} ${area}: ${message()}\n`);
};

/**
 * As in examples/minimal, but the boards of a batch share what is written into their NVS too. Each registers itself
 * once, with the product's secret, under a name of its own. `register` tries until the network is up.
 */
export default function () {
  const { identity, registration, problem, broker, download } = readProvisioning();
  const device = openDevice({ log });
  if (identity !== undefined) run(device, { identity, broker, download });
  else if (registration === undefined) giveUp(device, problem);
  else obtain(device, registration, { broker, download });
}

async function obtain(device, registration, config) {
  let identity;
  try {
    const deviceName = registration.deviceName ?? nameOfBoard();
    identity = await register({ device, ...registration, deviceName });
    forgetProductSecret();
    trace(`registered as ${deviceName}\n`);
  } catch (error) {
    giveUp(device, error.message);
    return;
  }
  run(device, { identity, ...config });
}

/** The name must stay the same for the life of the board. */
function nameOfBoard() {
  return `board_${Net.get("MAC").split(":").join("")}`;
}

function run(device, config) {
  let agent;
  try {
    agent = new OtaAgent({ device, config });
  } catch (error) {
    if (!(error instanceof OtaError) || error.code !== "usage") throw error;
    giveUp(device, error.message);
    return;
  }
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
