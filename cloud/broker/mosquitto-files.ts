import { createHmac, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import type { DeviceName } from "../types.js";
import { CLOUD_TOPICS } from "./external-broker.js";
import { ownTopics, sharedTopics, type TopicList } from "./topic-rights.js";

/** A device as mosquitto's files need it. */
export interface MosquittoDevice extends DeviceName {
  /** In base64; `undefined` if it proves its identity by a certificate. */
  readonly secret: string | undefined;
  /** The sub-devices that are bound to it now. */
  readonly subDevices: readonly DeviceName[];
}

export interface MosquittoFiles {
  /** `password_file` */
  readonly passwords: string;
  /** `psk_file` */
  readonly psk: string;
  /** `acl_file` */
  readonly acl: string;
  /** What a client shows whose user name does not change, for each device with a secret. */
  readonly clients: readonly { readonly clientId: string; readonly username: string; readonly password: string }[];
  /** Devices that these files cannot hold: a name ends at the first colon in two of them. */
  readonly leftOut: readonly DeviceName[];
}

/**
 * A device makes a user name of its own for each connection, so that no file can list it. This one is listed: its
 * connection id stays, and it expires in 2038, as that of a device without a clock.
 */
const FIXED_NAME = "12010126;fixed;2147483647";

/** As `mosquitto_passwd` does it. A password that is a HMAC cannot be guessed, however few the rounds. */
const ROUNDS = 101;
const SALT_BYTES = 12;
const HASH_BYTES = 64;

/** @param cloud the user and the password with which the cloud connects */
export async function mosquittoFiles(
  devices: readonly MosquittoDevice[],
  cloud: { readonly username: string; readonly password: string },
): Promise<MosquittoFiles> {
  const [listed, leftOut] = [devices.filter(isWritable), devices.filter((device) => !isWritable(device))];
  const clients = listed.flatMap((device) => fixedClient(device) ?? []);
  const acl = [aclOf([cloud.username], CLOUD_TOPICS)];
  for (const device of listed) {
    const clientId = clientIdOf(device);
    // By TLS-PSK and by a certificate, the user is the client id.
    const users = device.secret === undefined ? [clientId] : [clientId, fixedUser(clientId)];
    const topics = [ownTopics(device), ...device.subDevices.map(sharedTopics)];
    acl.push(aclOf(users, together(topics)));
  }
  const passwords: string[] = [];
  for (const { username, password } of [cloud, ...clients]) passwords.push(`${username}:${await hashed(password)}\n`);
  return {
    passwords: passwords.join(""),
    psk: listed.flatMap((device) => pskLine(device) ?? []).join(""),
    acl: acl.join("\n"),
    clients,
    leftOut: leftOut.map(({ productId, deviceName }) => ({ productId, deviceName })),
  };
}

/** @param folder where the files are @param ports of the listeners @returns the configuration that uses them */
export function mosquittoConfiguration(folder: string, ports: { readonly mqtt: number; readonly psk: number }): string {
  return `# Two listeners for a bench. Make them listen on an address of your network, and add a listener with
# certificates if your devices have them: require_certificate, use_identity_as_username, use_username_as_clientid.
allow_anonymous false
password_file ${folder}/passwords
psk_file ${folder}/psk
acl_file ${folder}/acl

# The cloud's session outlives both; by default mosquitto would drop all but 1,000 messages while the cloud is away.
persistence true
persistence_location ${folder}/
max_queued_messages 100000
# What the cloud stores together; by default 20 wait for it.
max_inflight_messages 256

listener ${ports.mqtt} 127.0.0.1

listener ${ports.psk} 127.0.0.1
psk_hint ota
use_identity_as_username true
use_username_as_clientid true
`;
}

function isWritable(device: DeviceName): boolean {
  return !device.deviceName.includes(":");
}

function clientIdOf({ productId, deviceName }: DeviceName): string {
  return productId + deviceName;
}

function fixedUser(clientId: string): string {
  return `${clientId};${FIXED_NAME}`;
}

function fixedClient(device: MosquittoDevice): MosquittoFiles["clients"][number] | undefined {
  if (device.secret === undefined) return undefined;
  const clientId = clientIdOf(device);
  const username = fixedUser(clientId);
  const digest = createHmac("sha256", Buffer.from(device.secret, "base64")).update(username).digest("hex");
  return { clientId, username, password: `${digest};hmacsha256` };
}

function pskLine(device: MosquittoDevice): string | undefined {
  const key = Buffer.from(device.secret ?? "", "base64").toString("hex");
  return key === "" ? undefined : `${clientIdOf(device)}:${key}\n`;
}

function together(lists: readonly TopicList[]): TopicList {
  return {
    publish: lists.flatMap(({ publish }) => publish),
    subscribe: lists.flatMap(({ subscribe }) => subscribe),
  };
}

function aclOf(users: readonly string[], { publish, subscribe }: TopicList): string {
  const both = new Set(publish.filter((topic) => subscribe.includes(topic)));
  const rules = [
    ...publish.map((topic) => `topic ${both.has(topic) ? "readwrite" : "write"} ${topic}\n`),
    ...subscribe.filter((topic) => !both.has(topic)).map((topic) => `topic read ${topic}\n`),
  ].join("");
  return users.map((user) => `user ${user}\n${rules}`).join("\n");
}

const derive = promisify(pbkdf2);

/** @returns a password as `mosquitto_passwd` writes it: `$7$ROUNDS$SALT$HASH`, PBKDF2 with HMAC-SHA512 */
async function hashed(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, salt, ROUNDS, HASH_BYTES, "sha512");
  return `$7$${ROUNDS}$${salt.toString("base64")}$${hash.toString("base64")}`;
}
