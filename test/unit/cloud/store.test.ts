import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Platform } from "../../../cloud/platform.js";
import { CloudStore } from "../../../cloud/store.js";
import { CloudError } from "../../../cloud/types.js";
import { withFolder } from "../../support/folder.js";

test("a new folder is made, with an empty state and a signing key of its own", async () => {
  await withFolder((folder) => {
    const [first, second] = ["a", "b/c"].map((name) => new CloudStore(join(folder, name)).state);
    const { signingKey, ...rest } = first as CloudStore["state"];
    assert.deepEqual(rest, { devices: [], firmwares: [], tasks: [], rules: [] });
    assert.match(signingKey, /^[0-9a-f]{40}$/);
    assert.notEqual(signingKey, second?.signingKey);
  });
});

test("what was saved is there after a restart, the signing key included", async () => {
  await withFolder((folder) => {
    const store = new CloudStore(folder);
    store.state.devices.push({
      productId: "ABCDE12345",
      deviceName: "light_01",
      deviceSecret: "c2VjcmV0",
      version: "0.1",
    });
    store.state.firmwares.push({ productId: "ABCDE12345", version: "0.2", size: 7, md5: "0".repeat(32) });
    store.state.tasks.push({
      productId: "ABCDE12345",
      deviceName: "light_01",
      version: "0.2",
      state: "downloading",
      percent: 3,
    });
    store.state.rules.push({ productId: "ABCDE12345", version: "0.2", fromVersions: ["0.1"] });
    store.save();
    assert.deepEqual(new CloudStore(folder).state, store.state);
  });
});

test("a state from before there were sub-devices and manifests is read as it is", async () => {
  await withFolder(async (folder) => {
    const device = { productId: "ABCDE12345", deviceName: "light_01", deviceSecret: "c2VjcmV0", version: "0.1" };
    const firmware = { productId: "ABCDE12345", version: "0.2", size: 7, md5: "0".repeat(32) };
    const older = { devices: [device], firmwares: [firmware], tasks: [], rules: [], signingKey: "00".repeat(20) };
    writeFileSync(join(folder, "cloud.json"), JSON.stringify(older));
    const store = new CloudStore(folder);
    assert.deepEqual(store.state, older);
    const nothing = { fileBase: () => undefined, publish: () => {}, isOnline: () => false };
    const platform = new Platform({ store, urlLifetimeSec: 60, ...nothing });
    const gateway = { productId: "GATEWAY001", deviceName: "gw1" };
    await platform.addDevice(gateway);
    await platform.bindSubDevice({ productId: "ABCDE12345", deviceName: "light_01", gateway });
    assert.deepEqual(new CloudStore(folder).state.devices, [{ ...device, gateway }, gateway]);
  });
});

test("what was not saved is not there", async () => {
  await withFolder((folder) => {
    const store = new CloudStore(folder);
    store.save();
    store.state.devices.push({ productId: "ABCDE12345", deviceName: "light_01" });
    assert.deepEqual(new CloudStore(folder).state.devices, []);
  });
});

test("the state, which holds secrets, is for its owner only, and a save leaves nothing else behind", async () => {
  await withFolder((folder) => {
    new CloudStore(folder).save();
    const files = readdirSync(folder).filter((name) => name !== "firmware");
    assert.deepEqual(files, ["cloud.json"]);
    assert.equal(statSync(join(folder, "cloud.json")).mode & 0o077, 0);
  });
});

test("a save that was interrupted leaves the old state", async () => {
  await withFolder((folder) => {
    const store = new CloudStore(folder);
    store.save();
    writeFileSync(join(folder, "cloud.json.new"), '{"devices":[');
    assert.deepEqual(new CloudStore(folder).state, store.state);
  });
});

test("a damaged state is refused with the name of its file, and left as it is", async () => {
  await withFolder((folder) => {
    const path = join(folder, "cloud.json");
    for (const text of ["", "{", "null", "[]", "7", '"text"', "{}", '{"devices":{},"tasks":[]}', "\u0000\u0001"]) {
      writeFileSync(path, text);
      assert.throws(() => new CloudStore(folder), isDamage, text);
      assert.equal(readFileSync(path, "utf8"), text);
    }
  });
});

test("a state that lacks a part, or has a wrong one, is refused", async () => {
  await withFolder((folder) => {
    const path = join(folder, "cloud.json");
    const whole = new CloudStore(folder).state;
    for (const part of Object.keys(whole)) {
      for (const wrong of [undefined, null, "text"]) {
        if (part === "signingKey" && wrong === "text") continue;
        writeFileSync(path, JSON.stringify({ ...whole, [part]: wrong }));
        assert.throws(() => new CloudStore(folder), isDamage, `${part}: ${wrong}`);
      }
    }
  });
});

function isDamage(error: unknown): boolean {
  return error instanceof CloudError && /cloud\.json is damaged/.test(error.message);
}

test("an added file is kept under its MD5, once, however often it is added", async () => {
  await withFolder((folder) => {
    const store = new CloudStore(join(folder, "state"));
    const content = Buffer.from("firmware");
    writeFileSync(join(folder, "image.bin"), content);
    const md5 = createHash("md5").update(content).digest("hex");
    for (let count = 0; count < 2; count++) {
      assert.deepEqual(store.addFile(join(folder, "image.bin")), { md5, size: 8 });
    }
    assert.deepEqual(readdirSync(join(folder, "state", "firmware")), [`${md5}.bin`]);
    assert.deepEqual(readFileSync(store.filePath(md5)), content);
  });
});

test("a stored file that was cut short is replaced when it is added again", async () => {
  await withFolder((folder) => {
    const store = new CloudStore(join(folder, "state"));
    writeFileSync(join(folder, "image.bin"), "firmware");
    const { md5 } = store.addFile(join(folder, "image.bin"));
    writeFileSync(store.filePath(md5), "firm");
    store.addFile(join(folder, "image.bin"));
    assert.equal(readFileSync(store.filePath(md5), "utf8"), "firmware");
  });
});

test("refuses a file that is not there, is a folder, or is empty", async () => {
  await withFolder((folder) => {
    const store = new CloudStore(join(folder, "state"));
    mkdirSync(join(folder, "directory"));
    writeFileSync(join(folder, "empty"), "");
    for (const name of ["missing", "directory", "empty"]) {
      const path = join(folder, name);
      assert.throws(
        () => store.addFile(path),
        (error) => error instanceof CloudError && error.message.includes(path),
      );
    }
    assert.deepEqual(readdirSync(join(folder, "state", "firmware")), []);
    assert.ok(!existsSync(join(folder, "state", "cloud.json")));
  });
});
