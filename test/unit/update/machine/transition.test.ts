import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Offer } from "../../../../src/protocol/messages.js";
import { transition } from "../../../../src/update/machine/transition.js";
import type {
  Context,
  Effect,
  Event,
  Failure,
  Image,
  In,
  Kept,
  State,
  Step,
  Stored,
} from "../../../../src/update/machine/types.js";

const context: Context = {
  runningVersion: "1.0",
  target: "slot",
  targetSlot: "ota_1",
  capacity: 1_000_000,
  unpacks: false,
  maxAttempts: 3,
  asks: false,
  consents: false,
  allowsDowngrade: true,
  proves: false,
};
const offer: Offer = { version: "2.0", url: "http://h/f?sign=1", md5: "0".repeat(32), size: 200_000 };
const image: Image = { version: "2.0", md5: offer.md5, size: offer.size };
const other: Offer = { ...offer, version: "3.0", url: "http://h/g" };
const again: Offer = { ...offer, url: "http://h/f?sign=2" };
const fresh: Stored = {
  regionOffset: undefined,
  erasing: false,
  written: undefined,
  etag: undefined,
  spliced: false,
  refetched: false,
  resultLength: undefined,
};
const partly: Stored = {
  regionOffset: 65536,
  erasing: false,
  written: undefined,
  etag: '"e"',
  spliced: false,
  refetched: false,
  resultLength: undefined,
};
const boot = {
  runningSlot: "ota_1",
  runningState: "pending-verify",
  runningVersion: "2.0",
  runningSecureVersion: 0,
  targetSlot: "ota_0",
  targetState: "valid",
  chipId: 0,
} as const;

/** A context with a policy that is asked. */
const asking: Context = { ...context, asks: true };
/** The context of a sub-device or component. */
const staging: Context = { ...context, target: "staged", targetSlot: "staging" };

const idle: State = { name: "idle", kept: undefined, answered: false };
const downloading: State = { name: "downloading", offer, stored: partly, tries: 1, urlRenewed: false };
const pausing: State = { name: "waiting", for: "pause", offer, stored: partly, tries: 1, urlRenewed: false };
const renewing: State = { name: "waiting", for: "fresh-url", offer, stored: partly, tries: 1, urlRenewed: false };
const offeredState: State = { name: "offered", offer, kept: undefined };
const ready: State = { name: "ready", offer, image };
const verifying: State = { name: "verifying", offer, stored: partly };
const applying: State = { name: "applying", image, offered: image, queued: undefined, begun: false };
const confirming: In<"confirming"> = {
  name: "confirming",
  checkpoint: { phase: "applying", slot: "ota_1", image },
  boot,
  selfTest: "awaited",
};
const reporting: State = {
  name: "reporting",
  image,
  result: { outcome: "timed-out", message: "x" },
  kept: { image, whole: false, stored: partly },
  queued: undefined,
  owesVersion: false,
};
const states: readonly State[] = [
  idle,
  offeredState,
  downloading,
  pausing,
  renewing,
  verifying,
  ready,
  applying,
  confirming,
  reporting,
];

