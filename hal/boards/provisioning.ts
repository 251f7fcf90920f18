import type { KeyValueModule, KeyValueStringsModule } from "../ecma419/modules.js";
import type { Identity } from "./main.js";

/*
 * What makes a board different from all others: namespace `device` of the default NVS partition. It lies apart from the
 * firmware, so that an image for all boards contains none of it. Every entry except the identity is optional.
 *
 *   string  productId, deviceName, deviceSecret (base64)    the identity by secret, or, instead of deviceSecret:
 *   blob    deviceCert, deviceKey                           certificate and PKCS#8 key, DER both; or
 *   string  productSecret                                   the board registers itself; deviceName may be missing then
 *   string  region, broker (mqtt://… or mqtts://…)
 *   blob    brokerCa, downloadCa                            trust anchors, DER
 *   string  ssid, password, sntp                            the Wi-Fi network and the time server
 */
export const PROVISIONING_NAMESPACE = "device";

/** All keys, by the type of their entry. */
export const PROVISIONING_KEYS = {
  string: ["productId", "deviceName", "deviceSecret", "productSecret", "region", "broker", "ssid", "password", "sntp"],
  blob: ["deviceCert", "deviceKey", "brokerCa", "downloadCa"],
} as const;

type StringKey = (typeof PROVISIONING_KEYS.string)[number];
type BlobKey = (typeof PROVISIONING_KEYS.blob)[number];

/** The entries, in the form that the agent's configuration takes. */
export interface Provisioning {
  /** Absent if there is a problem. */
  readonly identity: Identity | undefined;
  /**
   * One line that names what is missing or wrong, and what to do. It never contains a value. Absent if there is an
   * identity.
   */
  readonly problem: string | undefined;
  /**
   * Options of `register` in `moddable-ota/registration`. Present if the board has a product, and neither a secret nor
   * a certificate of its own.
   */
  readonly registration: RegistrationEntries | undefined;
  readonly broker: { readonly url: string | undefined; readonly authority: Uint8Array | undefined };
  readonly download: { readonly authority: Uint8Array | undefined };
  /** The Wi-Fi network; it is an open one if there is no password. */
  readonly network: { readonly ssid: string; readonly password: string | undefined } | undefined;
  /** Host that the board gets the time from. */
  readonly sntp: string | undefined;
}

/** What a board knows that registers itself. */
export interface RegistrationEntries {
  readonly productId: string;
  /** If it is absent, the application chooses it, for instance from the MAC address. */
  readonly deviceName: string | undefined;
  readonly region: string | undefined;
  /** Absent once it was erased: the board has registered then. */
  readonly productSecret: string | undefined;
}

const REMEDY = "provision this board by `npm run flash` or with an image of `ota-device provision`";

/**
 * Reads what a board was provisioned with. It is no error if entries are missing: the result then has no identity but a
 * problem.
 *
 * @throws Error with the name of an `esp_err_t` if NVS itself fails
 */
export function readProvisioning({
  keyValue,
}: {
  readonly keyValue: KeyValueModule & KeyValueStringsModule;
}): Provisioning {
  const { strings, blobs, wrong } = readEntries(keyValue);
  const { ssid, password } = strings;
  const registration = wrong === undefined ? registrationOf(strings, blobs) : undefined;
  const found = wrong === undefined ? identityOf(strings, blobs) : `NVS entry ${wrong} has the wrong type`;
  const sound = typeof found !== "string";
  const remedy =
    registration?.productSecret === undefined ? REMEDY : `let the application register the board, or ${REMEDY}`;
  return {
    identity: sound ? found : undefined,
    problem: sound ? undefined : `${found}: ${remedy}`,
    registration,
    broker: { url: strings.broker, authority: blobs.brokerCa },
    download: { authority: blobs.downloadCa },
    network: ssid === undefined ? undefined : { ssid, password },
    sntp: strings.sntp,
  };
}

type Strings = { [Key in StringKey]?: string };
type Blobs = { [Key in BlobKey]?: Uint8Array };

