import assert from "node:assert/strict";
import { test } from "node:test";
import {
  deviceOf,
  filterOf,
  gatewayOf,
  isFiltered,
  queryOf,
  versionChoices,
} from "../../../../cloud/console/pages/devices/device-filter.js";

test("a filter in the address is what the cloud is asked for", () => {
  const filter = filterOf(
    new URLSearchParams("text=light&component=mcu&version=1.2.0&online=false&gateway=ABCDE12345/gw"),
  );
  assert.deepEqual(queryOf(filter, "ABCDE12345"), {
    product: "ABCDE12345",
    text: "light",
    component: "mcu",
    version: "1.2.0",
    online: false,
    gateway: "ABCDE12345/gw",
  });
  assert.equal(isFiltered(filter), true);
});

test("an address without a filter asks for everything", () => {
  const filter = filterOf(new URLSearchParams("online=perhaps"));
  assert.deepEqual(queryOf(filter, ""), {});
  assert.equal(isFiltered(filter), false);
});

test("a gateway is asked for only once it is a whole name; its product may be the page's", () => {
  assert.equal(gatewayOf("gw_1", "ABCDE12345"), "ABCDE12345/gw_1");
  assert.equal(gatewayOf(" ZZZZZ12345/gw_1 ", "ABCDE12345"), "ZZZZZ12345/gw_1");
  assert.equal(gatewayOf("gw_1", ""), undefined);
  assert.equal(gatewayOf("ABCDE12345/", ""), undefined);
  assert.equal(gatewayOf("", "ABCDE12345"), undefined);
  assert.equal(gatewayOf("a b", "ABCDE12345"), undefined);
});

test("a device that is written with its product is taken apart", () => {
  assert.deepEqual(deviceOf("ABCDE12345/a:b-c_d"), { productId: "ABCDE12345", deviceName: "a:b-c_d" });
  assert.equal(deviceOf("ABCDE12345/a/b"), undefined);
  assert.equal(deviceOf("light_01"), undefined);
});

test("versions are those of the chosen component; what is chosen stays although nothing runs it any more", () => {
  const versions = [
    { component: "mcu", version: "2" },
    { component: "firmware", version: "1.1" },
    { component: "firmware", version: "1.0" },
  ];
  assert.deepEqual(versionChoices(versions, { component: "firmware", version: "0.9" }), {
    components: ["firmware", "mcu"],
    versions: ["0.9", "1.0", "1.1"],
  });
  assert.deepEqual(versionChoices([], { component: "gone", version: "" }), { components: ["gone"], versions: [] });
});
