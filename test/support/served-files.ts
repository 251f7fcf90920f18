import { createHash } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import type { FileSource, ServedFile } from "../../cloud/files/file-server.js";
import { type Holder, packagePath } from "../../cloud/files/signed-url.js";

/** @returns the path of the full own firmware in a URL */
export function firmwarePath(productId: string, version: string): string {
  return packagePath({ productId, version, component: "firmware", sourceVersion: "", packageId: 1 });
}

/** Versions of one file on the disk, as a file server finds them. */
export class ServedFiles implements FileSource {
  readonly signingKey = "00112233445566778899aabbccddeeff00112233";
  readonly filePath: string;
  /** Tasks whose URLs were taken back. */
  readonly revoked = new Set<number>();
  readonly #productId: string;
  readonly #file: Omit<ServedFile, "manifest">;
  readonly #manifests = new Map<string, object | undefined>();

  /** @param options.filePath where the content is written */
  constructor(options: { readonly productId: string; readonly filePath: string; readonly content: Buffer }) {
    const { productId, filePath, content } = options;
    writeFileSync(filePath, content);
    const md5 = createHash("md5").update(content).digest("hex");
    this.filePath = filePath;
    this.#productId = productId;
    this.#file = { productId, filePath, md5, size: content.byteLength };
  }

  add(version: string, manifest?: object): void {
    this.#manifests.set(firmwarePath(this.#productId, version), manifest);
  }

  async find(path: string): Promise<ServedFile | undefined> {
    if (!this.#manifests.has(path) || !existsSync(this.filePath)) return undefined;
    return { ...this.#file, manifest: this.#manifests.get(path) };
  }

  async isRevoked({ taskId }: Holder): Promise<boolean> {
    return taskId !== undefined && this.revoked.has(taskId);
  }
}
