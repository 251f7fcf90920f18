import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { mosquittoDevices } from "../../cloud/broker/mosquitto-devices.js";
import { mosquittoConfiguration, mosquittoFiles } from "../../cloud/broker/mosquitto-files.js";
import { openAtRest } from "../../cloud/core.js";
import { UsageError } from "../command-line.js";
import { readText, writeBytes, writeSecret } from "../files.js";
import { spell } from "./text.js";

/** The cloud's user at mosquitto. */
const CLOUD_USER = "ota-cloud";

/** Holds the URL for `serve --broker`, with the cloud's password. */
const URL_FILE = "broker-url";

/** `ota-cloud broker mosquitto` */
export async function brokerMosquitto(options: {
  state: string;
  output: string;
  mqttPort: number;
  pskPort: number;
}): Promise<void> {
  const folder = resolve(options.output);
  if (!/^[!-~]+$/.test(folder)) throw new UsageError("mosquitto takes no spaces in the path of a file");
  if (!existsSync(options.state)) throw new UsageError(`there is no folder ${options.state}: name it by --state`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const core = await openAtRest(options.state);
  const devices = await mosquittoDevices(core.state.store.tables).finally(() => core.close());
  const password = knownPassword(join(folder, URL_FILE)) ?? randomBytes(18).toString("base64url");
  const files = await mosquittoFiles(devices, { username: CLOUD_USER, password });
  writeSecret(join(folder, "passwords"), files.passwords);
  writeSecret(join(folder, "psk"), files.psk);
  writeSecret(join(folder, "acl"), files.acl);
  writeSecret(join(folder, "clients.json"), `${JSON.stringify(files.clients, null, 2)}\n`);
  writeSecret(join(folder, URL_FILE), `mqtt://${CLOUD_USER}:${password}@127.0.0.1:${options.mqttPort}\n`);
  const ports = { mqtt: options.mqttPort, psk: options.pskPort };
  writeBytes(join(folder, "mosquitto.conf"), mosquittoConfiguration(folder, ports));
  const count = devices.length - files.leftOut.length;
  say(`passwords, psk, acl and mosquitto.conf for ${count} ${count === 1 ? "device is" : "devices are"} in ${folder}`);
  say(`what serve --broker takes is in ${URL_FILE}; clients.json has a user and password for each device`);
  for (const device of files.leftOut) say(`left out: ${spell(device)}, for mosquitto ends a name at a colon`);
}

/** @returns the password that was made before: the cloud and mosquitto may be using it */
function knownPassword(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  const url = readText(path).trim();
  return URL.canParse(url) ? new URL(url).password : undefined;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