describe("clearance", () => {
  const declined: Event = { type: "declined", failure: { code: "declined", message: "not now" } };
  const consented: Offer = { ...offer, consent: true };
  const refusal = { outcome: "failed", message: "needs consent" };
  const clearedFor = (what: "download" | "install"): Event => ({ type: "cleared", step: what });
  const kept: Kept = { image, whole: false, stored: partly };

  test("an offer that fits waits to be cleared; one that does not is refused unasked", () => {
    assert.deepEqual(step(idle, offered(offer), asking), {
      state: { name: "offered", offer, kept: undefined },
      effects: [{ do: "ask", step: "download", offer }],
    });
    assert.equal(resultOf(step(idle, offered({ ...offer, size: 1_000_001 }), asking)), "failed");
  });

  test("once cleared, it begins, goes on from what is kept, or verifies what is whole", () => {
    assert.deepEqual(effects(offeredState, clearedFor("download"), asking), ["download"]);
    const resumed = step({ name: "offered", offer, kept }, clearedFor("download"), asking);
    assert.deepEqual(resumed.effects, [{ do: "download", offer, stored: partly }]);
    assert.deepEqual(
      effects({ name: "offered", offer, kept: { image, whole: true } }, clearedFor("download"), asking),
      ["verify"],
    );
    assert.deepEqual(step(offeredState, clearedFor("install"), asking), { state: offeredState, effects: [] });
  });

  test("a new URL takes the place of the old one unasked; another image is asked for anew", () => {
    assert.deepEqual(step(offeredState, offered(again), asking), {
      state: { ...offeredState, offer: again },
      effects: [],
    });
    assert.deepEqual(effects(offeredState, offered(other), asking), ["withdraw", "ask"]);
    assert.deepEqual(effects(ready, offered(other), asking), ["withdraw", "ask"]);
  });

  test("what is verified is stored as such before anyone is asked, and applied only once cleared", () => {
    const verified = step(verifying, { type: "verified", matches: true }, asking);
    assert.deepEqual(verified.state, ready);
    assert.deepEqual(verified.effects, [
      { do: "store", checkpoint: { phase: "verified", slot: "ota_1", image } },
      { do: "ask", step: "install", offer },
    ]);
    assert.deepEqual(effects(ready, clearedFor("install"), asking), [
      "forget",
      "store",
      "start-timer announcement",
      "report-burning",
    ]);
    assert.deepEqual(step(ready, clearedFor("download"), asking), { state: ready, effects: [] });
  });

  test("an offer that wants consent waits for it, and is refused if nobody can be asked", () => {
    const persons: Context = { ...asking, consents: true };
    assert.equal(step(idle, offered(consented), persons).state.name, "offered");
    for (const each of [asking, context]) {
      const refused = step(idle, offered(consented), each);
      assert.deepEqual(refused.state.name === "reporting" && refused.state.result, refusal);
    }
  });

  test("a job whose image wants consent only later is asked about anew, or ends if nobody can be asked", () => {
    const persons: Context = { ...asking, consents: true };
    assert.deepEqual(step(offeredState, offered(consented), persons).effects, [
      { do: "ask", step: "download", offer: consented },
    ]);
    assert.deepEqual(step(ready, offered(consented), persons).effects, [
      { do: "ask", step: "install", offer: consented },
    ]);
    for (const state of [downloading, verifying]) {
      assert.deepEqual(step(state, offered(consented), persons), {
        state: { ...state, offer: consented },
        effects: [],
      });
    }
    for (const state of [offeredState, downloading, pausing, verifying, ready]) {
      const ended = step(state, offered(consented), asking);
      assert.deepEqual(ended.state.name === "reporting" && ended.state.result, refusal, state.name);
    }
    const known = { ...downloading, offer: consented };
    assert.deepEqual(effects(known, offered(consented), persons), []);
  });

  test("what is refused is recorded by its own version, also while something of another one is kept", () => {
    const refused = step({ name: "idle", kept, answered: false }, offered({ ...other, consent: true }), context);
    assert.deepEqual(refused.effects.find((effect) => effect.do === "store")?.checkpoint, {
      phase: "reporting",
      slot: "ota_1",
      image: { version: "3.0", md5: other.md5, size: other.size },
      result: refusal,
      stored: undefined,
      whole: false,
    });
  });

  test("declined at any time before it is applied, a job ends as failed, with the reason, and keeps what is stored", () => {
    const stops: { readonly [name: string]: string[] } = {
      downloading: ["stop-download"],
      waiting: ["stop-timer pause"],
      verifying: ["stop-verify"],
    };
    for (const state of [offeredState, downloading, pausing, verifying, ready]) {
      const ended = step(state, declined, asking);
      assert.equal(
        ended.state.name === "reporting" && ended.state.result.outcome === "failed" && ended.state.result.message,
        "declined: not now",
      );
      assert.deepEqual(
        effects(state, declined, asking),
        [...(stops[state.name] ?? []), "store", "report-result"],
        state.name,
      );
    }
    const refused: Event = { type: "declined", failure: { code: "offer-refused", message: "reverted before" } };
    const ended = step(offeredState, refused, asking);
    assert.deepEqual(ended.state.name === "reporting" && ended.state.result, {
      outcome: "failed",
      message: "reverted before",
    });
    const partial = step(downloading, declined, asking);
    assert.deepEqual(partial.state.name === "reporting" && partial.state.kept, kept);
    const whole = step(ready, declined, asking);
    assert.deepEqual(whole.state.name === "reporting" && whole.state.kept, { image, whole: true });
    const settled = step(whole.state, { type: "result-acknowledged" }, asking);
    assert.deepEqual(settled.effects, [{ do: "store", checkpoint: { phase: "verified", slot: "ota_1", image } }]);
  });

  test("once it is applied, nobody can decline it", () =>
    assert.deepEqual(step(applying, declined, asking), { state: applying, effects: [] }));
});

describe("a staged image", () => {
  const applied: Event = { type: "applied" };
  const handing: State = { name: "applying", image, offered: image, queued: undefined, begun: true };

  test("has a record of whether it is whole, done or not", () => {
    const wholeIn = (state: State, event: Event): unknown => {
      const record = step(state, event, staging).effects.find((effect) => effect.do === "store");
      return record?.do === "store" && record.checkpoint.phase === "reporting" && record.checkpoint.whole;
    };
    assert.equal(wholeIn(handing, applied), true);
    assert.equal(wholeIn(handing, { type: "apply-failed", failure: { code: "install-failed", message: "why" } }), true);
    assert.equal(wholeIn(verifying, { type: "verified", matches: false }), false);
    assert.equal(
      wholeIn(downloading, { type: "download-failed", failure: { code: "not-found", message: "why" } }),
      false,
    );
  });

  test("is done once it is installed, without a restart, and stays in its area", () => {
    const { state, effects } = step(handing, applied, staging);
    assert.deepEqual(state.name === "reporting" && [state.result, state.kept, state.owesVersion], [
      { outcome: "done" },
      { image, whole: true },
      true,
    ]);
    assert.deepEqual(
      effects.map((effect) => effect.do),
      ["store", "report-result"],
    );
    const after = step(state, { type: "result-acknowledged" }, staging);
    assert.deepEqual(after.effects, [
      { do: "store", checkpoint: { phase: "verified", slot: "staging", image } },
      { do: "report-version" },
    ]);
  });

  test("stays in its area if the installation failed", () => {
    const failed = step(
      handing,
      { type: "apply-failed", failure: { code: "install-failed", message: "no room" } },
      staging,
    );
    assert.deepEqual(failed.state.name === "reporting" && [failed.state.result, failed.state.kept], [
      { outcome: "failed", message: "no room" },
      { image, whole: true },
    ]);
  });

  test("is handed over once, however often it is announced", () => {
    assert.deepEqual(effects(applying, { type: "burning-acknowledged" }, staging), [
      "stop-timer announcement",
      "apply",
    ]);
    assert.deepEqual(step(handing, { type: "burning-acknowledged" }, staging), { state: handing, effects: [] });
    assert.deepEqual(step(handing, { type: "timer-fired", timer: "announcement" }, staging), {
      state: handing,
      effects: [],
    });
  });

  test("serves each receiver of the same bytes, even if they are offered as another version; a slot's image does not", () => {
    const kept: Kept = { image: { ...image, version: "1.9" }, whole: true };
    assert.equal(step({ ...idle, kept }, offered(offer), staging).state.name, "verifying");
    assert.equal(step({ ...idle, kept }, offered(offer)).state.name, "downloading");
  });
});

