import type { TlsOptions } from "node:tls";
import type { ChipEngine } from "./chip-engine.js";
import { startSecured } from "./secured-test-bed.js";
import type { StackEntries } from "./stack-entries.js";
import {
  AUTHORITY,
  CLIENT_CERTIFICATE,
  CLIENT_KEY,
  CLIENT_NAME,
  MUTUAL_TLS,
  OTHER_AUTHORITY,
  SERVER_TLS,
} from "./tls-fixtures.js";

/** One of each key exchange and each cipher that the SDK's TLS offers, with a server's key for RSA. */
const SUITES = [
  "AES128-SHA",
  "AES256-SHA256",
  "DHE-RSA-AES128-SHA256",
  "DHE-RSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-SHA256",
];

interface Stage {
  readonly engine: ChipEngine;
  readonly entries: StackEntries;
  /** Options of the other scenes that these scenes set themselves. */
  readonly secured: unknown;
}

/** Connections by other suites than the scenes' own, one with the device's certificate, and one that is not trusted. */
export async function connections(stage: Stage): Promise<void> {
  for (const ciphers of SUITES) await connect(stage, { ...SERVER_TLS, ciphers, dhparam: "auto" });
  await connect(stage, MUTUAL_TLS, "CERT");
  await refuse(stage);
}

async function connect({ engine, entries }: Stage, server: TlsOptions, mode: "KEY" | "CERT" = "KEY"): Promise<void> {
  const [productId, deviceName] = [CLIENT_NAME.slice(0, 10), CLIENT_NAME.slice(10)];
  const authentication = { mode: "CERT", certificate: CLIENT_CERTIFICATE, privateKey: CLIENT_KEY } as const;
  const config = mode === "KEY" ? {} : { identity: { productId, deviceName, authentication } };
  const bed = await startSecured({
    engine,
    config,
    secured: { server, authority: AUTHORITY },
    keys: entries.keys,
  });
  entries.brokerPort = bed.platform.port;
  try {
    bed.board.powerOn();
    await bed.until(`version by ${server.ciphers ?? mode}`, () => bed.platform.words().length > 0);
  } finally {
    await bed.stop();
  }
}

async function refuse({ engine, entries }: Stage): Promise<void> {
  const secured = { server: SERVER_TLS, authority: OTHER_AUTHORITY };
  const bed = await startSecured({ engine, secured, keys: entries.keys });
  entries.brokerPort = bed.platform.port;
  let refusals = 0;
  bed.onAgent = (agent) => agent.on("connection", () => refusals++);
  try {
    bed.board.powerOn();
    await bed.until("a refusal", () => refusals > 0);
  } finally {
    await bed.stop();
  }
}
