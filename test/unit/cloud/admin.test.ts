import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connectService, isServed, serveAdmin } from "../../../cloud/admin.js";
import { Platform } from "../../../cloud/platform.js";
import { CloudStore } from "../../../cloud/store.js";
import { CloudError, type CloudService, type Selection } from "../../../cloud/types.js";
import { withFolder } from "../../support/folder.js";
import { httpRequest } from "../../support/http-get.js";

const PRODUCT = "ABCDE12345";

function platformOn(folder: string): Platform {
  const store = new CloudStore(folder);
  return new Platform({
    store,
    urlLifetimeSec: 60,
    fileBase: () => undefined,
    publish: () => {},
    isOnline: () => false,
  });
}

async function served(
  folder: string,
  body: (address: { port: number; token: string }) => Promise<void>,
): Promise<void> {
  const server = await serveAdmin(folder, platformOn(folder));
  try {
    await body(JSON.parse(readFileSync(join(folder, "serve.json"), "utf8")) as { port: number; token: string });
  } finally {
    await close(server);
  }
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** What an operator might do in a day, and the result of each step. */
async function story(service: CloudService, image: string): Promise<unknown[]> {
  const outcomes: unknown[] = [];
  const note = async (doing: Promise<unknown>): Promise<void> => {
    outcomes.push(
      await doing.then(
        (value) => value ?? null,
        (error: unknown) => `${error instanceof CloudError ? "CloudError" : "other"} ${(error as Error).message}`,
      ),
    );
  };
  const upgrade = (version: string, selection: Selection) =>
    service.upgrade({ productId: PRODUCT, version, selection });
  await note(service.status());
  await note(service.addDevice({ productId: PRODUCT, deviceName: "light_01", deviceSecret: "c2VjcmV0" }));
  await note(service.addDevice({ productId: PRODUCT, deviceName: "light_01", deviceSecret: "b3RoZXI=" }));
  await note(service.addDevice({ productId: "short", deviceName: "light_01" }));
  await note(service.addFirmware({ productId: PRODUCT, version: "0.2.0", path: image }));
  await note(service.addFirmware({ productId: PRODUCT, version: "0.3.0", path: `${image}.missing` }));
  await note(service.addDevice({ productId: PRODUCT, deviceName: "gw1" }));
  const light = { productId: PRODUCT, deviceName: "light_01" };
  for (const deviceName of ["gw1", "gw2"]) {
    await note(service.bindSubDevice({ ...light, gateway: { productId: PRODUCT, deviceName } }));
  }
  await note(service.status());
  for (let count = 0; count < 2; count++) await note(service.unbindSubDevice(light));
  await note(upgrade("0.2.0", { kind: "list", deviceNames: ["light_01"] }));
  await note(upgrade("0.2.0", { kind: "list", deviceNames: ["light_02"] }));
  await note(upgrade("0.2.0", { kind: "versions", fromVersions: ["0.2.0"] }));
  await note(upgrade("0.9.0", { kind: "versions", fromVersions: [] }));
  await note(service.status());
  return outcomes;
}

test("a command has the same result with a running cloud and with its state alone", async () => {
  await withFolder(async (folder) => {
    const image = join(folder, "image.bin");
    writeFileSync(image, "firmware");
    const [local, remote] = [join(folder, "local"), join(folder, "remote")];
    const alone = await story(await connectService(local), image);
    await served(remote, async () => assert.deepEqual(await story(await connectService(remote), image), alone));
    assert.equal(alone.filter((outcome) => typeof outcome === "string" && outcome.startsWith("CloudError")).length, 7);
    assert.ok(!alone.some((outcome) => typeof outcome === "string" && outcome.startsWith("other")));
    assert.deepEqual(await (await connectService(remote)).status(), await (await connectService(local)).status());
  });
});

test("requests go to the running cloud, which acts on them at once", async () => {
  await withFolder(async (folder) => {
    const platform = platformOn(folder);
    const server = await serveAdmin(folder, platform);
    const service = await connectService(folder);
    await service.addDevice({ productId: PRODUCT, deviceName: "light_01" });
    assert.equal((await platform.status()).devices.length, 1);
    await close(server);
    await assert.rejects(
      service.status(),
      (error) => error instanceof CloudError && /does not answer/.test(error.message),
    );
  });
});

test("a cloud that reads a large file for longer than 5 s has still answered", async () => {
  await withFolder(async (folder) => {
    const slowly = <Value>(value: Value): Promise<Value> => sleep(5500, value);
    const added = { productId: PRODUCT, version: "1", size: 1, md5: "0".repeat(32) };
    const service = {
      status: () => Promise.resolve({ devices: [], firmwares: [] }),
      addFirmware: () => slowly(added),
      secretsIn: () => slowly([]),
    } as Partial<CloudService> as CloudService;
    const server = await serveAdmin(folder, service);
    try {
      const remote = await connectService(folder);
      const request = { productId: PRODUCT, version: "1", path: "image.bin" };
      assert.deepEqual(await Promise.all([remote.addFirmware(request), remote.secretsIn(added)]), [added, []]);
    } finally {
      await close(server);
    }
  });
});

test("the address of a running cloud is for its owner only, and removed once it has stopped", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "serve.json");
    assert.equal(await isServed(folder), false);
    await served(folder, async () => {
      assert.equal(statSync(path).mode & 0o077, 0);
      assert.equal(await isServed(folder), true);
    });
    assert.equal(existsSync(path), false);
    assert.equal(await isServed(folder), false);
  });
});