describe("idle", () => {
  test("reports the version when it comes online", () =>
    assert.deepEqual(effects(idle, { type: "online" }), ["report-version"]));

  test("begins a download from its first byte", () => {
    const { state, effects } = step(idle, offered(offer));
    assert.deepEqual(state, { name: "downloading", offer, stored: fresh, tries: 1, urlRenewed: false });
    assert.deepEqual(effects, [{ do: "download", offer, stored: fresh }]);
  });

  test("takes up what is kept of the same image, whatever the URL", () => {
    const { state, effects } = step({ ...idle, kept: { image, whole: false, stored: partly } }, offered(again));
    assert.equal(state.name, "downloading");
    assert.deepEqual(effects, [{ do: "download", offer: again, stored: partly }]);
  });

  test("verifies at once what is wholly there", () => {
    const { state, effects } = step({ ...idle, kept: { image, whole: true } }, offered(offer));
    assert.deepEqual(state, { name: "verifying", offer, stored: undefined });
    assert.deepEqual(effects, [{ do: "verify", image }]);
  });

  for (const [what, changed] of [
    ["version", { version: "2.1" }],
    ["MD5", { md5: "1".repeat(32) }],
    ["size", { size: 200_001 }],
  ] as const) {
    test(`an image with another ${what} is another image: the old record goes before its blocks do`, () => {
      const { effects } = step(
        { ...idle, kept: { image, whole: false, stored: partly } },
        offered({ ...offer, ...changed }),
      );
      assert.deepEqual(
        effects.map((effect) => effect.do),
        ["clear", "download"],
      );
    });
  }

  test("reports at once what cannot fit, and fetches nothing", () => {
    const { state, effects } = step(idle, offered({ ...offer, size: context.capacity + 1 }));
    assert.equal(state.name, "reporting");
    assert.deepEqual(
      effects.map((effect) => effect.do),
      ["log", "store", "report-result"],
    );
    assert.deepEqual(step(idle, offered({ ...offer, size: context.capacity })).state.name, "downloading");
  });

  test("answers an offer of the running image once for each connection", () => {
    const first = step(idle, offered({ ...offer, version: "1.0" }));
    assert.deepEqual(first.effects, [{ do: "report-version" }]);
    const second = step(first.state, offered({ ...offer, version: "1.0" }));
    assert.deepEqual(second.effects, []);
    assert.deepEqual(
      step(step(second.state, { type: "online" }).state, offered({ ...offer, version: "1.0" })).effects,
      [{ do: "report-version" }],
    );
  });
});

