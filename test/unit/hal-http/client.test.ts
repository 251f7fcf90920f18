import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SocketHttpClient } from "../../../hal/http/client.js";
import type { HttpRequest } from "../../../hal/ports/index.js";
import { MemoryConnector } from "../../support/memory-network.js";
import { latin1 } from "../../support/splits.js";
import { VirtualClock } from "../../support/virtual-clock.js";

describe("SocketHttpClient", () => {
  it("opens a connection of its own for each request and mixes nothing up", () => {
    const connector = new MemoryConnector();
    const clock = new VirtualClock();
    const client = new SocketHttpClient({ connector, clock });
    const bodies = ["", ""];
    const ended: number[] = [];
    const exchanges = [0, 1].map((index) =>
      client.send({
        ...request(`/${index}`),
        onReadable: () => {
          const into = new Uint8Array(16);
          const read = (): number => exchanges[index]?.read(into, 0, into.byteLength) ?? 0;
          for (let count = read(); count > 0; count = read()) {
            bodies[index] += Buffer.from(into.subarray(0, count)).toString();
          }
        },
        onEnd: () => ended.push(index),
      }),
    );
    assert.equal(connector.peers.length, 2);
    for (const [index, peer] of connector.peers.entries()) {
      peer.accept();
      assert.ok(Buffer.from(peer.take()).toString().startsWith(`GET /${index} `));
    }
    connector.peers[1]?.send(latin1("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo"));
    connector.peers[0]?.send(latin1("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none"));
    clock.advance(0);
    assert.deepEqual(
      [bodies, ended],
      [
        ["one", "two"],
        [1, 0],
      ],
    );
  });

  it("passes the TLS options on to the connection", () => {
    const connector = new MemoryConnector();
    const tls = { authority: Uint8Array.of(1) };
    new SocketHttpClient({ connector, clock: new VirtualClock() }).send({ ...request("/"), tls });
    assert.equal(connector.peer.options.tls, tls);
  });

  it("calls nothing back from inside get", () => {
    const connector = new MemoryConnector();
    const calls: string[] = [];
    const client = new SocketHttpClient({ connector, clock: new VirtualClock() });
    client.send({ ...request("/"), onHead: () => calls.push("head"), onError: () => calls.push("error") });
    assert.deepEqual(calls, []);
  });
});

function request(target: string): HttpRequest {
  return {
    host: "host",
    port: 80,
    target,
    authority: "host",
    headers: [],
    wanted: [],
    connectTimeoutMs: 1000,
    onHead() {},
    onReadable() {},
    onEnd() {},
    onError() {},
  };
}
