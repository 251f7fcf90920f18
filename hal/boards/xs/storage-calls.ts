import type { BoardModules, DigestConstructor, FlashInstance, KeyValueInstance } from "../../ecma419/modules.js";
import { CALL } from "./guest/messages.js";
import type { CallTable } from "./call-table.js";

/** The objects that the engine has opened, by handle. */
class Handles<Opened> {
  readonly #opened = new Map<number, Opened>();
  #last = 0;

  add(opened: Opened): number {
    this.#opened.set(++this.#last, opened);
    return this.#last;
  }

  get(handle: number): Opened {
    const opened = this.#opened.get(handle);
    if (opened === undefined) throw new Error("closed");
    return opened;
  }

  remove(handle: number): Opened {
    const opened = this.get(handle);
    this.#opened.delete(handle);
    return opened;
  }
}

/** Flash, key-value store and digest. */
export function storageCalls({ flash, keyValue, Digest }: BoardModules): CallTable {
  const partitions = new Handles<FlashInstance>();
  const stores = new Handles<KeyValueInstance>();
  const digests = new Handles<InstanceType<DigestConstructor>>();
  return {
    [CALL.flashOpen]: (call) => [partitions.add(flash.open({ path: call.text(), mode: call.text() as "r" | "r+" }))],
    [CALL.flashStatus](call) {
      const { size, blockLength, blocks } = partitions.get(call.number()).status();
      return [size, blockLength, blocks];
    },
    [CALL.flashRead](call) {
      const partition = partitions.get(call.number());
      const buffer = new Uint8Array(call.number());
      partition.read(buffer, call.number());
      return [buffer];
    },
    [CALL.flashWrite](call) {
      const partition = partitions.get(call.number());
      const byteOffset = call.number();
      partition.write(call.bytes(), byteOffset);
    },
    [CALL.flashEraseBlock]: (call) => partitions.get(call.number()).eraseBlock(call.number(), call.number()),
    [CALL.flashClose]: (call) => partitions.remove(call.number()).close(),

    [CALL.keyValueOpen]: (call) => [
      stores.add(keyValue.open({ path: call.text(), mode: call.text() as "r" | "r+", format: "buffer" })),
    ],
    [CALL.keyValueRead](call) {
      const value = stores.get(call.number()).read(call.text());
      return value === undefined ? [] : [new Uint8Array(value)];
    },
    [CALL.keyValueWrite]: (call) => stores.get(call.number()).write(call.text(), call.bytes()),
    [CALL.keyValueDelete]: (call) => stores.get(call.number()).delete(call.text()),
    [CALL.keyValueClose]: (call) => stores.remove(call.number()).close(),

    [CALL.digestOpen](call) {
      if (Digest === undefined) throw new Error("no digest");
      return [digests.add(new Digest(call.text()))];
    },
    [CALL.digestWrite]: (call) => void digests.get(call.number()).write(call.bytes()),
    [CALL.digestClose]: (call) => [new Uint8Array(digests.remove(call.number()).close())],
  };
}
