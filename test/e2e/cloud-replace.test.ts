import assert from "node:assert/strict";
import { test } from "node:test";
import { download } from "../support/download.js";
import { FleetBed, PRODUCT, type RawDevice } from "../support/fleet-bed.js";

const SLOW = { faults: [{ fault: "slow", bytesPerSecond: 10_000 } as never] };

test("a later plan that replaces takes over what waits and downloads, and waits for what installs", () =>
  FleetBed.run(async (bed) => {
    const { operator } = bed.cloud;
    for (const version of ["2.0.0", "3.0.0"]) await bed.package(version);
    const [loading, burning, away] = (await bed.devices(["d1", "d2", "d3"])) as [RawDevice, RawDevice, RawDevice];
    await away.away();
    const offline = async () => !(await operator.device({ productId: PRODUCT, deviceName: "d3" })).online;
    await bed.until("d3 to be offline", offline);
    const first = await bed.plan({ name: "first", all: true });
    await bed.offered([loading, burning]);
    const { url } = loading.newest();
    const running = download(url);
    await running.begun;
    await loading.progress("2.0.0", "downloading", { percent: "10" });
    await burning.progress("2.0.0", "burning");
    const second = await bed.plan({ name: "second", version: "3.0.0", all: true, conflict: "replace" });

    // What it downloads is cut, its URL is refused, and the device gets the offer of the second plan.
    await bed.offered([loading], 2);
    assert.equal(loading.newest().version, "3.0.0");
    assert.equal(await running.ended, "cut");
    const late = download(url);
    assert.equal(await late.ended, "403");
    // A late word about the replaced update means nothing.
    await loading.progress("2.0.0", "fail", { result_code: "-5", result_msg: "late" });
    assert.equal((await bed.tasks(second.id))["d1"]?.state, "offered");

    // An installation is waited for.
    assert.equal(burning.offers.length, 1);
    assert.equal((await bed.tasks(second.id))["d2"]?.reason, `other-plan ${first.id}`);
    await burning.version("2.0.0");
    await bed.offered([burning], 2);
    assert.equal(burning.newest().version, "3.0.0");

    // A device that comes later gets the second plan's update alone.
    const back = await bed.connect("d3");
    await back.version("1.0.0");
    await bed.offered([back]);
    assert.equal(back.newest().version, "3.0.0");

    for (const device of [loading, burning, back]) await device.update();
    const ended = async () => (await operator.plan(second.id)).state === "finished";
    await bed.until("the end of the second plan", ended);
    assert.deepEqual(await bed.states(first.id), ["d1:superseded", "d2:succeeded", "d3:superseded"]);
    assert.deepEqual(await bed.states(second.id), ["d1:succeeded", "d2:succeeded", "d3:succeeded"]);
    assert.equal((await operator.plan(first.id)).state, "finished");
    assert.deepEqual([back.offers.length, loading.offers.length, burning.offers.length], [1, 2, 2]);
  }, SLOW));
