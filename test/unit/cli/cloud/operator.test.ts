import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { ApiServer } from "../../../../cloud/api/server.js";
import { type Core, openAtRest } from "../../../../cloud/core.js";
import { CloudError, type CloudService, type Selection } from "../../../../cloud/types.js";
import { withOperator } from "../../../../cli/cloud/operator.js";
import { withService } from "../../../../cli/cloud/service.js";
import { withFolder } from "../../../support/folder.js";

const PRODUCT = "ABCDE12345";
const LIGHT = { productId: PRODUCT, deviceName: "light_01" };

/** Runs `body` while a cloud has the folder, and takes the commands of this machine. */
async function served(folder: string, body: (core: Core, server: ApiServer) => Promise<void>): Promise<void> {
  const core = await openAtRest(folder);
  const server = await ApiServer.start({ operator: core.operator, port: 0, folder });
  try {
    await body(core, server);
  } finally {
    await server.close();
    await core.close();
  }
}

function serviceOf<Result>(folder: string, body: (service: CloudService) => Promise<Result>): Promise<Result> {
  return withService({ state: folder }, "test", body, { mayMake: true });
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** @returns a port on which nothing listens now */
async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listening(server);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
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
    service.upgrade({ productId: PRODUCT, version, selection }).then(({ devices, online }) => ({ devices, online }));
  await note(service.status());
  await note(service.addDevice({ ...LIGHT, deviceSecret: "c2VjcmV0" }));
  await note(service.addDevice({ ...LIGHT, deviceSecret: "b3RoZXI=" }));
  await note(service.addFirmware({ productId: PRODUCT, version: "0.2.0", path: image }));
  await note(service.addFirmware({ productId: PRODUCT, version: "0.3.0", path: `${image}.missing` }));
  await note(service.addDevice({ productId: PRODUCT, deviceName: "gw1" }));
  for (const deviceName of ["gw1", "gw2"]) {
    await note(service.bindSubDevice({ ...LIGHT, gateway: { productId: PRODUCT, deviceName } }));
  }
  await note(service.status());
  for (let count = 0; count < 2; count++) await note(service.unbindSubDevice(LIGHT));
  await note(upgrade("0.2.0", { kind: "list", deviceNames: ["light_01"] }));
  await note(upgrade("0.2.0", { kind: "list", deviceNames: ["light_02"] }));
  await note(upgrade("0.9.0", { kind: "versions", fromVersions: ["0.2.0"] }));
  await note(service.status());
  return outcomes;
}

test("a command has the same result with a running cloud and with its state alone", () =>
  withFolder(async (folder) => {
    const image = join(folder, "image.bin");
    writeFileSync(image, "firmware");
    const [local, remote] = [join(folder, "local"), join(folder, "remote")];
    const alone = await serviceOf(local, (service) => story(service, image));
    await served(remote, async () => {
      assert.deepEqual(await serviceOf(remote, (service) => story(service, image)), alone);
    });
    assert.equal(alone.filter((outcome) => typeof outcome === "string" && outcome.startsWith("CloudError")).length, 6);
    assert.ok(!alone.some((outcome) => typeof outcome === "string" && outcome.startsWith("other")), `${alone}`);
    const status = (at: string) => serviceOf(at, (service) => service.status());
    assert.deepEqual(await status(remote), await status(local));
  }));

test("requests go to the running cloud, which acts on them at once; a cloud that takes none is named", () =>
  withFolder(async (folder) => {
    const core = await openAtRest(folder);
    const server = await ApiServer.start({ operator: core.operator, port: 0, folder });
    await serviceOf(folder, (service) => service.addDevice(LIGHT));
    assert.equal((await core.desk.status()).devices.length, 1);
    await server.close();
    await assert.rejects(
      serviceOf(folder, (service) => service.status()),
      { name: "CloudError", message: new RegExp(`is in use by process ${process.pid}: stop it first`) },
    );
    await core.close();
  }));

test("a command lets go of the state in any case", () =>
  withFolder(async (folder) => {
    await assert.rejects(
      withOperator({ state: folder }, "test", async () => Promise.reject(new Error("broken off")), { mayMake: true }),
      /broken off/,
    );
    await (await openAtRest(folder)).close();
  }));

test("a folder that is no cloud's is refused, and stays empty", () =>
  withFolder(async (folder) => {
    await assert.rejects(
      withOperator({ state: folder }, "test", async () => {}),
      /is no folder of a cloud: name the one of the cloud by --state/,
    );
    assert.deepEqual(readdirSync(folder), []);
  }));

test("an address that a killed cloud left behind does not stop the next one", () =>
  withFolder(async (folder) => {
    const other = createServer((_request, response) => response.writeHead(404).end("<html>"));
    const [gone, taken] = [await freePort(), await listening(other)];
    try {
      for (const left of [
        `{"port":${gone},"token":"x"}`,
        `{"port":${taken},"token":"x"}`,
        "{",
        "null",
        "{}",
        '{"port":"x","token":7}',
        '{"port":99999}',
        '{"port":99999,"token":"x"}',
      ]) {
        writeFileSync(join(folder, "serve.json"), left);
        assert.deepEqual(await serviceOf(folder, (service) => service.status()), { devices: [], firmwares: [] }, left);
      }
    } finally {
      other.closeAllConnections();
      other.close();
    }
  }));

test("a damaged state is reported to the operator", () =>
  withFolder(async (folder) => {
    writeFileSync(join(folder, "cloud.json"), "{");
    await assert.rejects(
      serviceOf(folder, (service) => service.status()),
      { name: "CloudError", message: /cloud\.json is damaged/ },
    );
  }));
