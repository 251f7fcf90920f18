/** What the digest uses of spark-md5. */
declare module "spark-md5" {
  class SparkArrayBuffer {
    append(bytes: ArrayBuffer): this;
    /** @param raw true: 16 characters, one for each byte */
    end(raw: true): string;
  }
  const SparkMD5: { ArrayBuffer: typeof SparkArrayBuffer };
  export default SparkMD5;
}
