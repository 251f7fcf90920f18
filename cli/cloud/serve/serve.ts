import type { ApiServer } from "../../../cloud/api/server.js";
import { inUrl, origin } from "../../../cloud/listening.js";
import { withoutLogin } from "../../../cloud/broker/broker-url.js";
import { Cloud } from "../../../cloud/cloud.js";
import { describeDemo } from "../../demo/describe.js";
import { DemoFleet } from "../../demo/fleet.js";
import { openCloudLog } from "../log.js";
import { startApi } from "./api-server.js";
import { checkOptions } from "./checks.js";
import { cloudOptions } from "./cloud-options.js";
import { openDemo } from "./demo.js";
import type { ServeOptions } from "./options.js";

/** A request of the API may take this long to its end, even if nothing else may. */
const LEAST_DRAIN_MS = 1000;

/** `ota-cloud serve`. It returns after SIGINT or SIGTERM. */
export async function serve(options: ServeOptions): Promise<void> {
  checkOptions(options);
  const stopped = new AbortController();
  const log = openCloudLog({
    ...(options.log === undefined ? {} : { form: options.log }),
    onReaderGone: () => stopped.abort(),
  });
  const sayLine = (line: string): void => {
    if (options.log === "json") log("serving", line);
    else process.stdout.write(`${line}\n`);
  };
  const say = (what: string, address: string): void => sayLine(`${what} ${address}`);
  const start = cloudOptions(options, log);
  onFirstSignal(() => stopped.abort());
  const demo = options.demo === undefined ? undefined : openDemo(options);
  let fleet: DemoFleet | undefined;
  const cloud = await Cloud.start({
    ...start,
    onFaults: () => fleet?.onFaults(),
    onReport: (topic, payload) => {
      start.onReport?.(topic, payload);
      fleet?.onReport(topic, payload);
    },
  });
  let api: ApiServer | undefined;
  let online = 0;
  try {
    if (demo !== undefined) {
      fleet = new DemoFleet({
        folder: demo,
        onLine: (line) => log("board", line),
        ...(options.verbose === true ? { onBoardLog: (line) => log("board", line) } : {}),
      });
      online = await fleet.start(cloud, stopped.signal);
    }
    if (options.role !== "ingest") api = await startApi(options, cloud, log);
  } catch (error) {
    await fleet?.stop();
    await cloud.stop();
    throw error;
  }
  if (options.role !== "api" && cloud.mqttUrl !== "") say("broker", withoutLogin(cloud.mqttUrl));
  if (cloud.pskUrl !== undefined) say("psk   ", cloud.pskUrl);
  if (cloud.hooksPort !== undefined) say("hooks ", hooksUrl(options, cloud.hooksPort));
  say("files ", cloud.httpUrl);
  if (demo !== undefined) for (const line of describeDemo(demo, { online, state: options.state })) sayLine(line);
  // Whoever has the link is an admin: it is for the terminal, and not for where logs are kept.
  if (api !== undefined) say("console ", options.log === "json" ? api.url : api.signInLink());
  if (!stopped.signal.aborted) await new Promise((resolve) => stopped.signal.addEventListener("abort", resolve));
  cloud.announceEnd();
  const drainMs = (options.drain ?? 0) * 1000;
  const drainedAtMs = performance.now() + drainMs;
  await api?.close(Math.max(drainMs, LEAST_DRAIN_MS));
  await fleet?.stop();
  // Downloads go on while requests do: who ends the process waits for that time once.
  await cloud.stop({ drainMs: Math.max(0, drainedAtMs - performance.now()) });
}

/** A further signal, whichever it is, ends the process at once. */
function onFirstSignal(end: () => void): void {
  const signals = ["SIGINT", "SIGTERM"] as const;
  const onSignal = (): void => {
    for (const signal of signals) process.removeListener(signal, onSignal);
    end();
  };
  for (const signal of signals) process.on(signal, onSignal);
}

function hooksUrl({ hooksListen = "127.0.0.1" }: ServeOptions, port: number): string {
  return origin("http", inUrl(hooksListen), port);
}
