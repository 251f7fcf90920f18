import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { Downloads } from "../../../../cloud/files/downloads.js";

/** A response as far as its end matters. */
class Response extends EventEmitter {
  destroyed = false;

  destroy(): void {
    this.destroyed = true;
    this.emit("close");
  }
}

function began(downloads: Downloads, taskId: number | undefined): Response {
  const response = new Response();
  downloads.began({ taskId }, response as unknown as ServerResponse);
  return response;
}

test("all downloads of a task end, and no others", () => {
  const downloads = new Downloads();
  const [first, second, other, none] = [7, 7, 8, undefined].map((taskId) => began(downloads, taskId));
  downloads.end(7);
  assert.deepEqual(
    [first, second, other, none].map((response) => response?.destroyed),
    [true, true, false, false],
  );
  downloads.end(9);
});

test("a download that has ended by itself is forgotten", () => {
  const downloads = new Downloads();
  const response = began(downloads, 7);
  response.emit("close");
  downloads.end(7);
  assert.equal(response.destroyed, false);
});
