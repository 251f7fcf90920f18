import type { Command } from "commander";
import { checkConfig } from "../../src/index.js";
import { UsageError } from "../command-line.js";
import {
  readBatch,
  readBytes,
  readCertificate,
  readIdentity,
  readStandardInput,
  standInIdentity,
  writeSecret,
} from "../files.js";
import { makeNvsImage, nvsLength, type ProvisioningEntries } from "../nvs-image.js";

/** The identity and the network that a board is provisioned with. */
export interface ProvisioningOptions {
  readonly deviceInfo: string;
  readonly ssid?: string;
  readonly password?: string;
  readonly passwordFile?: string;
  readonly broker?: string;
  readonly ca?: string;
  readonly downloadCa?: string;
  readonly sntp?: string;
}

/**
 * Most bytes of a network's name (IEEE 802.11), and bytes of a passphrase (WPA). Instead of a passphrase, the
 * hexadecimal digits of the key are allowed.
 */
const SSID_LIMIT = 32;
const PASSWORD_MIN = 8;
const PASSWORD_LIMIT = 63;
const KEY_DIGITS = 64;

/** Adds the options to a command. The command itself adds the option that names the device. */
export function addProvisioningOptions(command: Command): Command {
  return command
    .option("--ssid <name>", "name of the Wi-Fi network")
    .option(
      "--password <text>",
      "password of the Wi-Fi network; every process of this machine can read it: --password-file is safer",
    )
    .option("--password-file <file>", "file whose first line is the password; - reads standard input")
    .option(
      "--broker <url>",
      "the broker: mqtt://host[:port] or mqtts://…; default: the platform's, by product and region",
    )
    .option("--ca <file>", "certificate of the CA to trust for the broker and downloads, PEM or DER")
    .option("--download-ca <file>", "the same for downloads alone, if it is another CA")
    .option("--sntp <host>", "time server (SNTP)");
}

/** @throws UsageError with one line that never holds a secret; OtaError `usage` if the broker's URL is wrong */
export function provisioningEntries(options: ProvisioningOptions): ProvisioningEntries {
  const { broker, ca, downloadCa = ca, sntp, ssid } = options;
  const who = identityEntries(options.deviceInfo, broker);
  const password = passwordOf(options);
  if (ssid === undefined && password !== undefined)
    throw new UsageError("a password needs --ssid, the network that it is for");
  if (ssid !== undefined && !isText(ssid, 1, SSID_LIMIT))
    throw new UsageError(`--ssid must have 1 to ${SSID_LIMIT} bytes`);
  if (sntp !== undefined && !isText(sntp, 1, 253)) throw new UsageError("--sntp is not the name of a host");
  return {
    ...who,
    broker,
    ssid,
    password,
    sntp,
    brokerCa: ca === undefined ? undefined : readCertificate(ca),
    downloadCa: downloadCa === undefined ? undefined : readCertificate(downloadCa),
  };
}

/** Who the board is, or, if it is to register itself, what its product is. @throws UsageError, OtaError `usage` */
function identityEntries(deviceInfo: string, broker: string | undefined): ProvisioningEntries {
  const batch = readBatch(deviceInfo);
  const identity = batch === undefined ? readIdentity(deviceInfo) : standInIdentity(batch);
  checkConfig({ identity, broker: { url: broker } });
  if (batch !== undefined) return batch;
  const { productId, deviceName, region, authentication } = identity;
  return {
    productId,
    deviceName,
    ...(authentication.mode === "KEY"
      ? { deviceSecret: authentication.deviceSecret }
      : { deviceCert: authentication.certificate, deviceKey: authentication.privateKey }),
    region,
  };
}

/** @returns what is missing for TLS with the broker, in one line, or `undefined` if nothing is */
export function describeTrust({ broker, brokerCa }: ProvisioningEntries): string | undefined {
  if (brokerCa !== undefined || broker?.startsWith("mqtt://")) return undefined;
  const which = broker === undefined ? "the platform's broker has a certificate authority of its own" : broker;
  return `no --ca: the board will not connect, because it trusts no certificate of the broker (${which})`;
}

function passwordOf({ password, passwordFile }: ProvisioningOptions): string | undefined {
  if (password !== undefined && passwordFile !== undefined) {
    throw new UsageError("--password and --password-file are both given: leave one out");
  }
  if (password === undefined && passwordFile === undefined) return undefined;
  const text = password ?? firstLine(passwordFile as string);
  if (!isText(text, PASSWORD_MIN, PASSWORD_LIMIT) && !(text.length === KEY_DIGITS && /^[0-9a-fA-F]+$/.test(text))) {
    const sizes = `${PASSWORD_MIN} to ${PASSWORD_LIMIT} bytes, or is a key of ${KEY_DIGITS} hexadecimal digits`;
    throw new UsageError(`a Wi-Fi password has ${sizes}: leave it out for an open network`);
  }
  return text;
}

function firstLine(path: string): string {
  const bytes = path === "-" ? readStandardInput() : readBytes(path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).split(/\r?\n/, 1)[0] as string;
  } catch {
    throw new UsageError(`the password in ${path === "-" ? "standard input" : path} is not UTF-8: save it as UTF-8`);
  }
}

/** Checks the length in bytes. A zero byte is not allowed, because it would end the string in NVS. */
function isText(text: string, min: number, max: number): boolean {
  const byteLength = Buffer.byteLength(text);
  return byteLength >= min && byteLength <= max && !text.includes("\0");
}

function nameOf({ productId, deviceName }: ProvisioningEntries): string {
  return `${productId}/${deviceName}`;
}

/** `ota-device provision` */
export function provision(options: ProvisioningOptions & { readonly size?: number; readonly output: string }): void {
  const entries = provisioningEntries(options);
  const bytes = makeNvsImage(entries, options.size ?? nvsLength());
  writeSecret(options.output, bytes);
  const keys = Object.entries(entries).flatMap(([key, value]) => (value === undefined ? [] : [key]));
  const whom = entries.deviceName === undefined ? `each board of ${entries.productId}` : nameOf(entries);
  process.stdout.write(`${options.output}: ${bytes.byteLength} bytes for the partition nvs of ${whom}\n`);
  process.stdout.write(`holds ${keys.join(", ")}\n`);
  const trust = describeTrust(entries);
  if (trust !== undefined) process.stderr.write(`warning: ${trust}\n`);
}
