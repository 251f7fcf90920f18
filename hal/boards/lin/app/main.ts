import { type Identity, OtaAgent } from "moddable-ota";
import { openDevice } from "moddable-ota/device";
import { packages } from "moddable-ota/packages";
import files from "embedded:storage/files";
import Timer from "timer";

/** The configuration that the runner has put into the working folder. */
interface RunConfig {
  readonly productId: string;
  readonly deviceName: string;
  /** Either this or the two files below: a certificate and its key in PKCS#8, both in DER. */
  readonly deviceSecret?: string;
  readonly certificate?: string;
  readonly privateKey?: string;
  readonly url: string;
  /** Files with the trust anchors of the two servers, in DER. */
  readonly brokerAuthority?: string;
  readonly downloadAuthority?: string;
}

/** Wait before the agent starts, so that the heap of the loaded modules alone can be measured. */
const SETTLE_MS = 50;

/** Runs the agent and reports to the runner, line by line, what it does. */
export default function main(): void {
  Timer.set(() => {
    try {
      start();
    } catch (error) {
      // An uncaught exception ends the engine, and its message would be lost.
      trace(`failed ${String(error)}\n`);
      throw error;
    }
  }, SETTLE_MS);
}

function start(): void {
  const run = JSON.parse(text("run.json")) as RunConfig;
  const { productId, deviceName, url } = run;
  const device = openDevice({
    log: (level, area, message) => trace(`log ${level} ${area} ${message()}\n`),
  });
  const agent = new OtaAgent({
    device,
    parts: { packages },
    config: {
      identity: { productId, deviceName, authentication: authenticationOf(run) },
      broker: { url, authority: anchor(run.brokerAuthority) },
      download: { authority: anchor(run.downloadAuthority) },
    },
  });
  const tell = (name: string, event: object): void => trace(`event ${JSON.stringify({ name, ...event })}\n`);
  agent.on("state", (event) => tell("state", event));
  agent.on("progress", (event) => tell("progress", event));
  agent.on("answer", (event) => tell("answer", event));
  agent.on("connection", (event) => tell("connection", event));
  agent.on("result", (event) => tell("result", event));
  const { runningSlot, runningVersion, runningState } = device.boot.status();
  tell("boot", { slot: runningSlot, version: runningVersion, state: runningState });
  agent.start();
}

function authenticationOf({ deviceSecret = "", certificate, privateKey }: RunConfig): Identity["authentication"] {
  if (certificate === undefined || privateKey === undefined) return { mode: "KEY", deviceSecret };
  return { mode: "CERT", certificate: bytes(certificate), privateKey: bytes(privateKey) };
}

function anchor(path: string | undefined): Uint8Array | undefined {
  return path === undefined ? undefined : bytes(path);
}

function bytes(path: string): Uint8Array {
  const file = files.openFile({ path, mode: "r" });
  const content = new Uint8Array(file.status().size);
  file.read(content, 0);
  file.close();
  return content;
}

function text(path: string): string {
  let result = "";
  for (const byte of bytes(path)) result += String.fromCharCode(byte);
  return result;
}
