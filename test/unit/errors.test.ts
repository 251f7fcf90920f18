import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HalError, type HalErrorKind } from "../../hal/ports/index.js";
import { describeError, fromNetwork, OtaError, type OtaErrorCode, refusalIn, ruleFor } from "../../src/errors.js";
import { ERROR_CODES } from "../support/error-codes.js";

const NETWORK: { readonly [Kind in HalErrorKind]: OtaErrorCode } = {
  untrusted: "untrusted",
  unreachable: "unreachable",
  timeout: "unreachable",
  malformed: "http-malformed",
  io: "connection-lost",
  closed: "connection-lost",
  "no-space": "connection-lost",
  unsupported: "internal",
  "not-aligned": "internal",
  "out-of-bounds": "internal",
  "invalid-image": "internal",
};

describe("rules of errors", () => {
  for (const code of ERROR_CODES) {
    it(`has a rule for ${code}, in known words`, () => {
      const { remedy, outcome, keeps, level } = ruleFor(code);
      assert.ok(["back-off", "renew", "renew-first", "restart", "never"].includes(remedy), remedy);
      assert.ok(["timed-out", "not-found", "url-expired", "digest-mismatch", "failed"].includes(outcome), outcome);
      assert.equal(typeof keeps, "boolean");
      assert.ok(["error", "warn", "info"].includes(level), level);
    });
  }

  it("logs an error if a person is needed, a warning if the agent goes on, and a person's no as neither", () => {
    for (const code of ERROR_CODES) {
      // An old image is refused as it should be, and a delta that does not fit can be followed by the whole image.
      const copes = ruleFor(code).remedy !== "never" || code === "rollback-refused" || code === "wrong-base";
      const level = copes ? "warn" : "error";
      assert.equal(ruleFor(code).level, code === "declined" || code === "offer-refused" ? "info" : level, code);
    }
  });

  it("tells an image that the device refuses by the first word of what is reported", () => {
    const refusals = ERROR_CODES.filter((code) => refusalIn(`${code}: why: not`) === code);
    assert.deepEqual(refusals, [
      "unsigned",
      "signature-invalid",
      "key-unknown",
      "rollback-refused",
      "wrong-product",
      "package-malformed",
      "wrong-base",
    ]);
    for (const message of ["unsigned", "unsigned images: no", "declined: no", "constructor: x", ": x", ""]) {
      assert.equal(refusalIn(message), undefined, message);
    }
  });

  it("keeps what is stored if another try or a fresh URL can go on from it", () => {
    for (const code of ERROR_CODES) {
      const { remedy, keeps } = ruleFor(code);
      if (remedy === "back-off" || remedy === "renew") assert.equal(keeps, true, code);
      if (remedy === "restart") assert.equal(keeps, false, code);
    }
  });

  it("reports the platform's own code if it has one", () => {
    const outcomes = (outcome: string): OtaErrorCode[] =>
      ERROR_CODES.filter((code) => ruleFor(code).outcome === outcome);
    assert.deepEqual(outcomes("not-found"), ["not-found"]);
    assert.deepEqual(outcomes("url-expired"), ["url-refused"]);
    assert.deepEqual(outcomes("digest-mismatch"), ["digest-mismatch"]);
    const waits: OtaErrorCode[] = [
      "unreachable",
      "connection-lost",
      "idle-timeout",
      "stalled",
      "server-busy",
      "url-not-renewed",
    ];
    assert.deepEqual(outcomes("timed-out"), waits);
  });

  it("never tries again if another try cannot help", () => {
    const hopeless: OtaErrorCode[] = [
      "untrusted",
      "not-found",
      "http-status",
      "redirect-refused",
      "image-invalid",
      "usage",
      "internal",
    ];
    for (const code of hopeless) assert.equal(ruleFor(code).remedy, "never", code);
  });

  it("drops a stored image that was found wrong", () => {
    for (const code of ["digest-mismatch", "image-invalid", "image-too-large", "reverted", "flash-failed"] as const) {
      assert.equal(ruleFor(code).keeps, false, code);
    }
  });
});

describe("errors", () => {
  it("turns each failure of the network into the code that decides, and keeps the message", () => {
    for (const [kind, code] of Object.entries(NETWORK) as [HalErrorKind, OtaErrorCode][]) {
      const error = fromNetwork(new HalError(kind, `what failed: ${kind}`));
      assert.ok(error instanceof OtaError);
      assert.deepEqual([error.code, error.message, error.retryAfterMs], [code, `what failed: ${kind}`, undefined]);
    }
  });

  it("has its name, its code and the wait that the server asks for", () => {
    const error = new OtaError("server-busy", "server answers 503", 7000);
    assert.ok(error instanceof Error);
    assert.deepEqual([error.name, error.code, error.retryAfterMs], ["OtaError", "server-busy", 7000]);
    assert.equal(String(error), "OtaError: server answers 503");
  });

  it("describes any thrown value", () => {
    assert.equal(describeError(new Error("broken")), "broken");
    assert.equal(describeError(new HalError("io", "read", new Error("bus"))), "read: bus");
    assert.equal(describeError("text"), "text");
    assert.equal(describeError(undefined), "undefined");
    assert.equal(describeError(null), "null");
    assert.equal(describeError(Symbol("odd")), "Symbol(odd)");
  });
});
