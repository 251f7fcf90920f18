import { CloudError } from "../../types.js";

/** Where firmware is in an S3-compatible store. It holds no secret. */
export interface ObjectLocation {
  readonly bucket: string;
  /** Before the names of the files: empty, or with a slash at its end. */
  readonly prefix: string;
  readonly region: string;
  /** Origin at which this machine reaches the store. */
  readonly endpoint: string;
  /** Origin at which devices reach it. */
  readonly publicEndpoint: string;
  /** Whether the bucket is the first part of the path, or of the host's name. */
  readonly addressing: "path" | "virtual";
}

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const PREFIX = /^(?:[A-Za-z0-9_.-]+\/)*[A-Za-z0-9_.-]+\/?$/;
const REGION = /^[a-z0-9-]{1,40}$/;
const SETTINGS = ["endpoint", "public-endpoint", "region", "addressing"];
const EXAMPLE = "s3://BUCKET/PREFIX?endpoint=https://HOST&region=REGION";

/** @returns whether a location of files names an object store: anything else is a folder */
export function isObjectLocation(text: string): boolean {
  return /^s3:/i.test(text);
}

/**
 * Reads `s3://bucket/prefix?endpoint=…&region=…&addressing=…&public-endpoint=…`.
 *
 * @throws CloudError that names what is wrong, and never quotes a key
 */
export function parseObjectLocation(text: string): ObjectLocation {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.protocol !== "s3:") throw new CloudError(`files in a store are ${EXAMPLE}`);
  if (url.username !== "" || url.password !== "") {
    throw new CloudError("the keys of a store do not belong into its URL: put them into the file of --files-keys");
  }
  for (const name of new Set(url.searchParams.keys())) {
    if (!SETTINGS.includes(name)) throw new CloudError(`${name} is no setting of ${EXAMPLE}`);
    if (url.searchParams.getAll(name).length > 1)
      throw new CloudError(`${name} is there twice in the URL of the files`);
  }
  const bucket = url.hostname;
  if (!BUCKET.test(bucket) || url.port !== "") throw new CloudError(`a bucket is named as in ${EXAMPLE}`);
  const path = url.pathname.slice(1);
  if (path !== "" && !PREFIX.test(path)) {
    throw new CloudError("the prefix of the files is of [A-Za-z0-9_.-], with slashes between");
  }
  const region = url.searchParams.get("region") ?? "us-east-1";
  if (!REGION.test(region)) throw new CloudError("the region of the files is of [a-z0-9-]");
  const given = url.searchParams.get("endpoint");
  const addressing = url.searchParams.get("addressing") ?? (given === null ? "virtual" : "path");
  if (addressing !== "path" && addressing !== "virtual") throw new CloudError("addressing is path or virtual");
  const endpoint = originOf("endpoint", given ?? `https://s3.${region}.amazonaws.com`);
  return {
    bucket,
    prefix: path === "" || path.endsWith("/") ? path : `${path}/`,
    region,
    endpoint,
    publicEndpoint: originOf("public-endpoint", url.searchParams.get("public-endpoint") ?? endpoint),
    addressing,
  };
}

/** @returns the place of the objects, however they are reached: it is compared with that of the last start */
export function placeOf({ endpoint, bucket, prefix }: ObjectLocation): string {
  return `${endpoint}/${bucket}/${prefix}`;
}

/** @returns the URL of an object without a signature */
export function objectUrl({ bucket, addressing }: ObjectLocation, origin: string, key: string): string {
  if (addressing === "path") return `${origin}/${bucket}/${key}`;
  const { protocol, host } = new URL(origin);
  return `${protocol}//${bucket}.${host}/${key}`;
}

function originOf(name: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isOrigin = url !== undefined && [url.origin, `${url.origin}/`].includes(text);
  if (!isOrigin || !/^https?:$/.test(url.protocol)) {
    throw new CloudError(`the ${name} of the files is https://HOST or https://HOST:PORT`);
  }
  return url.origin;
}
