import assert from "node:assert/strict";
import { test } from "node:test";
import { type Device, HalError } from "../../../hal/ports/index.js";
import type { Recipient } from "../../../src/staging/recipient.js";
import { StagingQueue, type StagingQueueOptions } from "../../../src/staging/queue.js";
import { CollectedLog } from "../../support/log.js";
import { MemoryFlash } from "../../support/memory-flash.js";
import { VirtualClock } from "../../support/virtual-clock.js";

test("a job that cannot begin is logged for the staging area, whomever it is for", () => {
  const logged = new CollectedLog();
  const clock = new VirtualClock();
  let fails = false;
  const read = (): undefined => {
    if (fails) throw new HalError("io", "worn out");
  };
  const options: Partial<StagingQueueOptions<Recipient>> = {
    device: { store: { read }, clock, log: logged.log } as unknown as Device,
    area: { label: "staging", partition: new MemoryFlash({ blocks: 4 }), prepare: () => {} },
    limits: { idleTimeoutMs: 30_000, maxAttempts: 3, backoffMaxMs: 60_000, trialMs: 300_000, selfTestMs: 60_000 },
    tls: {},
    installTimeoutMs: 1_000,
    onState: () => {},
    reporterOf: () => ({}) as ReturnType<StagingQueueOptions<Recipient>["reporterOf"]>,
  };
  const queue = new StagingQueue(options as StagingQueueOptions<Recipient>);
  const mcu: Recipient = {
    owner: "mcu",
    installer: { version: () => "1.0.0", install: () => {} },
    version: "1.0.0",
    offer: undefined,
  };
  fails = true;
  queue.open();
  queue.offered(mcu, { version: "2.0.0", size: 8_000, md5: "0123456789abcdef0123456789abcdef", url: "http://h/f" });
  clock.advance(0);
  assert.deepEqual(logged.lines, ["error staging worn out"]);
});
