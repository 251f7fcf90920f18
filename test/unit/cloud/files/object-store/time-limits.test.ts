import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { FilesWatch } from "../../../../../cloud/files/files-watch.js";
import { parseObjectLocation } from "../../../../../cloud/files/object-store/location.js";
import { ObjectFiles } from "../../../../../cloud/files/object-store/object-files.js";
import { S3Client } from "../../../../../cloud/files/object-store/s3-client.js";
import { KEYS, ObjectStore } from "../../../../support/object-store/object-store.js";
import { until } from "../../../../support/running-broker.js";

/** What is not ended by its own limit ends here: what a test waits for otherwise takes longer than this. */
const HANGS = { timeout: 25_000 };

function filesAt(location: string): ObjectFiles {
  return new ObjectFiles({ client: new S3Client({ location: parseObjectLocation(location), keys: () => KEYS }) });
}

test("a try ends after its time also if memory is collected meanwhile", HANGS, async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket.on("error", () => {})));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const collecting = setInterval(collect, 20);
  try {
    const files = filesAt(`s3://bucket/prefix?endpoint=http://127.0.0.1:${port}&region=here`);
    await assert.rejects(files.probe({ tries: 1, timeoutMs: 500 }), /does not answer at .* \(TimeoutError\)$/);
  } finally {
    clearInterval(collecting);
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});

test("a look at a store that asks for a long pause does not wait for it", HANGS, () =>
  ObjectStore.run(async (store) => {
    store.fault({ status: 503, code: "SlowDown", headers: { "retry-after": "600" }, times: Infinity });
    await assert.rejects(filesAt(store.location()).probe({ tries: 2, timeoutMs: 5000 }), /is busy \(SlowDown\)/);
  }),
);

test("the end of a watch does not wait for the next try", HANGS, () =>
  ObjectStore.run(async (store) => {
    store.fault({ status: 503, code: "SlowDown", headers: { "retry-after": "600" }, times: Infinity });
    const watch = new FilesWatch({ files: filesAt(store.location()), timeoutMs: 600_000 });
    watch.start();
    await until(() => store.requests.length > 0);
    // Its answer is read meanwhile; that the look waits then is what this is about.
    await setTimeout(200);
    await watch.close();
    assert.deepEqual([watch.health, store.requests.length], [{ ok: true }, 1]);
  }),
);
