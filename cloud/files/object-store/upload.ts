import { createHash, randomBytes } from "node:crypto";
import { CloudError } from "../../types.js";
import type { StoredFile } from "../firmware-files.js";
import { errorOfAnswer, ObjectStoreError, textOf } from "./object-store-error.js";
import type { S3Client, S3Request } from "./s3-client.js";

/** Bytes of one part. A store takes no part but the last one below 5 MiB. */
export const PART_BYTES = 8 * 1024 * 1024;

/** The name is made of the content, so what a CDN or a device has kept of it is never out of date. */
const METADATA = {
  "content-type": "application/octet-stream",
  "cache-control": "public, max-age=31536000, immutable",
};

export interface UploadOptions {
  readonly client: S3Client;
  readonly mostFileBytes: number;
  /** Name of the object whose file has this MD5. */
  keyOf(md5: string): string;
  /** Default: {@link PART_BYTES}. */
  readonly partBytes?: number;
}

/**
 * Streams a file into the store, with one part of it in memory. Its name is known only at its end: what has more than
 * one part is put together under another name, and copied inside of the store. So no half file is ever under its name.
 *
 * @throws CloudError if it is empty or too big @throws ObjectStoreError; and what `source` throws
 */
export async function upload(source: AsyncIterable<Uint8Array>, options: UploadOptions): Promise<StoredFile> {
  const { client, mostFileBytes, keyOf, partBytes = PART_BYTES } = options;
  const [md5, sha256] = [createHash("md5"), createHash("sha256")];
  let size = 0;
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  let parts: Parts | undefined;
  try {
    for await (const chunk of source) {
      size += chunk.byteLength;
      if (size > mostFileBytes) throw new CloudError(`the file has more than ${mostFileBytes} bytes`);
      md5.update(chunk);
      sha256.update(chunk);
      // The source may use its buffer again.
      pending.push(Uint8Array.from(chunk));
      pendingBytes += chunk.byteLength;
      while (pendingBytes > partBytes) {
        const bytes = Buffer.concat(pending);
        parts ??= await Parts.begin(client, keyOf(`incoming-${randomBytes(8).toString("hex")}`));
        await parts.add(bytes.subarray(0, partBytes));
        pending = [bytes.subarray(partBytes)];
        pendingBytes -= partBytes;
      }
    }
    if (size === 0) throw new CloudError("the file is empty");
    const stored = { md5: md5.digest("hex"), sha256: sha256.digest("hex"), size };
    const last = Buffer.concat(pending);
    if (parts === undefined) {
      await succeed(client, { method: "PUT", key: keyOf(stored.md5), headers: METADATA, body: last });
    } else {
      await parts.add(last);
      await parts.finish(size);
      await copy(client, parts.key, keyOf(stored.md5));
      await parts.remove();
    }
    return stored;
  } catch (error) {
    await parts?.abort();
    throw error;
  }
}

/** An upload in parts. */
class Parts {
  readonly key: string;
  readonly #client: S3Client;
  readonly #uploadId: string;
  readonly #etags: string[] = [];
  #isWhole = false;

  private constructor(client: S3Client, key: string, uploadId: string) {
    this.#client = client;
    this.key = key;
    this.#uploadId = uploadId;
  }

  static async begin(client: S3Client, key: string): Promise<Parts> {
    const answer = await succeed(client, { method: "POST", key, query: { uploads: "" }, headers: METADATA });
    const uploadId = textOf(answer, "UploadId");
    if (uploadId === undefined) throw new ObjectStoreError("refused", "the store of the files begins no upload");
    return new Parts(client, key, uploadId);
  }

  async add(body: Uint8Array): Promise<void> {
    const query = { partNumber: String(this.#etags.length + 1), uploadId: this.#uploadId };
    const etag = await this.#client.request({ method: "PUT", key: this.key, query, body }, async (response) => {
      await response.arrayBuffer();
      return response.headers.get("etag");
    });
    if (etag === null) throw new ObjectStoreError("refused", "the store of the files names no part that it has got");
    this.#etags.push(etag);
  }

  async finish(size: number): Promise<void> {
    const list = this.#etags.map((etag, at) => `<Part><PartNumber>${at + 1}</PartNumber><ETag>${etag}</ETag></Part>`);
    const body = Buffer.from(`<CompleteMultipartUpload>${list.join("")}</CompleteMultipartUpload>`);
    try {
      await succeed(this.#client, { method: "POST", key: this.key, query: { uploadId: this.#uploadId }, body });
    } catch (error) {
      // The answer to an earlier try was lost: the upload is no more, because it is the object.
      const isGone = error instanceof ObjectStoreError && error.storeCode === "NoSuchUpload";
      if (!isGone || (await sizeOf(this.#client, this.key)) !== size) throw error;
    }
    this.#isWhole = true;
  }

  async remove(): Promise<void> {
    await remove(this.#client, this.key);
  }

  /** Frees what the parts hold. What cannot be freed now is for the bucket's rule about uploads that do not end. */
  async abort(): Promise<void> {
    const { key } = this;
    const query = { uploadId: this.#uploadId };
    const freeing = this.#isWhole ? this.remove() : succeed(this.#client, { method: "DELETE", key, query });
    await Promise.resolve(freeing).catch(() => {});
  }
}

/** @returns the object's size in bytes; `undefined` if there is none @throws ObjectStoreError */
export async function sizeOf(client: S3Client, key: string): Promise<number | undefined> {
  try {
    return await client.request({ method: "HEAD", key }, async ({ headers }) => Number(headers.get("content-length")));
  } catch (error) {
    if (error instanceof ObjectStoreError && error.code === "missing") return undefined;
    throw error;
  }
}

/** Removes an object. It is no error if there is none. @throws ObjectStoreError */
export async function remove(client: S3Client, key: string): Promise<void> {
  try {
    await succeed(client, { method: "DELETE", key });
  } catch (error) {
    if (!(error instanceof ObjectStoreError && error.code === "missing")) throw error;
  }
}

async function copy(client: S3Client, from: string, to: string): Promise<void> {
  const headers = { "x-amz-copy-source": `/${client.location.bucket}/${from}` };
  await succeed(client, { method: "PUT", key: to, headers });
}

/** Stores answer some requests with 200 before they know how it ends, and put the error into the body. */
function succeed(client: S3Client, request: S3Request): Promise<string> {
  return client.request(request, async (response) => {
    const text = await response.text();
    if (textOf(text, "Error") !== undefined) throw errorOfAnswer(500, text, response.headers);
    return text;
  });
}
