import { createHash } from "node:crypto";
import { openRegularFile } from "../../store/regular-file.js";
import { CloudError } from "../../types.js";
import { chunksOf, fileContent } from "../file-content.js";
import {
  type FirmwareContent,
  type FirmwareFiles,
  isMd5,
  MOST_FILE_BYTES,
  type ProbeLimits,
  type StoredFile,
} from "../firmware-files.js";
import { ObjectStoreError } from "./object-store-error.js";
import type { S3Client } from "./s3-client.js";
import { remove, sizeOf, upload } from "./upload.js";

export interface ObjectFilesOptions {
  readonly client: S3Client;
  /** Most bytes of one file. */
  readonly mostFileBytes?: number;
  /** Bytes of a part of an upload. */
  readonly partBytes?: number;
}

/** Bytes that are fetched at a time if a content is read from its beginning to its end. */
const AHEAD_BYTES = 4 * 1024 * 1024;

/** The files of the packages in an S3-compatible store. */
export class ObjectFiles implements FirmwareFiles {
  readonly #client: S3Client;
  readonly #mostFileBytes: number;
  readonly #partBytes: number | undefined;

  constructor({ client, mostFileBytes = MOST_FILE_BYTES, partBytes }: ObjectFilesOptions) {
    this.#client = client;
    this.#mostFileBytes = mostFileBytes;
    this.#partBytes = partBytes;
  }

  /** @param md5 as {@link add} has given it */
  keyOf(md5: string): string {
    if (!isMd5(md5)) throw new CloudError("an MD5 is 32 hexadecimal digits");
    return this.#named(md5);
  }

  add(source: AsyncIterable<Uint8Array>): Promise<StoredFile> {
    return upload(source, {
      client: this.#client,
      mostFileBytes: this.#mostFileBytes,
      keyOf: (md5) => this.#named(md5),
      ...(this.#partBytes === undefined ? {} : { partBytes: this.#partBytes }),
    });
  }

  async addFile(path: string): Promise<StoredFile> {
    const file = await openRegularFile(path);
    try {
      return await this.add(chunksOf(await fileContent(file)));
    } finally {
      await file.close();
    }
  }

  async open(md5: string): Promise<FirmwareContent> {
    const key = this.keyOf(md5);
    const size = await sizeOf(this.#client, key);
    if (size === undefined) throw new CloudError(`the file ${md5} is not in the store`);
    let ahead: { readonly offset: number; readonly bytes: Buffer } = { offset: 0, bytes: Buffer.alloc(0) };
    let nextOffset = -1;
    return {
      size,
      read: async (offset, length) => {
        const end = Math.min(size, offset + length);
        if (offset >= end) return Buffer.alloc(0);
        if (offset < ahead.offset || end > ahead.offset + ahead.bytes.byteLength) {
          const wanted = offset === nextOffset ? Math.max(end, Math.min(size, offset + AHEAD_BYTES)) : end;
          ahead = { offset, bytes: await this.#range(key, { first: offset, last: wanted - 1, size }) };
        }
        nextOffset = end;
        return ahead.bytes.subarray(offset - ahead.offset, end - ahead.offset);
      },
      close: async () => {},
    };
  }

  sizeOf(md5: string): Promise<number | undefined> {
    return sizeOf(this.#client, this.keyOf(md5));
  }

  async check({ md5, sha256, size }: StoredFile): Promise<"whole" | "missing" | "damaged"> {
    try {
      return await this.#client.request({ method: "GET", key: this.keyOf(md5) }, async (response) => {
        const digest = createHash("sha256");
        let count = 0;
        for await (const chunk of response.body ?? []) {
          digest.update(chunk as Uint8Array);
          count += (chunk as Uint8Array).byteLength;
          if (count > size) break;
        }
        return count === size && digest.digest("hex") === sha256 ? "whole" : "damaged";
      });
    } catch (error) {
      if (error instanceof ObjectStoreError && error.code === "missing") return "missing";
      throw error;
    }
  }

  async remove(md5: string): Promise<void> {
    await remove(this.#client, this.keyOf(md5));
  }

  pathOf(): undefined {
    return undefined;
  }

  /** @returns a URL by which a device can get the file for so many seconds */
  presign(md5: string, lifetimeSec: number): Promise<string> {
    return this.#client.presign(this.keyOf(md5), lifetimeSec);
  }

  /** @returns the path of a file's URL behind a CDN that gets what it lacks from the bucket */
  publicPath(md5: string): string {
    return `/${this.keyOf(md5)}`;
  }

  /**
   * Asks the store for something that it does not have, to know whether it takes the keys.
   *
   * @throws ObjectStoreError
   */
  async probe(limits: ProbeLimits = {}): Promise<void> {
    try {
      const request = { method: "GET", key: this.#named("probe"), comparesClocks: true, ...limits } as const;
      await this.#client.request(request, async (response) => response.body?.cancel());
    } catch (error) {
      // Keys that may not list a bucket are not told what it lacks.
      const isRefusal = error instanceof ObjectStoreError && error.storeCode === "AccessDenied";
      if (!isRefusal && !(error instanceof ObjectStoreError && error.code === "missing")) throw error;
    }
  }

  #range(key: string, { first, last, size }: { first: number; last: number; size: number }): Promise<Buffer> {
    const headers = { range: `bytes=${first}-${last}` };
    return this.#client.request({ method: "GET", key, headers }, async (response) => {
      const bytes = Buffer.from(await response.arrayBuffer());
      const wanted = `bytes ${first}-${last}/${size}`;
      const isWanted = response.status === 206 && response.headers.get("content-range") === wanted;
      if (!isWanted || bytes.byteLength !== last - first + 1) {
        throw new ObjectStoreError("refused", "the store of the files answers another range than was asked for");
      }
      return bytes;
    });
  }

  #named(name: string): string {
    return `${this.#client.location.prefix}${name}.bin`;
  }
}
