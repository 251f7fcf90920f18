import type { TimeModule, TimerModule } from "../../ecma419/modules.js";
import type { Power } from "./power.js";

/** The SDK's `timer`. A delay of 0 means the next turn of the event loop. */
export function createTimerModule(power: Power): TimerModule {
  type Running = { timeout?: NodeJS.Timeout; immediate?: NodeJS.Immediate };
  const running = new Set<Running>();
  const clear = (timer: Running): void => {
    clearTimeout(timer.timeout);
    clearImmediate(timer.immediate);
    running.delete(timer);
  };
  power.onCut(() => {
    for (const timer of running) clear(timer);
  });
  return {
    set(callback, delayMs) {
      power.check();
      const timer: Running = {};
      const fire = (): void => {
        running.delete(timer);
        power.run(callback);
      };
      if (delayMs <= 0) timer.immediate = setImmediate(fire);
      else timer.timeout = setTimeout(fire, Math.min(delayMs, 0x7fffffff));
      running.add(timer);
      return timer;
    },
    clear(id) {
      clear(id as Running);
    },
  };
}

/** The SDK's `time`: milliseconds since power-on, in 32 bits. */
export function createTimeModule(): TimeModule {
  const start = process.hrtime.bigint();
  return {
    get ticks() {
      return Number((process.hrtime.bigint() - start) / 1_000_000n) | 0;
    },
  };
}