/** @returns the identity, or what is wrong with it */
function identityOf(
  { productId, deviceName, deviceSecret, productSecret, region }: Strings,
  { deviceCert, deviceKey }: Blobs,
): Identity | string {
  const byCertificate = deviceCert !== undefined || deviceKey !== undefined;
  if ([productId, deviceName, deviceSecret, productSecret].every((text) => text === undefined) && !byCertificate) {
    return "not provisioned";
  }
  if (productId === undefined) return lacks("productId");
  if (productSecret !== undefined && deviceSecret === undefined && !byCertificate) return lacks("deviceSecret");
  if (deviceName === undefined) return lacks("deviceName");
  const name = { productId, deviceName, ...(region === undefined ? {} : { region }) };
  if (!byCertificate) {
    return deviceSecret === undefined
      ? lacks("deviceSecret")
      : { ...name, authentication: { mode: "KEY", deviceSecret } };
  }
  if (deviceSecret !== undefined) {
    return `NVS namespace ${PROVISIONING_NAMESPACE} has both deviceSecret and a certificate`;
  }
  if (deviceCert === undefined) return lacks("deviceCert");
  if (deviceKey === undefined) return lacks("deviceKey");
  return { ...name, authentication: { mode: "CERT", certificate: deviceCert, privateKey: deviceKey } };
}

/** @returns `undefined` if the board has a secret or a certificate of its own, or no product */
function registrationOf(
  { productId, deviceName, deviceSecret, productSecret, region }: Strings,
  { deviceCert, deviceKey }: Blobs,
): RegistrationEntries | undefined {
  const isOwn = deviceSecret !== undefined || deviceCert !== undefined || deviceKey !== undefined;
  if (isOwn || productId === undefined) return undefined;
  return { productId, deviceName, region, productSecret };
}

/**
 * Erases the product's secret, which a board needs no more once it has registered. Does nothing if there is none.
 *
 * @throws Error with the name of an `esp_err_t` if NVS fails
 */
export function forgetProductSecret({ keyValue }: { readonly keyValue: KeyValueModule & KeyValueStringsModule }): void {
  const texts = keyValue.open({ path: PROVISIONING_NAMESPACE, mode: "r+", format: "string" });
  try {
    if (texts.read("productSecret") !== undefined) texts.delete("productSecret");
  } finally {
    texts.close();
  }
}

function lacks(key: string): string {
  return `NVS namespace ${PROVISIONING_NAMESPACE} lacks ${key}`;
}

function readEntries(keyValue: KeyValueModule & KeyValueStringsModule): {
  strings: Strings;
  blobs: Blobs;
  wrong: string | undefined;
} {
  const strings: Strings = {};
  const blobs: Blobs = {};
  const wrong: string[] = [];
  const where = { path: PROVISIONING_NAMESPACE, mode: "r" } as const;
  let texts, buffers;
  try {
    texts = keyValue.open({ ...where, format: "string" });
    buffers = keyValue.open({ ...where, format: "buffer" });
  } catch (error) {
    // A namespace that does not exist cannot be opened for reading.
    if ((error as Error).message === "ESP_ERR_NVS_NOT_FOUND") return { strings, blobs, wrong: undefined };
    throw error;
  }
  for (const key of PROVISIONING_KEYS.string) {
    // An empty text counts as absent, because an empty cell of a spreadsheet easily becomes one.
    const text = readEntry(texts, key, wrong);
    if (text !== undefined && text !== "") strings[key] = text;
  }
  for (const key of PROVISIONING_KEYS.blob) {
    const bytes = readEntry(buffers, key, wrong);
    if (bytes !== undefined && bytes.byteLength > 0) blobs[key] = new Uint8Array(bytes);
  }
  texts.close();
  buffers.close();
  return { strings, blobs, wrong: wrong[0] };
}

function readEntry<Value>(
  store: { read(key: string): Value | undefined },
  key: string,
  wrong: string[],
): Value | undefined {
  try {
    return store.read(key);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    wrong.push(key);
    return undefined;
  }
}
