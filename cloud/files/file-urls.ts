import type { ObjectFiles } from "./object-store/object-files.js";
import { type CdnScheme, signCdnUrl } from "./cdn.js";
import { type Holder, signUrl } from "./signed-url.js";

/** A file as an offer names it. */
export interface OfferedFile {
  /** Path of the package's file in the platform's form. */
  readonly path: string;
  readonly md5: string;
}

/** Makes the URLs by which devices get files. */
export interface FileUrls {
  /** Whether the manifest of a file is served beside it. If not, what a file demands has to be in its offer. */
  readonly hasManifests: boolean;
  /** Whether a URL can be taken back before its time is over. */
  readonly canRevoke: boolean;
  /** Whether a server runs that serves what is signed. */
  readonly isServed: boolean;
  /**
   * @param lifetimeSec seconds from now until the URL answers 403; below 0: since then
   * @returns a URL for one file and holder; `undefined` if no server runs that would serve it
   */
  sign(file: OfferedFile, lifetimeSec: number, holder: Holder): Promise<string | undefined>;
}

export interface OwnFileUrlsOptions {
  /** Key that signs the URLs, in hexadecimal. */
  readonly signingKey: string;
  /** Origin of the file server; `undefined` while no cloud runs. */
  fileBase(): string | undefined;
}

/** URLs of the cloud's own file server. */
export function ownFileUrls({ signingKey, fileBase }: OwnFileUrlsOptions): FileUrls {
  return {
    hasManifests: true,
    canRevoke: true,
    get isServed() {
      return fileBase() !== undefined;
    },
    sign: async ({ path }, lifetimeSec, holder) => {
      const base = fileBase();
      return base === undefined ? undefined : signUrl(base, path, signingKey, lifetimeSec, holder);
    },
  };
}

/** URLs of an object store, signed for a short life. They are the same for everybody, and nobody can take them back. */
export function objectFileUrls(files: ObjectFiles): FileUrls {
  return {
    hasManifests: false,
    canRevoke: false,
    isServed: true,
    sign: ({ md5 }, lifetimeSec) => files.presign(md5, lifetimeSec),
  };
}

/** URLs of a CDN before an object store. */
export function cdnFileUrls(files: ObjectFiles, scheme: CdnScheme): FileUrls {
  return {
    hasManifests: false,
    canRevoke: false,
    isServed: true,
    sign: async ({ md5 }, lifetimeSec) => signCdnUrl(scheme, files.publicPath(md5), lifetimeSec),
  };
}
