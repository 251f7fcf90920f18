import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { Ecma419Connector } from "../../hal/ecma419/connector.js";
import type { HalErrorKind, TlsOptions } from "../../hal/ports/index.js";
import {
  AUTHORITY,
  CLIENT_CERTIFICATE,
  CLIENT_KEY,
  CLIENT_NAME,
  MUTUAL_TLS,
  OTHER_AUTHORITY,
  SERVER_TLS,
} from "../support/tls-fixtures.js";
import { Link } from "../support/link.js";
import { Loopback, settle, until } from "../support/loopback.js";
import { SimDevice } from "../support/sim-device.js";
import { smallFlash } from "../support/small-flash.js";
import { VirtualClock } from "../support/virtual-clock.js";
import { networkContract, type NetworkFixture } from "./network-contract.js";

const MUTUAL: TlsOptions = { authority: AUTHORITY, certificate: CLIENT_CERTIFICATE, privateKey: CLIENT_KEY };

networkContract("TCP", () => fixtureOf(() => Loopback.start()));
networkContract("TLS", () => ({ ...fixtureOf(() => Loopback.start(SERVER_TLS)), tls: { authority: AUTHORITY } }));
networkContract("mutual TLS", () => ({ ...fixtureOf(() => Loopback.start(MUTUAL_TLS)), tls: MUTUAL }));

describe("network: trust", () => {
  let fixture: NetworkFixture;
  let server: Loopback;
  beforeEach(async () => {
    fixture = fixtureOf(() => Loopback.start(SERVER_TLS));
    server = await fixture.server();
  });
  afterEach(async () => {
    fixture.stop();
    await server.stop();
  });

  const failing = async (tls: TlsOptions, to: Loopback = server, host = "127.0.0.1"): Promise<Link> => {
    const link = new Link(fixture.connector, { host, port: to.port, tls });
    await until("end", () => link.events.length > 0);
    await settle();
    return link;
  };
  const assertFails = (link: Link, kind: HalErrorKind): void =>
    assert.deepEqual(link.events, [`error ${kind}`], link.error?.message);

  test("an authority that did not sign the peer, or none at all, is `untrusted`", async () => {
    const [wrong, none] = [await failing({ authority: OTHER_AUTHORITY }), await failing({})];
    assertFails(wrong, "untrusted");
    assertFails(none, "untrusted");
    assert.doesNotMatch(wrong.error?.message ?? "", /authority/);
    assert.match(none.error?.message ?? "", /no authority is set/);
  });

  test("a peer with another name is `untrusted`", async () => {
    const clock = new VirtualClock();
    clock.unix = Date.now() / 1000;
    const device = new SimDevice(smallFlash("1"));
    const platform = { ...device.modules.platform, resolve: alias };
    const link = new Link(new Ecma419Connector({ ...device.modules, platform, clock }), {
      host: "other.example",
      port: server.port,
      tls: { authority: AUTHORITY },
    });
    await until("error", () => link.events.length > 0);
    assertFails(link, "untrusted");
    device.stop();
  });

  test("a device that the peer does not accept gets an error, and is not connected", async () => {
    const mutual = await Loopback.start(MUTUAL_TLS);
    for (const tls of [{ authority: AUTHORITY }, { ...MUTUAL, privateKey: undefined }]) {
      const link = await failing(tls, mutual);
      assert.equal(link.events.length, 1);
      // OpenSSL's alert 40 says nothing of certificates: a server without a common suite sends it too.
      assertFails(link, "unreachable");
    }
    await mutual.stop();
  });

  test("the device's name reaches the peer", async () => {
    const mutual = await Loopback.start(MUTUAL_TLS);
    const link = await failing(MUTUAL, mutual);
    assert.deepEqual(link.events, ["writable"]);
    const { socket } = await mutual.peer();
    assert.equal((socket as TLSSocket).getPeerCertificate().subject.CN, CLIENT_NAME);
    link.close();
    await mutual.stop();
  });

  const JUNK = Uint8Array.of(0x30, 1, 2, 3);
  const USELESS: readonly TlsOptions[] = [
    { authority: JUNK },
    { ...MUTUAL, certificate: JUNK },
    { ...MUTUAL, privateKey: JUNK },
  ];

  test("a malformed certificate, key or authority is `untrusted`", async () => {
    for (const tls of USELESS) assertFails(await failing(tls), "untrusted");
  });

  test("a malformed certificate, key or authority leaves no connection behind", async () => {
    for (const tls of USELESS) assert.equal((await failing(tls)).events.length, 1);
    await until("end of the connections", () => server.connections === 0);
  });

  test("a peer that speaks no TLS is `unreachable`", async () => {
    const plain = await Loopback.start();
    const link = new Link(fixture.connector, { host: "127.0.0.1", port: plain.port, tls: { authority: AUTHORITY } });
    const peer = await plain.peer();
    await peer.send(Buffer.from("220 smtp.example ready\r\n"));
    await until("error", () => link.events.length > 0);
    assertFails(link, "unreachable");
    await plain.stop();
  });

  test("a peer that closes during the handshake is `unreachable`", async () => {
    const plain = await Loopback.start();
    const link = new Link(fixture.connector, { host: "127.0.0.1", port: plain.port, tls: { authority: AUTHORITY } });
    (await plain.peer()).socket.end();
    await until("error", () => link.events.length > 0);
    await settle();
    assertFails(link, "unreachable");
    await plain.stop();
  });

  test("a handshake that is never answered is a `timeout`, and frees the connection", async () => {
    const plain = await Loopback.start();
    const clock = new VirtualClock();
    const link = new Link(fixture.onClock(clock, false), {
      host: "127.0.0.1",
      port: plain.port,
      tls: { authority: AUTHORITY },
      timeoutMs: 7000,
    });
    const peer = await plain.peer();
    await until("hello", () => peer.received.byteLength > 0);
    clock.advance(7000);
    assertFails(link, "timeout");
    await until("close", () => peer.ended || peer.closed);
    await plain.stop();
  });
});

function fixtureOf(server: () => Promise<Loopback>): NetworkFixture {
  const device = new SimDevice(smallFlash("1"));
  const { platform } = device.modules;
  return {
    connector: device.ports.connector,
    onClock: (clock, silentNames) =>
      new Ecma419Connector({
        ...device.modules,
        clock,
        platform: silentNames ? { ...platform, resolve: () => {} } : platform,
      }),
    server,
    stop: () => device.stop(),
  };
}

function alias(host: string, callback: (host: string, address: string) => void): void {
  setImmediate(() => callback(host, "127.0.0.1"));
}
