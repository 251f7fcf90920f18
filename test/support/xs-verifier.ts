import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildXsHost } from "../../hal/boards/xs/host/build.js";
import { type HeapSize, type HeapStatistics, measureHeap, sealHeap } from "../../hal/boards/xs/heap.js";
import { loaderSource } from "../../hal/boards/xs/loader.js";
import { XsWorker } from "../../hal/boards/xs/worker.js";
import { ROOT } from "./root.js";

/** A command is one verification: 64 bytes of key, 32 of hash, and the rest is the signature. */
const GUEST = `
import { verifyP256 } from "parts";
export function handleCommand(message) {
  const bytes = new Uint8Array(message);
  const result = verifyP256(bytes.subarray(0, 64), bytes.subarray(64, 96), bytes.subarray(96));
  return Uint8Array.of(result ? 1 : 0).buffer;
}
`;

/** What a board computes in BigInt if its native code verifies nothing: minified, on the real engine. */
export class XsVerifier {
  readonly #worker: XsWorker;

  private constructor(worker: XsWorker) {
    this.#worker = worker;
  }

  /**
   * @param heap the heap's size, fixed before the first verification; default: it grows
   * @throws MissingPrerequisite if the engine cannot be built
   */
  static async start(heap?: HeapSize): Promise<XsVerifier> {
    const { binary } = await buildXsHost();
    const worker = new XsWorker({ binary, onCall: () => new Uint8Array(0) });
    const parts = readFileSync(join(ROOT, "dist", "parts", "parts.js"), "utf8");
    await worker.evaluate(loaderSource({ parts, guest: GUEST }, "guest"));
    if (heap !== undefined) await sealHeap(worker, heap);
    return new XsVerifier(worker);
  }

  /** @returns whether the signature is one of this hash by this key @throws Error if the engine ended */
  async verify(publicKey: Uint8Array, hash: Uint8Array, signature: Uint8Array): Promise<boolean> {
    const answer = await this.#worker.command(() => Buffer.concat([publicKey, hash, signature]));
    return answer[0] === 1;
  }

  /** See `measureHeap`. */
  measure(stride?: number): Promise<HeapStatistics> {
    return measureHeap(this.#worker, stride);
  }

  stop(): void {
    this.#worker.kill();
  }
}
