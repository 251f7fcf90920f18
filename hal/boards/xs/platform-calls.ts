import type { BoardModules } from "../../ecma419/modules.js";
import { CALL, COMMAND, encodeMessage } from "./guest/messages.js";
import type { CallTable, Post } from "./call-table.js";

/** Boot control, names, random bytes, time and timers. */
export function platformCalls({ platform, Time, Timer }: BoardModules, post: Post): CallTable {
  const { boot } = platform;
  /** The board's timers, by the id that the engine has chosen. */
  const timers = new Map<number, unknown>();
  return {
    [CALL.runningSlot]: () => [boot.runningSlot()],
    [CALL.targetSlot]: () => [boot.targetSlot()],
    [CALL.imageState]: (call) => optional(boot.imageState(call.text())),
    [CALL.imageVersion]: (call) => optional(boot.imageVersion(call.text())),
    [CALL.secureVersion]: (call) => optional(boot.secureVersion(call.text())),
    [CALL.chipId]: () => [boot.chipId()],
    [CALL.forgetTarget]: () => boot.forgetTarget(),
    [CALL.setPending]: () => boot.setPending(),
    [CALL.confirm]: () => boot.confirm(),
    [CALL.revert]: () => boot.revert(),
    [CALL.restart]: () => boot.restart(),

    [CALL.resolve](call) {
      const id = call.number();
      platform.resolve(call.text(), (host, address) => {
        post(() => encodeMessage(COMMAND.resolved, id, host, ...optional(address)));
      });
    },
    [CALL.randomFill](call) {
      const bytes = new Uint8Array(call.number());
      platform.randomFill(bytes);
      return [bytes];
    },
    [CALL.verifyP256](call) {
      const [publicKey, message, signature] = [call.bytes(), call.bytes(), call.bytes()];
      return [platform.verifyP256?.(publicKey, message, signature) === true ? 1 : 0];
    },
    [CALL.unixTime]: () => optional(platform.unixTime()),
    [CALL.batteryPercent]: () => optional(platform.batteryPercent?.()),
    [CALL.signalDbm]: () => optional(platform.signalDbm?.()),
    [CALL.ticks]: () => [Time.ticks],

    [CALL.timerSet](call) {
      const id = call.number();
      const timer = Timer.set(() => {
        timers.delete(id);
        post(() => encodeMessage(COMMAND.timerFired, id));
      }, call.number());
      timers.set(id, timer);
    },
    [CALL.timerClear](call) {
      const id = call.number();
      if (timers.has(id)) Timer.clear(timers.get(id));
      timers.delete(id);
    },
  };
}

function optional<Value>(value: Value | undefined): Value[] {
  return value === undefined ? [] : [value];
}
