import { UsageError } from "../../command-line.js";
import { databaseOf } from "../database.js";
import type { AddressOptions, BrokerOptions, DemoOptions, ServeOptions } from "./options.js";

/** @throws UsageError if two options do not go together */
export function checkOptions(options: ServeOptions): void {
  checkAddresses(options);
  checkState(options);
  checkHooks(options);
  checkDemo(options);
}

function checkState(options: ServeOptions): void {
  if (options.role === undefined || databaseOf(options) !== undefined) return;
  throw new UsageError("--role is for --database: one process alone does everything on a folder");
}

/** Nobody opens the hooks to everybody by leaving something out. */
function checkHooks({ broker, presence, hooksPort, hooksSecretFile, hooksWithoutSecret }: BrokerOptions): void {
  if (presence !== undefined && presence !== "unknown" && broker === undefined) {
    throw new UsageError("--presence is for --broker: the built-in broker knows who is connected");
  }
  if (presence === "hooks" && hooksPort === undefined) throw new UsageError("--presence hooks needs --hooks-port");
  const isProtected = hooksSecretFile !== undefined;
  if (hooksPort === undefined) {
    if (isProtected || hooksWithoutSecret === true) throw new UsageError("the hooks need --hooks-port");
  } else if (isProtected === (hooksWithoutSecret === true)) {
    throw new UsageError("--hooks-port needs either --hooks-secret-file or --hooks-without-secret");
  }
}

function checkAddresses({ tlsCert, tlsKey, clientCa, consoleUrl, behindProxy }: AddressOptions): void {
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new UsageError("--tls-cert and --tls-key must be given together");
  }
  if (clientCa !== undefined && tlsCert === undefined) {
    throw new UsageError("--client-ca needs --tls-cert and --tls-key");
  }
  if (consoleUrl !== undefined && behindProxy !== true) throw new UsageError("--console-url needs --behind-proxy");
}

function checkDemo({ demo, demoSeed }: DemoOptions): void {
  if (demoSeed !== undefined && demo === undefined) throw new UsageError("--demo-seed is for --demo");
}
