import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { toHex } from "../../../src/lib/bytes.js";
import { encodeConnect, encodePublish, encodeSubscribe } from "../../../src/mqtt/codec.js";
import { createCredentials } from "../../../src/protocol/credentials.js";
import { encodeVersionReport } from "../../../src/protocol/messages.js";
import { reportTopic, updateTopic } from "../../../src/protocol/topics.js";
import { NODE_DIGESTS } from "../../support/digests.js";

/** protocol.md §1.3: whole packets, from names, secret and version to the bytes on the wire. */
const NAME = { productId: "ABCDE12345", deviceName: "light_01" };

describe("the protocol's packets", () => {
  it("connect as in the vector, in 156 bytes", () => {
    const credentials = createCredentials({
      name: NAME,
      authentication: { mode: "KEY", deviceSecret: "MDEyMzQ1Njc4OWFiY2RlZg==" },
      connectionId: "x7Kq2",
      unixTime: 1893456000 - 86_400,
      digests: NODE_DIGESTS,
    });
    const packet = encodeConnect(credentials, 240);
    assert.equal(
      toHex(packet),
      "10990100044d51545404c200f00012414243444531323334356c696768745f3031002c414243444531323334356c69" +
        "6768745f30313b31323031303132363b78374b71323b31383933343536303030004b61653430643961363962363630" +
        "34613136373436643466656334663863346335646662616330346135336238663164343535663838633865326330" +
        "61336163633b686d6163736861323536",
    );
    assert.equal(packet.byteLength, 156);
    const digest = createHash("sha256").update(packet).digest("hex");
    assert.equal(digest, "6330a9674fce712726d5d9365084963ad654bead23567df5510e7b708d17b316");
  });

  it("subscribe as in the vector", () => {
    const expected = "82240001001f246f74612f7570646174652f414243444531323334352f6c696768745f303101";
    assert.equal(toHex(encodeSubscribe(1, updateTopic(NAME))), expected);
  });

  it("report the version as in the vector", () => {
    assert.equal(
      toHex(encodePublish(reportTopic(NAME), encodeVersionReport("0.1.0"), 2, false)),
      "3259001f246f74612f7265706f72742f414243444531323334352f6c696768745f303100027b2274797065223a22726570" +
        "6f72745f76657273696f6e222c227265706f7274223a7b2276657273696f6e223a22302e312e30227d7d",
    );
  });
});
