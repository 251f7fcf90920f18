import { createPrivateKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { FirmwareFolder } from "../store/firmware-folder.js";
import { CloudError } from "../types.js";
import type { CdnScheme, CdnSchemeName } from "./cdn.js";
import { cdnFileUrls, type FileUrls, objectFileUrls } from "./file-urls.js";
import type { FirmwareFiles } from "./firmware-files.js";
import { keysOfEnvironment, keysOfFile } from "./object-store/keys.js";
import { isObjectLocation, parseObjectLocation, placeOf } from "./object-store/location.js";
import { ObjectFiles } from "./object-store/object-files.js";
import { ObjectStoreError } from "./object-store/object-store-error.js";
import { S3Client } from "./object-store/s3-client.js";

/** The CDN by which devices get files. */
export interface CdnSettings {
  readonly scheme: CdnSchemeName;
  /** Origin: `https://files.example.org`. */
  readonly url: string;
  /** The key that the CDN shares, or for `cloudfront` an RSA key in PEM. */
  readonly keyFile: string;
  /** For `cloudfront`: how the CDN names the key. */
  readonly keyId?: string | undefined;
}

/** Where the files of the packages are. */
export interface FilesSettings {
  /** `s3://BUCKET/PREFIX?…`, or a folder. */
  readonly location: string;
  /** With the keys of the store. Default: those of the environment. */
  readonly keysFile?: string | undefined;
  readonly cdn?: CdnSettings | undefined;
}

export interface OpenFilesOptions {
  /** The state folder, in which the files are if there are no settings. */
  readonly folder: string;
  /** Whether other processes may use the state folder too. Default: this one has its lock. */
  readonly isShared?: boolean;
  readonly settings?: FilesSettings | undefined;
  /** Seconds that the URLs of files live, which a CDN may have to know. */
  readonly urlLifetimeSec: number;
  /** Whether a store is asked at once if it takes the keys. */
  readonly probes?: boolean;
  /** Called with one line if the store does not answer now. */
  onProblem?(line: string): void;
}

export interface OpenedFiles {
  readonly files: FirmwareFiles;
  /** Absent if the cloud's own file server serves the files. */
  readonly urls?: FileUrls | undefined;
  /** What names the place from one start to the next; empty if it is the state folder. */
  readonly place: string;
}

const DAY_SEC = 86_400;
const QUARTER_SEC = 900;
const MOST_PRESIGNED_SEC = 7 * DAY_SEC;

/** Whether files are in an object store, and so no process of the cloud serves them. */
export function isInStore(settings: FilesSettings | undefined): boolean {
  return settings !== undefined && isObjectLocation(settings.location);
}

/**
 * @param given as the operator has it
 * @returns seconds that the URLs of files live: a day as on the platform, and a quarter of an hour if nobody can take a
 * URL back
 * @throws CloudError if a store would refuse it
 */
export function urlLifetimeOf(settings: FilesSettings | undefined, given: number | undefined): number {
  if (!isInStore(settings)) return given ?? DAY_SEC;
  if (given !== undefined && (given < 1 || given > MOST_PRESIGNED_SEC)) {
    throw new CloudError("URLs of files in a store live 1 second to 7 days: give another --url-lifetime");
  }
  return given ?? QUARTER_SEC;
}

/**
 * Opens the place of the files. A store that refuses the keys is an error; one that does not answer now may answer
 * later.
 *
 * @throws CloudError if the settings are wrong @throws StorageError if a folder cannot be written
 */
export async function openFirmwareFiles(options: OpenFilesOptions): Promise<OpenedFiles> {
  const { folder, isShared = false, settings, urlLifetimeSec, probes = false, onProblem } = options;
  if (settings === undefined) return { files: await FirmwareFolder.open({ folder, isShared }), place: "" };
  const { location, keysFile, cdn } = settings;
  if (!isObjectLocation(location)) {
    if (keysFile !== undefined || cdn !== undefined) {
      throw new CloudError("--files-keys and --cdn are for files in a store: --files s3://…");
    }
    const own = resolve(join(folder, "firmware"));
    const filesFolder = resolve(location);
    if (filesFolder === own) return { files: await FirmwareFolder.open({ folder, isShared }), place: "" };
    return { files: await FirmwareFolder.open({ folder, filesFolder }), place: filesFolder };
  }
  const parsed = parseObjectLocation(location);
  const keys = keysFile === undefined ? keysOfEnvironment(process.env) : keysOfFile(keysFile);
  const files = new ObjectFiles({ client: new S3Client({ location: parsed, keys }) });
  const urls = cdn === undefined ? objectFileUrls(files) : cdnFileUrls(files, readCdn(cdn, urlLifetimeSec));
  if (probes) await probe(files, onProblem);
  return { files, urls, place: placeOf(parsed) };
}

/** Files of a state whose place was not given: each use says which place it is. */
export function absentFiles(place: string): FirmwareFiles {
  const refuse = (): never => {
    throw new CloudError(`the files of this state are in ${place}: name it by --files`);
  };
  return {
    add: async () => refuse(),
    addFile: async () => refuse(),
    open: async () => refuse(),
    sizeOf: async () => refuse(),
    check: async () => refuse(),
    remove: async () => refuse(),
    pathOf: () => undefined,
  };
}

/** @throws CloudError if the store answers, and refuses */
async function probe(files: ObjectFiles, onProblem?: (line: string) => void): Promise<void> {
  try {
    await files.probe();
  } catch (error) {
    if (!(error instanceof ObjectStoreError)) throw error;
    if (!error.passes) throw new CloudError(error.message);
    onProblem?.(error.message);
  }
}

/** @throws CloudError that names the option */
function readCdn({ scheme: name, url: text, keyFile, keyId }: CdnSettings, lifetimeSec: number): CdnScheme {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isOrigin = url !== undefined && [url.origin, `${url.origin}/`].includes(text);
  if (!isOrigin || !/^https?:$/.test(url.protocol)) throw new CloudError("--cdn-url is https://HOST");
  const { origin } = url;
  let content: string;
  try {
    content = readFileSync(keyFile, "utf8");
  } catch {
    throw new CloudError(`cannot read ${keyFile}`);
  }
  if (name === "cloudfront") {
    if (keyId === undefined || !/^[A-Z0-9]{1,64}$/.test(keyId)) {
      throw new CloudError("--cdn cloudfront needs --cdn-key-id: the id of its public key");
    }
    return { name, origin, keyPairId: keyId, privateKey: rsaKey(content, keyFile) };
  }
  if (keyId !== undefined) throw new CloudError("--cdn-key-id is for --cdn cloudfront");
  const key = content.trim();
  if (!/^[!-~]{6,128}$/.test(key)) throw new CloudError(`${keyFile} does not hold the key of a CDN`);
  return { name, origin, key, lifetimeSec };
}

function rsaKey(pem: string, keyFile: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === "rsa") return key;
  } catch {
    // As below.
  }
  throw new CloudError(`${keyFile} does not hold an RSA key in PEM`);
}
