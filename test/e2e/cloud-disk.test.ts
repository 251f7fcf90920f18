import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { openOperator } from "../../cli/cloud/operator.js";
import { Running, withCommands } from "../support/command.js";
import { needsFolder } from "../support/engine-choice.js";
import { RawConnection } from "../support/raw-connection.js";
import { FLEET_PRODUCT, FLEET_SECRET, fleetName, makeFleetFolder } from "../support/served-cloud.js";

const ACTOR = { name: "test", origin: "local" };
const canLimit = spawnSync("prlimit", ["--version"]).status === 0;
const skip = canLimit ? needsFolder("the disk of a folder") : "it needs prlimit";

/** From now on, each write of the process to a file fails, or works again. Sockets and pipes are not concerned. */
function letWrite(pid: number, may: boolean): void {
  execFileSync("prlimit", ["--pid", String(pid), `--fsize=${may ? "unlimited" : "0"}:unlimited`]);
}

test(
  "a disk that refuses writes while the cloud runs: it lives, refuses with the reason, says so, and goes on by itself",
  { skip },
  () =>
    withCommands(async (folder) => {
      const state = join(folder, "cloud");
      await makeFleetFolder(state, 1);
      const ports = ["--mqtt-port", "0", "--http-port", "0", "--console-port", "0"];
      const running = new Running("cloud/main", ["serve", "--state", state, ...ports]);
      await running.until("its addresses", () => running.stdout.includes("console"));
      const port = Number(/^broker mqtt:\/\/\S+:(\d+)$/m.exec(running.stdout)?.[1]);
      const connect = () =>
        RawConnection.open({
          port,
          productId: FLEET_PRODUCT,
          deviceName: fleetName(0),
          deviceSecret: FLEET_SECRET,
          onMessage: () => {},
          onClosed: () => {},
        });
      const reported = JSON.stringify({ type: "report_version", report: { version: "1.0.0" } });
      const add = (deviceName: string) => operator.addDevices([{ productId: FLEET_PRODUCT, deviceName }], ACTOR);
      const { operator } = await openOperator({ state }, "test");
      const device = await connect();
      await device.report(reported);
      await add("before");

      letWrite(running.child.pid ?? 0, false);
      await assert.rejects(add("meanwhile"), /the disk of the state folder/);
      const upload = { productId: FLEET_PRODUCT, version: "3.0.0", fileName: "image.bin", size: 5 };
      const added = operator.addPackage(upload, Readable.from([Buffer.from("image")]), ACTOR);
      await assert.rejects(added, /the disk of the state folder/);
      await assert.rejects(device.report(reported), "what cannot be stored is not acknowledged");
      const { ok, problems } = await operator.health();
      assert.deepEqual([ok, problems.length], [false, 1]);
      assert.match(`${problems[0]?.code} ${problems[0]?.message}`, /^storage-(full|io) the disk of the state folder/);
      assert.match(running.stdout, /the state cannot be stored: the disk of the state folder/);
      // Reading goes on.
      const names = (await operator.devices({ productId: FLEET_PRODUCT }, {})).items.map((each) => each.deviceName);
      assert.deepEqual(names, [fleetName(0), "before"]);

      letWrite(running.child.pid ?? 0, true);
      await running.until("its recovery", () => running.stdout.includes("the state can be stored again"));
      assert.equal((await operator.health()).ok, true);
      await add("after");
      const again = await connect();
      await again.report(reported);
      again.close();
      device.close();
      await operator.close?.();
      assert.equal((await running.kill("SIGTERM")).code, 0);
    }),
);