describe("downloading", () => {
  test("stores the checkpoint of a region when it is erased", () => {
    const { state, effects } = step(downloading, { type: "region-erased", offset: 131072 });
    const stored = { ...partly, regionOffset: 131072, written: 131072 };
    assert.deepEqual(effects, [{ do: "store", checkpoint: { phase: "downloading", slot: "ota_1", image, stored } }]);
    assert.deepEqual(state, { ...downloading, stored });
  });

  test("stores the resume point before the flash there is changed", () => {
    const { state, effects } = step(downloading, { type: "resume-point-found", offset: 73728 });
    const stored = { ...partly, regionOffset: 73728, erasing: true };
    assert.deepEqual(effects, [{ do: "store", checkpoint: { phase: "downloading", slot: "ota_1", image, stored } }]);
    assert.equal(
      (step(state, { type: "region-erased", offset: 73728 }).state as { stored: Stored }).stored.erasing,
      false,
    );
  });

  test("a 206 without a validator leaves the known validator in force", () => {
    const { state } = step(downloading, { type: "download-started", offset: 100_000, etag: undefined });
    assert.equal((state as { stored: Stored }).stored.etag, '"e"');
    const anew = step(downloading, { type: "download-started", offset: 0, etag: undefined });
    assert.equal((anew.state as { stored: Stored }).stored.etag, undefined);
  });

  test("reports 0 for a fresh download only", () => {
    const begun = step({ ...downloading, stored: fresh }, { type: "download-started", offset: 0, etag: undefined });
    assert.deepEqual(begun.effects, [{ do: "report-downloading", version: "2.0", percent: 0, always: true }]);
    const resumed = step(downloading, { type: "download-started", offset: 100_000, etag: '"n"' });
    assert.deepEqual(resumed.effects, [{ do: "report-downloading", version: "2.0", percent: 50, always: false }]);
    assert.deepEqual(resumed.state, { ...downloading, stored: { ...partly, etag: '"n"', spliced: true } });
  });

  test("bytes of one answer are not spliced", () => {
    const { state } = step(downloading, { type: "download-started", offset: 0, etag: undefined });
    assert.equal((state as { stored: Stored }).stored.spliced, false);
  });

  test("the progress of a block may be held back, and is rounded down", () => {
    const written: Event = { type: "block-written", offset: 199_999 };
    assert.deepEqual(step(downloading, written).effects, [
      { do: "report-downloading", version: "2.0", percent: 99, always: false },
    ]);
  });

  test("a block in flash clears the count of tries, and the end of the try that stored it counts as none", () => {
    const { state } = step({ ...downloading, tries: 2, urlRenewed: true }, { type: "block-written", offset: 8192 });
    assert.deepEqual(state, { ...downloading, stored: { ...partly, written: 8192 }, tries: 0 });
    const failure: Failure = { code: "connection-lost", message: "x" };
    const failed = step(state, { type: "download-failed", failure });
    assert.ok(failed.state.name === "waiting" && failed.state.tries === 0);
    assert.deepEqual(failed.effects, [{ do: "start-timer", timer: "pause", attempt: 1, atLeastMs: 0 }]);
    assert.deepEqual(step(failed.state, { type: "timer-fired", timer: "pause" }).state, { ...state, tries: 1 });
  });

  test("an answer that ended and has brought something new clears the count of tries too, and the URL counts as old", () => {
    const ended: Event = {
      type: "download-failed",
      failure: { code: "connection-lost", message: "x" },
      advances: true,
    };
    const { state, effects } = step({ ...downloading, tries: context.maxAttempts, urlRenewed: true }, ended);
    assert.deepEqual(state, { ...pausing, tries: 0 });
    assert.deepEqual(effects, [{ do: "start-timer", timer: "pause", attempt: 1, atLeastMs: 0 }]);
  });

  test("reports 0 whatever the limit, but for a later try that begins at the first byte again", () => {
    const begun: Event = { type: "download-started", offset: 0, etag: undefined };
    const at = (tries: number): readonly Effect[] => step({ ...downloading, stored: fresh, tries }, begun).effects;
    assert.deepEqual(at(1), [{ do: "report-downloading", version: "2.0", percent: 0, always: true }]);
    assert.deepEqual(at(2), [{ do: "report-downloading", version: "2.0", percent: 0, always: false }]);
  });

  test("reports 100 once, when all is in flash", () => {
    assert.deepEqual(effects(downloading, { type: "block-written", offset: offer.size }), []);
    const { effects: all } = step(downloading, { type: "download-completed" });
    assert.deepEqual(all, [
      { do: "report-downloading", version: "2.0", percent: 100, always: true },
      { do: "verify", image },
    ]);
  });

  test("pauses after a failure of the link, at least as long as the server asks", () => {
    const { state, effects } = step(downloading, failed("server-busy", 7000));
    assert.deepEqual(state, { ...pausing });
    assert.deepEqual(effects, [{ do: "start-timer", timer: "pause", attempt: 1, atLeastMs: 7000 }]);
  });

  test("goes on after the last try but one", () => {
    assert.equal(step({ ...downloading, tries: 2 }, failed("connection-lost")).state.name, "waiting");
  });

  test("gives up after the last try, and keeps what is stored", () => {
    const { state, effects } = step({ ...downloading, tries: 3 }, failed("connection-lost"));
    assert.deepEqual(state, { ...reporting, result: { outcome: "timed-out", message: "why" } });
    assert.equal((effects[0] as { checkpoint: { stored: Stored } }).checkpoint.stored, partly);
  });

  test("a refused URL is asked for anew, and refused again it is the end", () => {
    const first = step(downloading, failed("url-refused"));
    assert.deepEqual(first.state, renewing);
    assert.deepEqual(first.effects, [{ do: "report-version" }]);
    const fetched = step(first.state, offered(again));
    assert.deepEqual(fetched.effects, [
      { do: "stop-timer", timer: "fresh-url" },
      { do: "download", offer: again, stored: partly },
    ]);
    const second = step(fetched.state, failed("url-refused"));
    assert.equal(resultOf(second), "url-expired");
  });

  test("a refused URL is asked for anew even at the last try", () => {
    assert.equal(step({ ...downloading, tries: 3 }, failed("url-refused")).state.name, "waiting");
  });

  test("changed content begins anew, once", () => {
    const first = step(downloading, failed("content-changed"));
    assert.deepEqual(
      first.effects.map((effect) => effect.do),
      ["clear", "start-timer"],
    );
    const retried = step(first.state, { type: "timer-fired", timer: "pause" });
    assert.deepEqual(retried.effects, [{ do: "download", offer, stored: { ...fresh, refetched: true } }]);
    assert.equal(resultOf(step(retried.state, failed("content-changed"))), "failed");
  });

  test("what makes the stored bytes worthless is not kept", () => {
    for (const code of ["image-invalid", "flash-failed"] as const) {
      const { state } = step(downloading, failed(code));
      assert.equal(state.name === "reporting" && state.kept, undefined, code);
    }
  });

  test("before the first erase there is nothing to keep", () => {
    const { state } = step({ ...downloading, stored: fresh }, failed("not-found"));
    assert.equal(state.name === "reporting" && state.kept, undefined);
  });

  test("another image wins: this one stops, its record goes first", () => {
    const { state, effects } = step(downloading, offered(other));
    assert.deepEqual(state, { name: "downloading", offer: other, stored: fresh, tries: 1, urlRenewed: false });
    assert.deepEqual(
      effects.map((effect) => effect.do),
      ["stop-download", "clear", "download"],
    );
  });

  test("the same image brings its new URL, and nothing stops", () => {
    assert.deepEqual(step(downloading, offered(again)), { state: { ...downloading, offer: again }, effects: [] });
  });

  test("an offer of the running image is ignored", () => {
    assert.deepEqual(step(downloading, offered({ ...other, version: "1.0" })), { state: downloading, effects: [] });
  });

  test("a store that fails ends the job", () => {
    const { state, effects } = step(downloading, {
      type: "store-failed",
      failure: { code: "store-failed", message: "full" },
    });
    assert.equal(state.name, "reporting");
    assert.deepEqual(
      effects.map((effect) => effect.do),
      ["stop-download", "store", "report-result"],
    );
  });
});

