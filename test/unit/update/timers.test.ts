import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Driving, OFFER } from "../../support/driving.js";

const { started } = Driving;

describe("the pauses between tries", () => {
  const pauseMs = (driving: Driving): number | undefined => driving.broker.clock.remaining("pause");
  const fail = (driving: Driving, headers: { [name: string]: string } = {}): void => {
    driving.advance(0);
    driving.exchange.head({ status: 503, headers });
    driving.advance(0);
  };

  test("are spread up to a bound that doubles", () => {
    const driving = started({ fraction: 0.5 });
    driving.offer(OFFER);
    fail(driving);
    assert.equal(pauseMs(driving), 500);
    driving.advance(500);
    fail(driving);
    assert.equal(pauseMs(driving), 1000);
  });

  test("are never longer than the configured bound, even if a server asks for more", () => {
    const driving = started({ fraction: 0.999, limits: { backoffMaxMs: 700 } });
    driving.offer(OFFER);
    fail(driving, { "retry-after": "3600" });
    assert.equal(pauseMs(driving), 700);
  });

  test("are as long as a server asks for", () => {
    const driving = started({ fraction: 0.999 });
    driving.offer(OFFER);
    fail(driving, { "retry-after": "20" });
    assert.equal(pauseMs(driving), 20_000);
  });

  test("the wait for a fresh URL is 5 s once the platform was asked, and then it is asked again", () => {
    const driving = started();
    driving.offer(OFFER);
    driving.advance(0);
    driving.exchange.head({ status: 403 });
    driving.advance(0);
    assert.match(driving.heard().join(), /report_version/);
    assert.equal(driving.broker.clock.remaining("fresh-url"), 5000);
    driving.advance(5000);
    assert.match(driving.heard().join(), /report_version/);
    assert.equal(driving.broker.clock.remaining("fresh-url"), 5000);
    driving.offer({ ...OFFER, url: "http://h.test/f?sign=2" });
    assert.equal(driving.broker.clock.remaining("fresh-url"), undefined, "the new URL ends the wait");
    driving.advance(0);
    assert.match(driving.exchange.request.target, /sign=2/);
  });
});
