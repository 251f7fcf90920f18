import { Loopback } from "../support/loopback.js";
import { SimDevice } from "../support/sim-device.js";
import { smallFlash } from "../support/small-flash.js";
import { AUTHORITY, SERVER_TLS } from "../support/tls-fixtures.js";
import type { HttpFixture } from "./http-test-bed.js";
import { httpContract } from "./http-contract.js";
import { httpMalformedContract } from "./http-malformed-contract.js";

const http = (): HttpFixture => fixtureOf(() => Loopback.start());
const https = (): HttpFixture => ({ ...fixtureOf(() => Loopback.start(SERVER_TLS)), tls: { authority: AUTHORITY } });

httpContract("http", http);
httpContract("https", https);
httpMalformedContract("http", http);
httpMalformedContract("https", https);

function fixtureOf(server: () => Promise<Loopback>): HttpFixture {
  const device = new SimDevice(smallFlash("1"));
  return { http: device.ports.http, server, stop: () => device.stop() };
}
