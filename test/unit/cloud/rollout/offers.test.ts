import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { FaultSpec } from "../../../../cloud/faults/fault.js";
import { FaultList } from "../../../../cloud/faults/fault-list.js";
import { ownFileUrls } from "../../../../cloud/files/file-urls.js";
import { checkSignature, holderOf } from "../../../../cloud/files/signed-url.js";
import { type Offer, OFFER_DELAY_MS, Offers } from "../../../../cloud/rollout/offers.js";

const KEY = "00112233445566778899aabbccddeeff00112233";
const BASE = "http://files.test:8080";
const MD5 = "0".repeat(32);

const OFFER: Offer = {
  taskId: 7,
  device: { productId: "ABCDE12345", deviceName: "light_01", gatewayId: null },
  component: "firmware",
  version: "0.2.0",
  file: { path: "/lamp", size: 4, md5: MD5 },
};

/** Offers of a cloud whose parts the test changes. */
function offersIn(context: TestContext, faults: readonly FaultSpec[] = []) {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const world = { base: BASE as string | undefined, online: true };
  const list = new FaultList();
  for (const fault of faults) list.add(fault);
  const published: [topic: string, payload: string][] = [];
  const undelivered: number[] = [];
  const asked: number[] = [];
  const offers = new Offers({
    urlLifetimeSec: 60,
    urls: ownFileUrls({ signingKey: KEY, fileBase: () => world.base }),
    faults: list,
    isOnline: () => world.online,
    publish: (topic, payload) => published.push([topic, payload]),
    onUndelivered: (taskId) => undelivered.push(taskId),
    onAsked: (taskId) => asked.push(taskId),
  });
  const messages = () =>
    published.map(([, payload]) => JSON.parse(payload) as { url: string; md5sum: string; version: string });
  const tick = async (ms: number): Promise<void> => {
    context.mock.timers.tick(ms);
    // A URL is signed in promises.
    await setImmediate();
  };
  return { world, offers, published, messages, undelivered, asked, tick };
}

test("an offer follows after 20 ms, compact, with a URL that is signed for the device and the task", async (context) => {
  const { offers, published, messages, tick } = offersIn(context);
  offers.send(OFFER);
  await tick(OFFER_DELAY_MS - 1);
  assert.deepEqual(published, []);
  await tick(1);
  const [{ url = "" } = {}] = messages();
  const expected = `{"file_size":4,"md5sum":"${MD5}","type":"update_firmware","url":"${url}","version":"0.2.0"}`;
  assert.deepEqual(published, [["$ota/update/ABCDE12345/light_01", expected]]);
  const target = url.slice(BASE.length);
  assert.equal(checkSignature(target, KEY, Date.now() / 1000), "valid");
  assert.deepEqual(holderOf(target), { deviceName: "light_01", taskId: 7 });
});

test("only the last offer of a task is sent, and none that was taken back", async (context) => {
  const { offers, messages, tick } = offersIn(context);
  offers.send(OFFER);
  await tick(10);
  offers.send({ ...OFFER, component: "mcu", version: "1.0" });
  await tick(OFFER_DELAY_MS);
  assert.deepEqual(
    messages().map(({ version }) => version),
    ["mcu_1.0"],
  );
  offers.send(OFFER);
  offers.drop(OFFER.taskId);
  offers.send({ ...OFFER, taskId: 8 });
  offers.close();
  await tick(1000);
  assert.equal(messages().length, 1);
});

test("once they are closed none is sent, and none is reported as not delivered", async (context) => {
  const { offers, published, undelivered, world, tick } = offersIn(context);
  offers.close();
  offers.send(OFFER);
  world.online = false;
  offers.send({ ...OFFER, taskId: 8 });
  await tick(1000);
  assert.deepEqual([published, undelivered], [[], []]);
});

test("a device that is gone by then, or a cloud without a file server, is reported", async (context) => {
  const { world, offers, published, undelivered, tick } = offersIn(context);
  offers.send(OFFER);
  world.online = false;
  await tick(OFFER_DELAY_MS);
  world.online = true;
  world.base = undefined;
  offers.send({ ...OFFER, taskId: 8 });
  await tick(OFFER_DELAY_MS);
  assert.deepEqual([published, undelivered], [[], [7, 8]]);
});

test("a person is asked with the text, if there is one, and that is reported", async (context) => {
  const { offers, published, asked, tick } = offersIn(context);
  const text = { title: "New", body: "Now?" };
  offers.send({ ...OFFER, taskId: 8, consent: text });
  offers.send({ ...OFFER, taskId: 9, consent: "without-text" });
  await tick(OFFER_DELAY_MS);
  const ends = published.map(([, payload]) => payload.slice(payload.indexOf(',"version"')));
  const withText = ',"version":"0.2.0","consent":true,"text":{"title":"New","body":"Now?"}}';
  const without = ',"version":"0.2.0","consent":true}';
  assert.deepEqual(ends, [withText, without]);
  assert.deepEqual(asked, [8, 9]);
});

test("faults of an offer: a URL that has expired, and an MD5 that is wrong", async (context) => {
  const faults: FaultSpec[] = [
    { fault: "expired", times: 1 },
    { fault: "wrong-md5", times: 1 },
  ];
  const { offers, messages, tick } = offersIn(context, faults);
  for (const taskId of [7, 8, 9]) {
    offers.send({ ...OFFER, taskId });
    await tick(OFFER_DELAY_MS);
  }
  const verdicts = messages().map(({ url }) => checkSignature(url.slice(BASE.length), KEY, Date.now() / 1000));
  assert.deepEqual(verdicts, ["expired", "valid", "valid"]);
  assert.deepEqual(
    messages().map(({ md5sum }) => md5sum === MD5),
    [true, false, true],
  );
});
