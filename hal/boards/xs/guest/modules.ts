import type {
  DigestConstructor,
  FlashInstance,
  FlashModule,
  KeyValueModule,
  PlatformImageState,
  PlatformModule,
  TimeModule,
  TimerModule,
} from "../../../ecma419/modules.js";
import { counted, type Host } from "./host.js";
import { CALL, type MessageReader } from "./messages.js";
import { createDecodeBlock } from "./packages.js";
import type { SubDeviceBus } from "../../sub-device-link.js";

export function createFlashModule(host: Host): FlashModule {
  return {
    open({ path, mode = "r+" }) {
      const handle = host.call(CALL.flashOpen, path, mode).number();
      return mode === "r" ? new ReadFlash(host, handle) : writtenFlash(host, handle);
    },
  };
}

/*
 * On a chip the methods are C: an open partition costs the engine no functions, and a call no slots. Here it is one or
 * the other.
 */

/** Is used for each block, so its functions are its own, which cost nothing when they are called. */
function writtenFlash(host: Host, handle: number): FlashInstance {
  return {
    status() {
      const status = host.call(CALL.flashStatus, handle);
      return { size: status.number(), blockLength: status.number(), blocks: status.number() };
    },
    read(buffer, byteOffset) {
      const before = counted();
      host.read(CALL.flashRead, buffer, handle, buffer.byteLength, byteOffset);
      counted(before);
    },
    write(buffer, byteOffset) {
      const before = counted();
      host.write(CALL.flashWrite, buffer, handle, byteOffset);
      counted(before);
    },
    eraseBlock: (start, end) => void host.call(CALL.flashEraseBlock, handle, start, end),
    close: () => void host.call(CALL.flashClose, handle),
  };
}

/** Is opened while an update runs, so it has no functions of its own. */
class ReadFlash implements FlashInstance {
  readonly #host: Host;
  readonly #handle: number;

  constructor(host: Host, handle: number) {
    this.#host = host;
    this.#handle = handle;
  }

  status(): ReturnType<FlashInstance["status"]> {
    const status = this.#host.call(CALL.flashStatus, this.#handle);
    return { size: status.number(), blockLength: status.number(), blocks: status.number() };
  }

  read(buffer: Uint8Array, byteOffset: number): void {
    const before = counted();
    this.#host.read(CALL.flashRead, buffer, this.#handle, buffer.byteLength, byteOffset);
    counted(before);
  }

  write(buffer: Uint8Array, byteOffset: number): void {
    const before = counted();
    this.#host.write(CALL.flashWrite, buffer, this.#handle, byteOffset);
    counted(before);
  }

  eraseBlock(start: number, end: number): void {
    this.#host.call(CALL.flashEraseBlock, this.#handle, start, end);
  }

  close(): void {
    this.#host.call(CALL.flashClose, this.#handle);
  }
}

export function createKeyValueModule(host: Host): KeyValueModule {
  return {
    open({ path, mode = "r+" }) {
      const handle = host.call(CALL.keyValueOpen, path, mode).number();
      return {
        read(key) {
          const answer = host.call(CALL.keyValueRead, handle, key);
          return answer.ended ? undefined : copy(answer);
        },
        write: (key, value) =>
          void host.call(CALL.keyValueWrite, handle, key, value instanceof ArrayBuffer ? new Uint8Array(value) : value),
        delete: (key) => void host.call(CALL.keyValueDelete, handle, key),
        close: () => void host.call(CALL.keyValueClose, handle),
      };
    },
  };
}

export function createDigest(host: Host): DigestConstructor {
  return class {
    readonly #handle: number;

    constructor(algorithm: string) {
      this.#handle = host.call(CALL.digestOpen, algorithm).number();
    }

    write(bytes: Uint8Array): void {
      const before = counted();
      host.write(CALL.digestWrite, bytes, this.#handle);
      counted(before);
    }

    close(): ArrayBuffer {
      return copy(host.call(CALL.digestClose, this.#handle));
    }
  };
}

export function createTimerModule(host: Host): TimerModule {
  return {
    set(callback, delayMs = 0) {
      const before = counted();
      const id = host.listen(() => {
        host.forget(id);
        host.leave();
        callback();
      });
      host.call(CALL.timerSet, id, delayMs);
      counted(before);
      return id;
    },
    clear(id) {
      // As in the SDK, an id of `undefined` is allowed.
      if (id === undefined) return;
      const before = counted();
      host.forget(id as number);
      host.call(CALL.timerClear, id as number);
      counted(before);
    },
  };
}

export function createTimeModule(host: Host): TimeModule {
  return {
    get ticks() {
      const before = counted();
      const ticks = host.call(CALL.ticks).number();
      counted(before);
      return ticks;
    },
  };
}

/** What of the board is native code beside what each has. */
export interface NativeCode {
  readonly hasSignatures: boolean;
  readonly hasDecoder: boolean;
}

export function createPlatform(host: Host, { hasSignatures, hasDecoder }: NativeCode): PlatformModule {
  return {
    boot: {
      runningSlot: () => host.call(CALL.runningSlot).text(),
      targetSlot: () => host.call(CALL.targetSlot).text(),
      imageState: (slot) => optionalText(host.call(CALL.imageState, slot)) as PlatformImageState | undefined,
      imageVersion: (slot) => optionalText(host.call(CALL.imageVersion, slot)),
      secureVersion: (slot) => optionalNumber(host.call(CALL.secureVersion, slot)),
      chipId: () => host.call(CALL.chipId).number(),
      forgetTarget: () => void host.call(CALL.forgetTarget),
      setPending: () => void host.call(CALL.setPending),
      confirm: () => void host.call(CALL.confirm),
      revert: () => void host.call(CALL.revert),
      restart: () => void host.call(CALL.restart),
    },
    resolve(name, callback) {
      const id = host.listen((message) => {
        host.forget(id);
        const [found, address] = [message.text(), optionalText(message)];
        host.leave();
        callback(found, address);
      });
      host.call(CALL.resolve, id, name);
    },
    randomFill: (into) => void host.read(CALL.randomFill, into, into.byteLength),
    verifyP256: hasSignatures
      ? (publicKey, message, signature) => host.call(CALL.verifyP256, publicKey, message, signature).number() === 1
      : undefined,
    decodeBlock: hasDecoder ? createDecodeBlock(host) : undefined,
    unixTime: () => optionalNumber(host.call(CALL.unixTime)),
    batteryPercent: () => optionalNumber(host.call(CALL.batteryPercent)),
    signalDbm: () => optionalNumber(host.call(CALL.signalDbm)),
  };
}

/** @returns the wire to the sub-device with this index */
export function createSubDeviceBus(host: Host, index: number): SubDeviceBus {
  return {
    version: () => optionalText(host.call(CALL.subDeviceVersion, index)),
    write: (md5, byteOffset, bytes) => host.write(CALL.subDeviceWrite, bytes, index, md5, byteOffset).number() === 1,
    finish: ({ version, md5, size }) => optionalText(host.call(CALL.subDeviceFinish, index, version, md5, size)),
  };
}

function optionalNumber(message: MessageReader): number | undefined {
  return message.ended ? undefined : message.number();
}

function optionalText(message: MessageReader): string | undefined {
  return message.ended ? undefined : message.text();
}

function copy(message: MessageReader): ArrayBuffer {
  return message.bytes().slice().buffer as ArrayBuffer;
}