describe("waiting", () => {
  test("goes on after the pause from what is stored", () => {
    const { state, effects } = step(pausing, { type: "timer-fired", timer: "pause" });
    assert.deepEqual(state, { ...downloading, tries: 2 });
    assert.deepEqual(effects, [{ do: "download", offer, stored: partly }]);
  });

  test("a new URL does not shorten a pause", () => {
    assert.deepEqual(step(pausing, offered(again)), { state: { ...pausing, offer: again }, effects: [] });
  });

  test("the wait for a fresh URL begins once the platform was asked", () => {
    assert.deepEqual(effects(renewing, { type: "version-acknowledged" }), ["start-timer fresh-url"]);
    assert.deepEqual(effects(pausing, { type: "version-acknowledged" }), []);
  });

  test("no fresh URL: asks again, and in the end it timed out", () => {
    const first = step(renewing, { type: "timer-fired", timer: "fresh-url" });
    assert.deepEqual(first.effects, [{ do: "report-version" }]);
    assert.equal(resultOf(step(first.state, { type: "timer-fired", timer: "fresh-url" })), "timed-out");
  });

  test("another image wins", () => {
    assert.deepEqual(effects(pausing, offered(other)), ["stop-timer pause", "clear", "download"]);
    assert.deepEqual(effects(renewing, offered(other)), ["stop-timer fresh-url", "clear", "download"]);
  });
});

describe("verifying", () => {
  test("a match is stored as applying before it is announced, and pending only after that", () => {
    const { state, effects } = step(verifying, { type: "verified", matches: true });
    assert.deepEqual(state, applying);
    assert.deepEqual(effects[1], { do: "store", checkpoint: { phase: "applying", slot: "ota_1", image } });
    assert.deepEqual(
      effects.map((effect) => effect.do),
      ["forget", "store", "start-timer", "report-burning"],
    );
  });

  test("another image stops the verification, its record goes first", () => {
    assert.deepEqual(effects(verifying, offered(other)), ["stop-verify", "clear", "download"]);
  });

  test("flash that cannot be read ends the job, and nothing of it is kept", () => {
    const { state, effects: all } = step(verifying, {
      type: "verify-failed",
      failure: { code: "flash-failed", message: "why" },
    });
    assert.equal(state.name === "reporting" && state.kept, undefined);
    assert.deepEqual(
      all.map((effect) => effect.do),
      ["store", "report-result"],
    );
  });

  test("a mismatch of bytes from one answer is final", () => {
    assert.equal(resultOf(step(verifying, { type: "verified", matches: false })), "digest-mismatch");
  });

  test("a mismatch of pieces is fetched once more", () => {
    const spliced: State = { ...verifying, stored: { ...partly, spliced: true } };
    const { state, effects } = step(spliced, { type: "verified", matches: false });
    assert.deepEqual(state, { ...downloading, stored: { ...fresh, refetched: true } });
    assert.deepEqual(
      effects.map((effect) => effect.do),
      ["log", "clear", "download"],
    );
    const second: State = { ...verifying, stored: { ...partly, spliced: true, refetched: true } };
    assert.equal(resultOf(step(second, { type: "verified", matches: false })), "digest-mismatch");
  });
});

describe("applying", () => {
  test("becomes pending once the announcement is acknowledged, or waited for long enough", () => {
    assert.deepEqual(effects(applying, { type: "burning-acknowledged" }), ["stop-timer announcement", "apply"]);
    assert.deepEqual(effects(applying, { type: "timer-fired", timer: "announcement" }), ["apply"]);
    assert.deepEqual(effects(applying, { type: "applied" }), ["restart"]);
  });

  test("announces itself again after a reconnect, and is applied once", () => {
    const first = step(applying, { type: "burning-acknowledged" });
    assert.deepEqual(step(first.state, { type: "burning-acknowledged" }), { state: first.state, effects: [] });
    assert.deepEqual(step(first.state, { type: "timer-fired", timer: "announcement" }), {
      state: first.state,
      effects: [],
    });
    assert.deepEqual(effects(applying, { type: "online" }), ["report-version", "report-burning"]);
  });

  test("the same image offered once more, with whatever URL, is not taken up again when it has failed", () => {
    for (const repeated of [offer, again]) {
      assert.deepEqual(step(applying, offered(repeated)), { state: applying, effects: [] });
    }
  });

  test("a slot that is not accepted is the end, keeps nothing, and a queued offer waits for the result's acknowledgement", () => {
    const queued = step(applying, offered(other));
    const failedStep = step(queued.state, { type: "apply-failed", failure: { code: "switch-failed", message: "why" } });
    assert.equal(resultOf(failedStep), "failed");
    assert.deepEqual(effects(failedStep.state, { type: "result-acknowledged" }), ["clear", "download"]);
  });

  test("a record that could not be stored stops the switch", () => {
    const { state } = step(applying, { type: "store-failed", failure: { code: "store-failed", message: "full" } });
    assert.equal(state.name, "reporting");
  });
});

describe("confirming", () => {
  test("reports nothing and takes no offer before it is proven", () => {
    assert.deepEqual(effects(confirming, offered(other)), []);
    assert.deepEqual(effects(confirming, { type: "online" }), ["confirm"]);
  });

  test("once confirmed the result is stored before it is sent", () => {
    const { state, effects: all } = step(confirming, { type: "confirmed" });
    assert.equal(state.name, "reporting");
    assert.deepEqual(
      all.map((effect) => effect.do),
      ["stop-timer", "store", "report-result"],
    );
  });

  test("without a job it is simply confirmed, and then reports its version", () => {
    const { state, effects: all } = step({ ...confirming, checkpoint: undefined }, { type: "confirmed" });
    assert.equal(state.name, "idle");
    assert.deepEqual(
      all.map((effect) => effect.do),
      ["stop-timer", "report-version"],
    );
  });

  test("not proven in time it reverts; if that is impossible the trial begins anew", () => {
    assert.deepEqual(effects(confirming, { type: "timer-fired", timer: "trial" }), ["revert"]);
    assert.deepEqual(step(confirming, { type: "revert-failed" }).state, confirming);
    assert.deepEqual(effects(confirming, { type: "revert-failed" }), ["start-timer trial"]);
  });
});

