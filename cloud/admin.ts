import { randomBytes, timingSafeEqual } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Platform } from "./platform.js";
import { CloudStore } from "./store.js";
import { CloudError, type CloudService } from "./types.js";

/**
 * File with the address at which a running cloud takes its operator's requests. Only the folder's owner can read it.
 */
const ADDRESS_FILE = "serve.json";

interface Address {
  readonly port: number;
  readonly token: string;
}

type Method = keyof CloudService;
/** Wait for an answer of the cloud, in milliseconds. */
const ANSWER_TIMEOUT_MS = 5000;
/** Wait for an answer to a request that reads a whole file. The cloud finishes such a request even without a caller. */
const FILE_TIMEOUT_MS = 600_000;
const METHODS: readonly Method[] = [
  "addDevice",
  "setProduct",
  "bindSubDevice",
  "unbindSubDevice",
  "addFirmware",
  "secretsIn",
  "upgrade",
  "status",
  "signedUrl",
  "addFault",
  "faults",
  "clearFaults",
];

/** Lets other processes on this machine reach the service of a running cloud. */
export async function serveAdmin(folder: string, service: CloudService): Promise<Server> {
  const token = randomBytes(24).toString("hex");
  const server = createServer((message, response) => {
    void answer(service, token, message).then(({ status, body }) => {
      response.writeHead(status, { "Content-Type": "application/json" });
      response.end(JSON.stringify(body ?? null));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address: Address = { port: (server.address() as AddressInfo).port, token };
  const path = join(folder, ADDRESS_FILE);
  writeFileSync(path, JSON.stringify(address), { mode: 0o600 });
  server.on("close", () => rmSync(path, { force: true }));
  return server;
}

async function answer(
  service: CloudService,
  token: string,
  message: IncomingMessage,
): Promise<{ status: number; body: unknown }> {
  const given = Buffer.from(message.headers.authorization ?? "");
  const expected = Buffer.from(`Bearer ${token}`);
  if (given.byteLength !== expected.byteLength || !timingSafeEqual(given, expected)) {
    return { status: 403, body: undefined };
  }
  const method = METHODS.find((name) => message.url === `/${name}`);
  if (method === undefined) return { status: 404, body: undefined };
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    const argument: unknown = JSON.parse(Buffer.concat(chunks).toString() || "null");
    return { status: 200, body: await (service[method] as (argument: unknown) => Promise<unknown>)(argument) };
  } catch (error) {
    return {
      status: 400,
      body: { error: error instanceof Error ? error.message : String(error), system: systemFault(error) },
    };
  }
}

/** @returns the fields of an error of node:fs besides its message; the process that asked describes them in words */
function systemFault(error: unknown): object | undefined {
  const { code, syscall, path, dest } = error as NodeJS.ErrnoException & { readonly dest?: string };
  return syscall === undefined ? undefined : { code, syscall, path, dest };
}

function refusalOf(
  body: { readonly error?: string; readonly system?: object } | null,
  status: number | undefined,
): Error {
  const message = body?.error ?? `cloud answers ${status}`;
  return body?.system === undefined ? new CloudError(message) : Object.assign(new Error(message), body.system);
}

/**
 * @returns the service of the cloud that runs on this folder or, if none runs, a service on the state in the folder
 * itself
 * @throws CloudError if the state is damaged
 */
export async function connectService(folder: string): Promise<CloudService> {
  const address = readAddress(folder);
  if (address !== undefined && (await isAlive(address))) return remote(address);
  return new Platform({
    store: new CloudStore(folder),
    urlLifetimeSec: 0,
    fileBase: () => undefined,
    publish: () => {},
    isOnline: () => false,
  });
}

/** Whether a cloud runs on this folder. */
export async function isServed(folder: string): Promise<boolean> {
  const address = readAddress(folder);
  return address !== undefined && (await isAlive(address));
}

function readAddress(folder: string): Address | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, ADDRESS_FILE), "utf8")) as Address;
  } catch {
    return undefined;
  }
}

async function isAlive(address: Address): Promise<boolean> {
  try {
    await call(address, "status", undefined);
    return true;
  } catch {
    return false;
  }
}

function remote(address: Address): CloudService {
  return {
    addDevice: (device) => call(address, "addDevice", device) as Promise<void>,
    setProduct: (request) => call(address, "setProduct", request) as ReturnType<CloudService["setProduct"]>,
    bindSubDevice: (request) => call(address, "bindSubDevice", request) as Promise<void>,
    unbindSubDevice: (subDevice) =>
      call(address, "unbindSubDevice", subDevice) as ReturnType<CloudService["unbindSubDevice"]>,
    addFirmware: (firmware) =>
      call(address, "addFirmware", firmware, FILE_TIMEOUT_MS) as ReturnType<CloudService["addFirmware"]>,
    secretsIn: (file) => call(address, "secretsIn", file, FILE_TIMEOUT_MS) as ReturnType<CloudService["secretsIn"]>,
    upgrade: (upgrade) => call(address, "upgrade", upgrade) as ReturnType<CloudService["upgrade"]>,
    status: () => call(address, "status", undefined) as ReturnType<CloudService["status"]>,
    signedUrl: (request) => call(address, "signedUrl", request) as Promise<string>,
    addFault: (fault) => call(address, "addFault", fault) as ReturnType<CloudService["addFault"]>,
    faults: () => call(address, "faults", undefined) as ReturnType<CloudService["faults"]>,
    clearFaults: (request) => call(address, "clearFaults", request) as Promise<number>,
  };
}

function call(
  { port, token }: Address,
  method: Method,
  argument: unknown,
  timeout = ANSWER_TIMEOUT_MS,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: "127.0.0.1",
        port,
        path: `/${method}`,
        method: "POST",
        headers: { Authorization: `Bearer ${token}` },
        timeout,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => {
          try {
            const body: unknown = JSON.parse(Buffer.concat(chunks).toString() || "null");
            if (response.statusCode === 200) resolve(body);
            else reject(refusalOf(body as Parameters<typeof refusalOf>[0], response.statusCode));
          } catch {
            reject(new CloudError("the cloud's answer is not JSON: restart it with the version of this command"));
          }
        });
      },
    );
    outgoing.on("timeout", () => outgoing.destroy());
    outgoing.on("error", () => reject(new CloudError("the cloud does not answer: restart it")));
    outgoing.end(JSON.stringify(argument ?? null));
  });
}
