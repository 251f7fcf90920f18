import assert from "node:assert/strict";
import { test } from "node:test";
import { addSum } from "../../../src/lib/checked-record.js";
import {
  decodeRegistrationRecord,
  loadRegistration,
  REGISTRATION_KEY,
  type Registration,
  storeRegistration,
} from "../../../src/registration/record.js";
import { MemoryStore } from "../../support/planning.js";
import { certificateDer, keyDer } from "../../support/tls-fixtures.js";

const NAME = { productId: "ABCDE12345", deviceName: "a:b-c_d" };
const BY_SECRET: Registration = {
  ...NAME,
  authentication: { mode: "KEY", deviceSecret: "MDEyMzQ1Njc4OWFiY2RlZg==" },
};
const BY_CERTIFICATE: Registration = {
  ...NAME,
  authentication: { mode: "CERT", certificate: certificateDer("client.pem"), privateKey: keyDer("client-key.pem") },
};

function stored(registration: Registration): MemoryStore {
  const store = new MemoryStore();
  storeRegistration(store, registration);
  return store;
}

function headOf({ records }: MemoryStore): Uint8Array {
  return records.get(REGISTRATION_KEY) as Uint8Array;
}

test("a registration is read as it was written, and nothing is read of an empty store", () => {
  for (const registration of [BY_SECRET, BY_CERTIFICATE]) {
    assert.deepEqual(loadRegistration(stored(registration)), registration);
  }
  assert.equal(loadRegistration(new MemoryStore()), undefined);
});

test("the longest secret fits a record of the key-value store, and a certificate several with keys of NVS's length", () => {
  const name = { productId: "A".repeat(10), deviceName: "b".repeat(48) };
  const authentication = { mode: "KEY", deviceSecret: "c".repeat(256) } as const;
  assert.ok(headOf(stored({ ...name, authentication })).byteLength <= 508);
  const { records } = stored({ ...BY_CERTIFICATE, ...name });
  assert.ok(records.size > 4, `${records.size} records`);
  for (const [key, record] of records) assert.ok(key.length <= 15 && record.byteLength <= 508, key);
});

test("a certificate counts only once its last record is written: a cut before that leaves what was there", () => {
  const old = stored(BY_SECRET);
  const order: string[] = [];
  const write = old.write.bind(old);
  old.write = (key, bytes) => {
    order.push(key);
    write(key, bytes);
  };
  storeRegistration(old, BY_CERTIFICATE);
  assert.equal(order.at(-1), REGISTRATION_KEY);
  for (let writes = 0; writes < order.length; writes++) {
    const store = stored(BY_SECRET);
    const whole = store.write.bind(store);
    let left = writes;
    store.write = (key, bytes) => {
      if (left-- === 0) throw new Error("power cut");
      whole(key, bytes);
    };
    assert.throws(() => storeRegistration(store, BY_CERTIFICATE), /power cut/);
    assert.deepEqual(loadRegistration(store), BY_SECRET);
  }
});

test("a record of a certificate that is missing, shorter or of another one is noticed", () => {
  for (const change of [
    (records: Map<string, Uint8Array>) => records.delete(`${REGISTRATION_KEY}1`),
    (records: Map<string, Uint8Array>) => records.set(`${REGISTRATION_KEY}3`, new Uint8Array(3)),
    (records: Map<string, Uint8Array>) => records.set(`${REGISTRATION_KEY}0`, new Uint8Array(508)),
  ]) {
    const store = stored(BY_CERTIFICATE);
    change(store.records);
    assert.equal(loadRegistration(store), "damaged");
  }
});

test("each damaged bit is noticed, and so is another format", () => {
  for (const registration of [BY_SECRET, BY_CERTIFICATE]) {
    const store = stored(registration);
    const record = headOf(store);
    for (let bit = 0; bit < record.byteLength * 8; bit++) {
      const damaged = record.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      assert.equal(decodeRegistrationRecord(damaged), undefined, `bit ${bit}`);
      store.records.set(REGISTRATION_KEY, damaged);
      assert.equal(loadRegistration(store), "damaged");
    }
    record[0] = 0x33;
    addSum(record);
    assert.equal(decodeRegistrationRecord(record), undefined);
  }
  assert.equal(decodeRegistrationRecord(new Uint8Array(0)), undefined);
});