describe("a self test", () => {
  const proving: Context = { ...context, proves: true };
  const running: In<"confirming"> = { ...confirming, selfTest: "running" };
  const unproven: Event = { type: "unproven", failure: { code: "reverted", message: "self test failed" } };
  const does = (state: State, event: Event): string[] =>
    transition(state, event, proving).effects.map(({ do: name }) => name);

  test("begins once the cloud is reached, and one at a time", () => {
    assert.deepEqual(does(confirming, { type: "online" }), ["start-timer", "prove"]);
    assert.deepEqual(does(running, { type: "online" }), []);
  });

  test("that passes confirms", () => {
    assert.deepEqual(does(running, { type: "proven" }), ["stop-timer", "confirm"]);
    assert.deepEqual(does(confirming, { type: "proven" }), []);
  });

  test("that fails stores its reason before it reverts", () => {
    const { state, effects: all } = transition(running, unproven, proving);
    assert.equal(state.name === "confirming" && state.selfTest, "failed");
    assert.deepEqual(all.slice(1), [
      { do: "store", checkpoint: { phase: "applying", slot: "ota_1", image, reason: "self test failed" } },
      { do: "revert" },
    ]);
    assert.deepEqual(does(confirming, unproven), []);
  });

  test("that does not end in time counts as failed", () => {
    for (const timer of ["self-test", "trial"] as const) {
      assert.deepEqual(does(running, { type: "timer-fired", timer }), ["stop-timer", "store", "revert"]);
    }
    assert.deepEqual(does(running, { type: "timer-fired", timer: "pause" }), []);
    assert.deepEqual(does(confirming, { type: "timer-fired", timer: "self-test" }), []);
  });

  test("of a firmware that cannot be reverted leaves no reason in the record, and begins again with the next connection", () => {
    const failed = transition(running, unproven, proving).state;
    const { state, effects: all } = transition(failed, { type: "revert-failed" }, proving);
    assert.deepEqual(state, confirming);
    assert.deepEqual(all[0], { do: "store", checkpoint: confirming.checkpoint });
    assert.deepEqual(does(state, { type: "online" }), ["start-timer", "prove"]);
  });

  test("of a firmware without a job has no record to write to", () => {
    assert.deepEqual(does({ ...running, checkpoint: undefined }, unproven), ["stop-timer", "revert"]);
    assert.deepEqual(does({ ...confirming, checkpoint: undefined, selfTest: "failed" }, { type: "revert-failed" }), [
      "start-timer",
    ]);
  });
});

describe("reporting", () => {
  test("sends the result at each connection, and the version only after its acknowledgement", () => {
    const online = step(reporting, { type: "online" });
    assert.deepEqual(
      online.effects.map((effect) => effect.do),
      ["report-result"],
    );
    assert.deepEqual(effects(online.state, { type: "result-acknowledged" }), ["store", "report-version"]);
  });

  test("on the same connection the version is not reported again", () => {
    assert.deepEqual(effects(reporting, { type: "result-acknowledged" }), ["store"]);
  });

  test("acknowledged, it keeps what can be taken up again and forgets the rest", () => {
    const { state, effects: all } = step(reporting, { type: "result-acknowledged" });
    assert.deepEqual(state, { name: "idle", kept: { image, whole: false, stored: partly }, answered: false });
    assert.deepEqual(all, [
      { do: "store", checkpoint: { phase: "downloading", slot: "ota_1", image, stored: partly } },
    ]);
    assert.deepEqual(effects({ ...reporting, kept: undefined }, { type: "result-acknowledged" }), ["clear"]);
  });

  test("an offer of another image waits for the acknowledgement", () => {
    const queued = step(reporting, offered(other));
    assert.deepEqual(queued.effects, []);
    assert.deepEqual(effects(queued.state, { type: "result-acknowledged" }), ["store", "clear", "download"]);
  });

  test("an offer of the image that is being reported was sent before the report: one job has one result", () => {
    assert.deepEqual(step(reporting, offered(again)), { state: reporting, effects: [] });
  });
});

describe("the whole machine", () => {
  test("answers every event in every state, and changes neither", () => {
    for (const state of states) {
      for (const event of events()) {
        const before = JSON.stringify([state, event]);
        const { state: next, effects: all } = step(Object.freeze({ ...state }), event);
        assert.ok(next.name !== undefined && Array.isArray(all));
        assert.equal(JSON.stringify([state, event]), before);
      }
    }
  });

  test("no sequence of events makes a slot pending that was not verified after its last download", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...events()), { maxLength: 60 }), (sequence) => {
        let state: State = idle;
        let verified = false;
        for (const event of sequence) {
          const { state: next, effects: all } = step(state, event);
          if (event.type === "verified" && state.name === "verifying") verified = event.matches;
          for (const effect of all) {
            if (effect.do === "download") verified = false;
            if (effect.do === "apply" || effect.do === "restart") assert.ok(verified);
          }
          state = next;
        }
      }),
    );
  });

  test("a result is always stored before it is sent, and sent for one image at a time", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...events()), { maxLength: 60 }), (sequence) => {
        let state: State = idle;
        let stored: string | undefined;
        for (const event of sequence) {
          const next = step(state, event);
          for (const effect of next.effects) {
            if (effect.do === "store") {
              stored = effect.checkpoint.phase === "reporting" ? JSON.stringify(effect.checkpoint.result) : undefined;
            }
            if (effect.do === "clear") stored = undefined;
            if (effect.do === "report-result") assert.equal(JSON.stringify(effect.result), stored);
          }
          state = next.state;
        }
      }),
    );
  });
});

function step(state: State, event: Event, within = context): Step {
  return transition(state, event, within);
}

