import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { test } from "node:test";
import { type FilesHealth, FilesWatch, type FilesWatchOptions } from "../../../../cloud/files/files-watch.js";
import { parseObjectLocation } from "../../../../cloud/files/object-store/location.js";
import { ObjectFiles } from "../../../../cloud/files/object-store/object-files.js";
import { ObjectStoreError } from "../../../../cloud/files/object-store/object-store-error.js";
import { S3Client } from "../../../../cloud/files/object-store/s3-client.js";
import { KEYS, ObjectStore } from "../../../support/object-store/object-store.js";

const SINCE_MS = 1_800_000_000_000;

/** Watches the files of a store, and hands over each change of their health. */
async function watching(
  location: string,
  body: (next: () => Promise<FilesHealth>, watch: FilesWatch) => Promise<void>,
  options: Partial<FilesWatchOptions> = {},
): Promise<void> {
  const client = new S3Client({ location: parseObjectLocation(location), keys: () => KEYS, retryMs: 1 });
  const changes: FilesHealth[] = [];
  let onChanged = (): void => {};
  const watch = new FilesWatch({
    files: new ObjectFiles({ client }),
    nowMs: () => SINCE_MS,
    wellMs: 1,
    unwellMs: 1,
    onChange: (health) => {
      changes.push(health);
      onChanged();
    },
    ...options,
  });
  const next = async (): Promise<FilesHealth> => {
    while (changes.length === 0) await new Promise<void>((resolve) => (onChanged = resolve));
    return changes.shift() as FilesHealth;
  };
  // The watch itself keeps no process alive.
  const alive = setInterval(() => {}, 1000);
  watch.start();
  try {
    await body(next, watch);
  } finally {
    clearInterval(alive);
    await watch.close();
  }
}

function codeOf(health: FilesHealth): string {
  return health.ok ? "ok" : health.code;
}

test("a store that refuses is told with its reason and since when, without a key; then that it answers again", () =>
  ObjectStore.run((store) =>
    watching(store.location(), async (next, watch) => {
      const faults = [
        ["InvalidAccessKeyId", 403, "keys"],
        ["SlowDown", 503, "busy"],
        ["NoSuchBucket", 404, "refused"],
      ] as const;
      for (const [code, status, expected] of faults) {
        store.heal();
        store.fault({ status, code, times: Infinity });
        // The faults before may have ended meanwhile.
        let health = await next();
        if (health.ok) health = await next();
        assert.ok(!health.ok);
        assert.deepEqual([health.code, health.sinceMs], [expected, SINCE_MS]);
        assert.match(health.message, new RegExp(`\\(${code}\\)`));
        assert.ok(!health.message.includes(KEYS.accessKeyId) && !health.message.includes(KEYS.secretAccessKey));
        assert.deepEqual(watch.health, health);
      }
      store.heal();
      assert.deepEqual(await next(), { ok: true });
    }),
  ));

test("what a store calls its error is shown only if it is a word", () =>
  ObjectStore.run((store) =>
    watching(store.location(), async (next) => {
      store.fault({ status: 400, code: `see <b>${KEYS.secretAccessKey}`, times: Infinity });
      const health = await next();
      assert.ok(!health.ok);
      assert.equal(health.message, "the store of the files refuses (HTTP 400): look at --files");
    }),
  ));

test("a store that takes connections and says nothing does not answer; whoever asks for the health never waits", async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket.on("error", () => {})));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  try {
    const location = `s3://bucket/prefix?endpoint=http://127.0.0.1:${port}&region=here`;
    await watching(
      location,
      async (next, watch) => {
        assert.deepEqual(watch.health, { ok: true });
        const health = await next();
        assert.ok(!health.ok);
        assert.equal(health.code, "unreachable");
        assert.match(health.message, /does not answer at http:\/\/127\.0\.0\.1:\d+ \(TimeoutError\)$/);
      },
      { timeoutMs: 20 },
    );
    // Without the end of the look that is under way, this would be as long as a try.
    await watching(
      location,
      async (_next, watch) => {
        if (sockets.length < 3) await once(server, "connection");
        await watch.close();
        assert.deepEqual(watch.health, { ok: true });
      },
      { timeoutMs: 600_000 },
    );
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});

test("a store that is away is told at once; it is well again as soon as it answers", async () => {
  const store = await ObjectStore.start();
  const location = store.location();
  await store.stop();
  await watching(location, async (next) => {
    assert.equal(codeOf(await next()), "unreachable");
    const back = await ObjectStore.start(
      Number(new URL(location.replace(/^.*endpoint=/, "").replace(/&.*$/, "")).port),
    );
    try {
      assert.equal(codeOf(await next()), "ok");
    } finally {
      await back.stop();
    }
  });
});

test("what stays as it was is not told again, and since when it is wrong stays the same with another reason", async () => {
  const looks = ["unreachable", "unreachable", "busy", "busy", "ok", "ok", "keys"] as const;
  let count = 0;
  const probe = async (): Promise<void> => {
    const code = looks[Math.min(count++, looks.length - 1)] ?? "ok";
    if (code !== "ok") throw new ObjectStoreError(code, code);
  };
  const location = "s3://bucket/prefix?endpoint=http://127.0.0.1:1&region=here";
  let nowMs = 0;
  await watching(
    location,
    async (next) => {
      const told = [await next(), await next(), await next(), await next()];
      assert.deepEqual(
        told.map((health) => (health.ok ? "ok" : `${health.code} since ${health.sinceMs}`)),
        ["unreachable since 1", "busy since 1", "ok", "keys since 2"],
      );
    },
    { files: { probe }, nowMs: () => ++nowMs },
  );
});

test("what is wrong with the keys' file is not told", () =>
  watching(
    "s3://bucket/prefix?endpoint=http://127.0.0.1:1&region=here",
    async (next) => {
      const health = await next();
      assert.ok(!health.ok);
      assert.deepEqual(
        [health.code, health.message],
        ["refused", "the store of the files cannot be asked: look at --files and at the file of its keys"],
      );
    },
    { files: { probe: () => Promise.reject(new Error(`the secret ${KEYS.secretAccessKey}`)) } },
  ));
