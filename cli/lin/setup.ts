import { createPrivateKey, randomBytes, X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Cloud } from "../../cloud/cloud.js";
import { packageRoot } from "../sdk.js";

const PRODUCT = "ABCDE12345";
/** Product and device together are the name in the device's certificate, test/fixtures/tls/client.pem. */
const DEVICE = "light_01";
export const FACTORY_VERSION = "0.1.0";
export const NEW_VERSION = "0.2.0";

/** How the board and the servers know each other. */
export interface BoardSecurity {
  readonly tls?: boolean;
  /** The board shows a certificate instead of a secret. */
  readonly certificate?: boolean;
  /** The server that the board shall not trust. */
  readonly wrongCa?: "broker" | "files";
}

/** Adds the device and both firmwares to the cloud, and asks for the update. @returns the secret of the device */
export async function prepare(
  { desk }: Cloud,
  folder: string,
  { factory, file }: { readonly factory: Uint8Array; readonly file: Uint8Array },
): Promise<string> {
  const deviceSecret = randomBytes(16).toString("base64");
  await desk.addDevice({ productId: PRODUCT, deviceName: DEVICE, deviceSecret });
  for (const [version, bytes] of [
    [FACTORY_VERSION, factory],
    [NEW_VERSION, file],
  ] as const) {
    const path = join(folder, `firmware-${version}.bin`);
    writeFileSync(path, bytes);
    await desk.addFirmware({ productId: PRODUCT, version, path });
  }
  await desk.upgrade({
    productId: PRODUCT,
    version: NEW_VERSION,
    selection: { kind: "versions", fromVersions: [FACTORY_VERSION] },
  });
  return deviceSecret;
}

/** Writes the files that the application in hal/boards/lin/app reads from its working folder. */
export function configure(state: string, cloud: Cloud, deviceSecret: string, options: BoardSecurity): void {
  const authorities = {
    broker: options.wrongCa === "broker" ? "other-ca.pem" : "ca.pem",
    download: options.wrongCa === "files" ? "other-ca.pem" : "ca.pem",
  };
  if (options.tls === true) {
    for (const [name, file] of Object.entries(authorities)) {
      writeFileSync(join(state, `${name}.der`), certificateDer(file));
    }
  }
  if (options.certificate === true) {
    writeFileSync(join(state, "certificate.der"), certificateDer("client.pem"));
    const key = createPrivateKey(readFileSync(certificate("client-key.pem")));
    writeFileSync(join(state, "key.der"), key.export({ type: "pkcs8", format: "der" }));
  }
  const run = {
    productId: PRODUCT,
    deviceName: DEVICE,
    ...(options.certificate === true ? { certificate: "certificate.der", privateKey: "key.der" } : { deviceSecret }),
    url: cloud.mqttUrl,
    ...(options.tls === true ? { brokerAuthority: "broker.der", downloadAuthority: "download.der" } : {}),
  };
  writeFileSync(join(state, "run.json"), JSON.stringify(run));
}

function certificateDer(name: string): Uint8Array {
  return new X509Certificate(readFileSync(certificate(name))).raw;
}

/** Path of a file of the tests. */
export function certificate(name: string): string {
  return join(packageRoot(), "test", "fixtures", "tls", name);
}