/** Effects in short: with the name of the timer. */
function effects(state: State, event: Event, within = context): string[] {
  return step(state, event, within).effects.map((effect: Effect) =>
    "timer" in effect ? `${effect.do} ${effect.timer}` : effect.do,
  );
}

function offered(what: Offer): Event {
  return { type: "offer-received", offer: what };
}

function failed(code: Failure["code"], retryAfterMs?: number): Event {
  return { type: "download-failed", failure: { code, message: "why", retryAfterMs } };
}

function resultOf({ state }: Step): string | undefined {
  return state.name === "reporting" ? state.result.outcome : undefined;
}

function events(): Event[] {
  const failure: Failure = { code: "connection-lost", message: "why" };
  return [
    { type: "online" },
    offered(offer),
    offered(again),
    offered(other),
    offered({ ...offer, version: "1.0" }),
    { type: "version-acknowledged" },
    { type: "cleared", step: "download" },
    { type: "cleared", step: "install" },
    { type: "declined", failure: { code: "declined", message: "why" } },
    { type: "download-started", offset: 0, etag: undefined },
    { type: "download-started", offset: 4096, etag: '"e"' },
    { type: "resume-point-found", offset: 61440 },
    { type: "region-erased", offset: 65536 },
    { type: "block-written", offset: 4096 },
    { type: "download-completed" },
    { type: "download-failed", failure },
    { type: "download-failed", failure: { code: "url-refused", message: "why" } },
    { type: "download-failed", failure: { code: "content-changed", message: "why" } },
    { type: "verified", matches: true },
    { type: "verified", matches: false },
    { type: "verify-failed", failure },
    { type: "burning-acknowledged" },
    { type: "applied" },
    { type: "apply-failed", failure },
    { type: "proven" },
    { type: "unproven", failure },
    { type: "confirmed" },
    { type: "confirm-failed" },
    { type: "revert-failed" },
    { type: "result-acknowledged" },
    { type: "store-failed", failure: { code: "store-failed", message: "full" } },
    { type: "timer-fired", timer: "pause" },
    { type: "timer-fired", timer: "fresh-url" },
    { type: "timer-fired", timer: "announcement" },
    { type: "timer-fired", timer: "trial" },
    { type: "timer-fired", timer: "self-test" },
  ];
}

test("a job under way reports the version at each connection", () => {
  for (const state of [idle, offeredState, downloading, pausing, renewing, verifying, ready]) {
    assert.deepEqual(effects(state, { type: "online" }), ["report-version"]);
  }
  assert.deepEqual(effects(applying, { type: "online" }), ["report-version", "report-burning"]);
});

test("a timer that a state did not set changes nothing in it", () => {
  const own: { readonly [name: string]: string } = { applying: "announcement", confirming: "trial" };
  for (const state of states) {
    for (const timer of ["pause", "fresh-url", "announcement", "trial", "self-test"] as const) {
      if (timer === (state.name === "waiting" ? state.for : own[state.name])) continue;
      assert.deepEqual(step(state, { type: "timer-fired", timer }), { state, effects: [] }, `${state.name} ${timer}`);
    }
  }
});

test("a record that cannot be stored ends the job, and stops what was under way", () => {
  const event: Event = { type: "store-failed", failure: { code: "store-failed", message: "why" } };
  assert.deepEqual(effects(downloading, event), ["stop-download", "store", "report-result"]);
  assert.deepEqual(effects(pausing, event), ["stop-timer pause", "store", "report-result"]);
  assert.deepEqual(effects(applying, event), ["stop-timer announcement", "store", "report-result"]);
});

test("with nothing under way, a record that cannot be stored is deleted: the stored one belongs to a job that is over", () => {
  const event: Event = { type: "store-failed", failure: { code: "store-failed", message: "why" } };
  const kept = { image: downloading.offer, whole: true } as const;
  assert.deepEqual(step({ name: "idle", kept, answered: true }, event), {
    state: { name: "idle", kept: undefined, answered: true },
    effects: [{ do: "clear" }],
  });
  const nothing: State = { name: "idle", kept: undefined, answered: false };
  assert.deepEqual(step(nothing, event), { state: nothing, effects: [] }, "a delete that fails is not tried for ever");
});

