import assert from "node:assert/strict";
import { test } from "node:test";
import { FaultList } from "../../../../cloud/faults/fault-list.js";
import { closed, proof, topics, withRunningBroker } from "../../../support/running-broker.js";

const PRODUCT = "ABCDE12345";
const VERSION = '{"type":"report_version","report":{"version":"0.1.0"}}';

test("refuse: CONNACK has each code that there is, for the device that it is for", async () => {
  const faults = new FaultList();
  await withRunningBroker(
    async ({ connect }) => {
      for (const code of [1, 2, 3, 4, 5]) {
        faults.add({ fault: "refuse", code, times: 1, product: PRODUCT, device: "light_01" });
        assert.equal((await connect(proof("light_02"))).connected, true);
        await assert.rejects(connect(), (error) => (error as { code?: number }).code === code, `code ${code}`);
        assert.equal((await connect()).connected, true);
      }
    },
    { faults },
  );
});

test("drop: the message ends the connection and is not handled", async () => {
  const faults = new FaultList();
  faults.add({ fault: "drop", type: "report_version", times: 1 });
  await withRunningBroker(
    async ({ connect, heard }) => {
      const { publish } = topics("light_01");
      const client = await connect();
      await client.publishAsync(publish, "{}", { qos: 1 });
      client.publish(publish, VERSION, { qos: 1 });
      await closed(client);
      await (await connect()).publishAsync(publish, VERSION, { qos: 1 });
      assert.deepEqual(heard, [`${publish} {}`, `${publish} ${VERSION}`]);
    },
    { faults },
  );
});

test("lose-puback: the message is handled, and only its acknowledgement is missing", async () => {
  const faults = new FaultList();
  faults.add({ fault: "lose-puback", times: 1 });
  await withRunningBroker(
    async ({ connect, heard }) => {
      const { publish } = topics("light_01");
      const client = await connect();
      const acknowledged: string[] = [];
      client.publish(publish, "first", { qos: 1 }, () => acknowledged.push("first"));
      await client.publishAsync(publish, "second", { qos: 1 });
      assert.deepEqual(heard, [`${publish} first`, `${publish} second`]);
      assert.deepEqual(acknowledged, []);
    },
    { faults },
  );
});
