import assert from "node:assert/strict";
import { after, mock, test } from "node:test";
import { type Change, connection, startLive, stopLive, subscribe } from "../../../../cloud/console/api/live.js";

/** An EventSource that does what the test does. */
class Source {
  static readonly opened: Source[] = [];
  onopen = (): void => {};
  onerror = (): void => {};
  onmessage = (_message: { readonly data: string; readonly lastEventId: string }): void => {};
  isClosed = false;

  constructor(readonly url: string) {
    Source.opened.push(this);
  }

  addEventListener(): void {}

  close(): void {
    this.isClosed = true;
  }

  static get last(): Source {
    return Source.opened.at(-1) as Source;
  }
}

const globals = globalThis as { EventSource?: unknown };
globals.EventSource = Source;
after(() => {
  delete globals.EventSource;
});

test("a stream that breaks goes on behind the last event; after a sign-out there is no event before", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const changes: Change["kind"][] = [];
  const end = subscribe(({ kind }) => changes.push(kind));
  try {
    startLive();
    assert.equal(Source.last.url, "/api/v1/events/stream");
    Source.last.onopen();
    Source.last.onmessage({ data: '{"id":4711}', lastEventId: "4711" });
    Source.last.onerror();
    assert.equal(connection.value, "lost");
    mock.timers.tick(1000);
    assert.equal(Source.opened.length, 2);
    assert.equal(Source.last.url, "/api/v1/events/stream?after=4711");
    Source.last.onopen();
    assert.deepEqual(changes.splice(0), ["event", "lost", "reconnected"]);
    stopLive();
    assert.ok(Source.last.isClosed);
    startLive();
    assert.equal(Source.last.url, "/api/v1/events/stream");
    Source.last.onopen();
    assert.deepEqual(changes.splice(0), ["reconnected"]);
  } finally {
    end();
    stopLive();
    mock.timers.reset();
  }
});

test("a cloud that is gone is asked less and less often, and by one stream at a time", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const before = Source.opened.length;
  try {
    startLive();
    for (let second = 0; second < 120; second++) {
      assert.ok(Source.opened.filter(({ isClosed }) => !isClosed).length <= 1);
      if (!Source.last.isClosed) Source.last.onerror();
      mock.timers.tick(1000);
    }
    // After 0, 1, 3, 7, 15, 30, … s.
    assert.equal(Source.opened.length - before, 12);
  } finally {
    stopLive();
    mock.timers.reset();
  }
});
