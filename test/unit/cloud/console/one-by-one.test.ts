import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../../../../cloud/console/api/request.js";
import { oneByOne, type Progress } from "../../../../cloud/console/pages/devices/one-by-one.js";

const refusal = (status: number) => new ApiError({ status, code: "code", detail: "detail" });

test("what is refused is left, and the next one follows", async () => {
  const seen: Progress<string>[] = [];
  const result = await oneByOne({
    items: ["a", "b", "c"],
    act: async (item) => {
      if (item === "b") throw refusal(404);
    },
    onProgress: (progress) => seen.push(progress),
    pause: async () => assert.fail("there is nothing to wait for"),
  });
  assert.equal(result.done, 2);
  assert.deepEqual(
    result.undone.map(({ item }) => item),
    ["b"],
  );
  assert.deepEqual(
    seen.map(({ done, undone }) => [done, undone.length]),
    [
      [1, 0],
      [1, 1],
      [2, 1],
    ],
  );
});

test("a request too many is made again after a while; one that never finds room is left", async () => {
  const asked: string[] = [];
  let pauses = 0;
  const result = await oneByOne({
    items: ["a", "b"],
    act: async (item) => {
      asked.push(item);
      if (item === "b" || asked.length < 3) throw refusal(429);
    },
    onProgress: () => {},
    pause: async () => {
      pauses++;
    },
  });
  assert.equal(result.done, 1);
  assert.deepEqual(
    result.undone.map(({ item }) => item),
    ["b"],
  );
  assert.equal(asked.filter((item) => item === "a").length, 3);
  assert.equal(pauses, 2 + 15);
});

test("it ends if nobody is signed in any more", async () => {
  const asked: string[] = [];
  const result = await oneByOne({
    items: ["a", "b"],
    act: async (item) => {
      asked.push(item);
      throw refusal(401);
    },
    onProgress: () => {},
    pause: async () => {},
  });
  assert.deepEqual(asked, ["a"]);
  assert.equal(result.total - result.done - result.undone.length, 1);
});

test("it ends between two items if it is told to", async () => {
  const stop = new AbortController();
  const result = await oneByOne({
    items: ["a", "b"],
    act: async () => {},
    onProgress: () => stop.abort(),
    pause: async () => {},
    signal: stop.signal,
  });
  assert.equal(result.done, 1);
  assert.equal(result.undone.length, 0);
});
