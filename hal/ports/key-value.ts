/**
 * A small store of records by name (NVS on the chip). Synchronous.
 *
 * After a power cut inside `write` or `delete`, that key has its old or its new value, never a mix; all other keys are
 * unchanged. What a call has done is durable once the call has returned. No order is promised between keys, and none
 * with flash partitions: what must be stored together goes into one record.
 */
export interface KeyValueStore {
  /**
   * @param key 1 to 15 ASCII characters
   * @returns the stored bytes, or `undefined` if there is no such key
   * @throws HalError `io`
   */
  read(key: string): Uint8Array | undefined;

  /**
   * @param key   1 to 15 ASCII characters
   * @param bytes at most 508 bytes, so that a record never spans two pages of NVS
   * @throws HalError `no-space`, `io`
   */
  write(key: string, bytes: Uint8Array): void;

  /**
   * Removes the key; a key that does not exist is no error.
   *
   * @throws HalError `io`
   */
  delete(key: string): void;
}
