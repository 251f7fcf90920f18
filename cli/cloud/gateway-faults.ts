import { InvalidArgumentError } from "commander";
import type { GatewayFaults } from "../../cloud/platform/gateway-faults.js";

export const GATEWAY_FAULTS_HELP =
  "faults in the answers to gateways, separated by commas: online=-2 or bind:light1=806 answers with that result instead " +
  "of doing it; delay=<ms>; lose=<n>, every nth; reorder; unbind-as-bind";

/**
 * Parses the value of `--gateway-faults`: `online=-2`, `bind:light1=806`, `delay=MS`, `lose=N`, `reorder`,
 * `unbind-as-bind`, separated by commas.
 */
export function gatewayFaults(text: string): GatewayFaults {
  const faults: GatewayFaults = {};
  for (const word of text.split(",").map((part) => part.trim())) add(faults, word);
  return faults;
}

function add(faults: GatewayFaults, word: string): void {
  const [, name = "", value = ""] = /^([^=]+)=(-?[0-9]{1,6})$/.exec(word) ?? [];
  if (word === "reorder") faults.reorder = true;
  else if (word === "unbind-as-bind") faults.unbindAsBind = true;
  else if (name === "delay" && Number(value) >= 0) faults.delayMs = Number(value);
  else if (name === "lose" && Number(value) >= 1) faults.loseEvery = Number(value);
  else if (/^(?:online|offline|bind|unbind)(?::[A-Za-z0-9:_-]{1,48})?$/.test(name)) {
    faults.results = { ...faults.results, [name]: Number(value) };
  } else throw new InvalidArgumentError(`${word === "" ? "An empty text" : word} is not a fault.`);
}