test("a wrong token, and none, are refused before anything is looked at", async () => {
  await withFolder(async (folder) => {
    await served(folder, async ({ port, token }) => {
      const wrong = [
        "",
        "Bearer ",
        `Bearer ${token}x`,
        `Bearer ${token.replace(/./, (digit) => (digit === "0" ? "1" : "0"))}`,
        token,
      ];
      const tries = [{}, ...wrong.map((authorization) => ({ Authorization: authorization }))];
      for (const headers of tries) {
        for (const method of ["status", "addDevice", "nothing"]) {
          const options = {
            method: "POST",
            headers,
            body: JSON.stringify({ productId: PRODUCT, deviceName: "light_01" }),
          };
          assert.equal((await httpRequest(`http://127.0.0.1:${port}/${method}`, options)).status, 403);
        }
      }
      assert.deepEqual((await (await connectService(folder)).status()).devices, []);
    });
  });
});

test("an unknown request gets 404, a malformed one 400 with a reason, and the cloud goes on", async () => {
  await withFolder(async (folder) => {
    await served(folder, async ({ port, token }) => {
      const call = (path: string, body: string) =>
        httpRequest(`http://127.0.0.1:${port}${path}`, {
          method: "POST",
          headers: { Authorization: `Bearer ${token}` },
          body,
        });
      for (const path of ["/", "/nothing", "/constructor", "/status/", "/status?x"]) {
        assert.equal((await call(path, "")).status, 404, path);
      }
      for (const body of ["{", "null", "7", "[]", '{"productId":5}']) {
        const { status, body: answer } = await call("/addDevice", body);
        assert.equal(status, 400, body);
        assert.equal(typeof (JSON.parse(answer.toString()) as { error: unknown }).error, "string");
      }
      assert.equal((await call("/status", "")).status, 200);
    });
  });
});

test("an address that a killed cloud left behind does not stop the next one", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "serve.json");
    const other = createServer((_request, response) => response.writeHead(403).end("<html>"));
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const taken = (other.address() as AddressInfo).port;
    for (const left of [
      `{"port":1,"token":"x"}`,
      `{"port":${taken},"token":"x"}`,
      "{",
      "null",
      "{}",
      '{"port":"x","token":7}',
      '{"port":99999}',
    ]) {
      writeFileSync(path, left);
      assert.equal(await isServed(folder), false, left);
      assert.deepEqual(await (await connectService(folder)).status(), { devices: [], firmwares: [] });
    }
    await close(other);
  });
});

test("a damaged state is reported to the operator", async () => {
  await withFolder(async (folder) => {
    writeFileSync(join(folder, "cloud.json"), "{");
    await assert.rejects(
      connectService(folder),
      (error) => error instanceof CloudError && /damaged/.test(error.message),
    );
  });
});
