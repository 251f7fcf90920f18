import SparkMD5 from "spark-md5";
import type { Digest, Digests } from "../../hal/ports/index.js";

/** An MD5 computation: the board's own, or spark-md5 if it has none. */
export function createMd5(digests: Digests): Digest {
  return digests.create("MD5") ?? sparkMd5();
}

function sparkMd5(): Digest {
  const spark = new SparkMD5.ArrayBuffer();
  return {
    update(bytes) {
      spark.append(new Uint8Array(bytes).buffer);
    },
    digest() {
      const raw = spark.end(true);
      const digest = new Uint8Array(raw.length);
      for (let index = 0; index < raw.length; index++) digest[index] = raw.charCodeAt(index);
      return digest;
    },
  };
}
