import { connectService } from "../../cloud/admin.js";
import { describeEffect, describeScope, type FaultRecord } from "../../cloud/faults/fault.js";
import { describeRest } from "../../cloud/faults/fault-list.js";
import { UsageError } from "../command-line.js";

export const FAULTS_HELP = `
Faults of the file server, for requests for a firmware:
  slow         --bytes-per-second N
  stall        --bytes N                nothing comes after N bytes of the answer
  cut          --bytes N                the connection ends after N bytes of the answer
  reset        [--bytes N]              the connection is reset instead of an answer, or after N bytes of it
  status       --status N [--header 'NAME: VALUE']... [--body TEXT]
  no-range                              200 and the whole file to a request for a range
  wrong-range  [--shift N]              206 with a range that begins N bytes later; default: 4096
  wrong-bytes  [--offset N]             one byte of the file is inverted; default: the one in the middle
  redirect     --hops N                 N redirects before the file
  tls-refuse   [--alert N]              the handshake ends with this alert; default: 40, handshake_failure
Faults of the offer:
  wrong-md5                             another MD5 than the file has
  expired                               a URL whose time is over
Faults of the broker:
  refuse       --code N                 the code of CONNACK, 1 to 5
  drop         [--type T]               a message of the device ends its connection, and is lost
  lose-puback  [--type T]               a message of the device with QoS 1 is not acknowledged
  lose, duplicate, reorder [--type T]   a message to the device
  delay        --ms N [--type T]        a message to the device
T is the type of the message, such as report_progress or update_firmware.`;

/** The options of `ota-cloud fault add`. All but the first three are settings of a fault, by the same name. */
interface AddOptions {
  readonly state: string;
  readonly header?: readonly (readonly [name: string, value: string])[];
  readonly [setting: string]: unknown;
}

/** `ota-cloud fault add` */
export async function faultAdd(fault: string, { state, header, ...settings }: AddOptions): Promise<void> {
  const headers = header === undefined ? {} : { headers: Object.fromEntries(header) };
  const service = await connectService(state);
  say(describe(await service.addFault({ fault, ...settings, ...headers })));
}

/** `ota-cloud fault list` */
export async function faultList({ state, json }: { state: string; json?: boolean }): Promise<void> {
  const faults = await (await connectService(state)).faults();
  if (json === true) say(JSON.stringify(faults));
  else say(faults.length === 0 ? "no faults" : faults.map(describe).join("\n"));
}

/** `ota-cloud fault clear` */
export async function faultClear(id: number | undefined, { state }: { state: string }): Promise<void> {
  const cleared = await (await connectService(state)).clearFaults(id === undefined ? {} : { id });
  say(`cleared ${cleared} ${cleared === 1 ? "fault" : "faults"}`);
}

/** `ota-cloud url`. The URL is a secret that the user has asked for. It goes to standard output and nowhere else. */
export async function url(options: {
  state: string;
  product: string;
  version?: string;
  device?: string;
  lifetime?: number;
}): Promise<void> {
  const { state, product, version, device, lifetime } = options;
  if (version === undefined && device === undefined) throw new UsageError("give --version, --device or both");
  const service = await connectService(state);
  say(
    await service.signedUrl({
      productId: product,
      ...(version === undefined ? {} : { version }),
      ...(device === undefined ? {} : { deviceName: device }),
      ...(lifetime === undefined ? {} : { lifetimeSec: lifetime }),
    }),
  );
}

function describe(record: FaultRecord): string {
  const { id, spec, struck } = record;
  return `${id}  ${describeEffect(spec)}  for ${describeScope(spec)}  struck ${struck}, ${describeRest(record)}`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