describe("a package", () => {
  const unpacking: Context = { ...context, unpacks: true };
  const made: Image = { version: offer.version, md5: "1".repeat(32), size: 400_000 };
  const begun: State = { name: "downloading", offer, stored: fresh, tries: 1, urlRenewed: false };
  const storedIn = (state: State): Stored => (state.name === "downloading" ? state.stored : assert.fail(state.name));

  test("is known by its header, and its offsets and percents are those of what it makes", () => {
    const answered = step(begun, { type: "download-started", offset: 0, etag: '"e"' }, unpacking);
    const known = step(
      answered.state,
      { type: "download-started", offset: 0, etag: '"e"', resultLength: made.size },
      unpacking,
    );
    assert.deepEqual(storedIn(known.state), { ...fresh, etag: '"e"', resultLength: made.size });
    const half = step(known.state, { type: "block-written", offset: made.size / 2 }, unpacking);
    assert.deepEqual(half.effects, [{ do: "report-downloading", version: "2.0", percent: 50, always: false }]);
    const whole = step(half.state, { type: "download-completed" }, unpacking);
    assert.deepEqual(whole.effects.at(-1), { do: "verify", image: { ...image, size: made.size } });
  });

  test("came in pieces if the same try's header was there already, or its file was", () => {
    const later = { ...begun, stored: { ...fresh, resultLength: made.size } };
    const event: Event = { type: "download-started", offset: 0, etag: undefined, resultLength: made.size };
    assert.equal(storedIn(step(later, event, unpacking).state).spliced, true);
    const inPieces = { ...begun, stored: { ...fresh, spliced: true, etag: '"e"' } };
    assert.deepEqual(
      [storedIn(step(inPieces, event, unpacking).state).spliced, storedIn(step(inPieces, event, unpacking).state).etag],
      [true, '"e"'],
    );
    assert.equal(storedIn(step(begun, event, unpacking).state).spliced, false);
    assert.equal(storedIn(step(begun, { ...event, spliced: true }, unpacking).state).spliced, true);
  });

  test("whose header came in two answers is fetched anew once if its result is not the right one", () => {
    const header: Event = { type: "download-started", offset: 0, etag: '"e"', resultLength: made.size, spliced: true };
    const { state } = step(step(begun, header, unpacking).state, { type: "download-completed" }, unpacking);
    const again = step(state, { type: "verified", matches: false }, unpacking);
    assert.deepEqual(storedIn(again.state), { ...fresh, refetched: true });
    const refetched = step({ ...begun, stored: storedIn(again.state) }, header, unpacking);
    const end = step(refetched.state, { type: "download-completed" }, unpacking);
    assert.equal(resultOf(step(end.state, { type: "verified", matches: false }, unpacking)), "digest-mismatch");
  });

  test("whose image was reverted is not tried again because the platform has not got the result yet", () => {
    const reverted: State = {
      name: "reporting",
      image: made,
      result: { outcome: "failed", message: "not proven in time, reverted" },
      kept: undefined,
      queued: undefined,
      owesVersion: true,
    };
    assert.deepEqual(step(reverted, { type: "offer-received", offer }, unpacking), { state: reverted, effects: [] });
    const { state } = step(reverted, { type: "offer-received", offer: other }, unpacking);
    assert.deepEqual(state.name === "reporting" && state.queued, other);
    // No version report follows: this may be the whole file, which comes after the package was refused.
    const refused: State = { ...reverted, owesVersion: false };
    const full = step(refused, { type: "offer-received", offer }, unpacking).state;
    assert.deepEqual(full.name === "reporting" && full.queued, offer);
    // None follows either if the version is not known, as that of a component that has not said it.
    const nameless = step(
      reverted,
      { type: "offer-received", offer },
      { ...unpacking, runningVersion: undefined },
    ).state;
    assert.deepEqual(nameless.name === "reporting" && nameless.queued, offer);
  });

  test("that does not make what is whole already, or no package at all, is begun at once from its start", () => {
    const idle: State = { name: "idle", kept: { image: made, whole: true }, answered: false };
    const guessed = step(idle, { type: "offer-received", offer }, unpacking);
    const failure: Failure = { code: "content-changed", message: "package-malformed: not a package" };
    const begins = step(guessed.state, { type: "download-failed", failure }, unpacking);
    assert.deepEqual(begins.state, { name: "downloading", offer, stored: fresh, tries: 1, urlRenewed: false });
    assert.deepEqual(
      begins.effects.map(({ do: name }) => name),
      ["clear", "download"],
    );
    const later = step(begins.state, { type: "download-failed", failure }, unpacking);
    assert.equal(later.state.name, "waiting", "once");
    // The header may fit, and the hash not.
    const completed = step(guessed.state, { type: "download-completed" }, unpacking);
    const mismatched = step(completed.state, { type: "verified", matches: false }, unpacking);
    assert.deepEqual(mismatched.state, { name: "downloading", offer, stored: fresh, tries: 1, urlRenewed: false });
  });

  test("hands over to what it has made: that is stored, applied and kept; the offer stays what was offered", () => {
    const verifying: State = { name: "verifying", offer, stored: { ...fresh, resultLength: made.size } };
    const verified: Event = { type: "verified", matches: true, image: made };
    const ready = step(verifying, verified, { ...unpacking, asks: true });
    assert.deepEqual(ready.state, { name: "ready", offer, image: made });
    assert.deepEqual(ready.effects[0], { do: "store", checkpoint: { phase: "verified", slot: "ota_1", image: made } });
    const again = step(
      ready.state,
      { type: "offer-received", offer: { ...offer, url: "http://h/f?sign=2" } },
      unpacking,
    );
    assert.equal(again.state.name, "ready", "the same package is no other offer");
    const applying = step(ready.state, { type: "cleared", step: "install" }, { ...unpacking, asks: true });
    assert.ok(applying.effects.some((effect) => effect.do === "store" && effect.checkpoint.image === made));
    assert.deepEqual(step(applying.state, { type: "offer-received", offer }, unpacking).state, applying.state);
    const failed = step(
      applying.state,
      { type: "apply-failed", failure: { code: "install-failed", message: "no" } },
      unpacking,
    );
    assert.deepEqual(failed.state.name === "reporting" && failed.state.kept, { image: made, whole: true });
    const record = failed.effects.find((effect) => effect.do === "store");
    assert.deepEqual(record?.do === "store" && record.checkpoint.image, made);
  });

  test("may make what is whole already: then its header decides, and the record stays until it has", () => {
    const kept: Kept = { image: made, whole: true };
    const idle: State = { name: "idle", kept, answered: false };
    const { state, effects } = step(idle, { type: "offer-received", offer }, unpacking);
    const stored = storedIn(state);
    assert.deepEqual([stored.regionOffset, stored.written, stored.resultLength], [made.size, made.size, made.size]);
    assert.deepEqual(
      effects.map(({ do: name }) => name),
      ["download"],
    );
    const without = step(idle, { type: "offer-received", offer }, context);
    assert.equal(storedIn(without.state).regionOffset, undefined);
    const another = step(idle, { type: "offer-received", offer: { ...offer, version: "3.0" } }, unpacking);
    assert.equal(storedIn(another.state).regionOffset, undefined);
  });
});
