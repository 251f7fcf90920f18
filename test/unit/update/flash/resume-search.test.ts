import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HalError } from "../../../../hal/ports/index.js";
import type { Stored } from "../../../../src/update/machine/types.js";
import { Driving, IMAGE, OFFER } from "../../../support/driving.js";
import { encodeCheckpoint } from "../../../support/records.js";

const { started } = Driving;
const { version, md5, size } = OFFER;

describe("a download that an earlier boot began", () => {
  const stored: Stored = {
    regionOffset: 0,
    erasing: false,
    written: undefined,
    etag: undefined,
    spliced: false,
    refetched: false,
    resultLength: undefined,
  };
  const record = encodeCheckpoint({ phase: "downloading", slot: "ota_1", image: { version, md5, size }, stored });

  test("is searched for in flash before it is offered again, and then not once more", () => {
    const driving = started({ record });
    driving.flash.preset(new Uint8Array(driving.flash.byteLength).fill(0xff));
    driving.flash.preset(IMAGE.subarray(0, 3 * 4096));
    driving.advance(0);
    const { reads } = driving.flash;
    assert.ok(reads > 0, "nothing was looked for");
    driving.offer(OFFER);
    driving.advance(0);
    assert.ok(driving.exchange.request.headers.some(([, value]) => value === `bytes=${2 * 4096}-`));
    assert.equal(driving.flash.reads - reads, 2, "the two blocks that are read back");
  });

  test("is not searched for any more once it goes on: the download needs the block", () => {
    const driving = started({ record, blocks: 40 });
    driving.flash.preset(new Uint8Array(driving.flash.byteLength).fill(0xff));
    driving.flash.preset(IMAGE.subarray(0, 4096));
    driving.offer(OFFER);
    assert.ok(!driving.broker.clock.names().includes("resume point"));
  });

  test("is not searched for if there is none", () => {
    assert.ok(
      started()
        .broker.clock.names()
        .every((name) => name !== "resume point"),
    );
  });

  test("is searched for once more if the flash could not be read", () => {
    const driving = started({ record });
    const read = driving.flash.read.bind(driving.flash);
    driving.flash.read = () => {
      throw new HalError("io", "read failed");
    };
    driving.advance(0);
    driving.flash.read = read;
    driving.offer(OFFER);
    driving.advance(0);
    assert.equal(driving.state, "downloading");
    assert.ok(driving.exchange.request.target.length > 0);
  });
});
