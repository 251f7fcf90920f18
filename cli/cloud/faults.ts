import { describeEffect, describeScope, type FaultRecord } from "../../cloud/faults/fault.js";
import { describeRest } from "../../cloud/faults/fault-list.js";
import { UsageError } from "../command-line.js";
import type { CloudChoice } from "./operator.js";
import { withService } from "./service.js";

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
Faults of the simulated boards of serve --demo:
  power-off    [--at now|offer|burning] the power goes off then, and comes back when the fault is cleared
  low-battery  --percent N              what the board measures of its battery
T is the type of the message, such as report_progress or update_firmware.`;

/** The options of `ota-cloud fault add`. Those that are not named here are settings of a fault, by the same name. */
interface AddOptions extends CloudChoice {
  readonly header?: readonly (readonly [name: string, value: string])[];
  readonly [setting: string]: unknown;
}

/** `ota-cloud fault add` */
export async function faultAdd(fault: string, options: AddOptions): Promise<void> {
  const { state: _state, api: _api, tokenFile: _tokenFile, header, ...settings } = options;
  const headers = header === undefined ? {} : { headers: Object.fromEntries(header) };
  const added = await withService(options, "fault add", (service) =>
    service.addFault({ fault, ...settings, ...headers }),
  );
  say(describe(added));
}

/** `ota-cloud fault list` */
export async function faultList(options: CloudChoice & { json?: boolean }): Promise<void> {
  const faults = await withService(options, "fault list", (service) => service.faults());
  if (options.json === true) say(JSON.stringify(faults));
  else say(faults.length === 0 ? "no faults" : faults.map(describe).join("\n"));
}

/** `ota-cloud fault clear` */
export async function faultClear(id: number | undefined, options: CloudChoice): Promise<void> {
  const request = id === undefined ? {} : { id };
  const cleared = await withService(options, "fault clear", (service) => service.clearFaults(request));
  say(`cleared ${cleared} ${cleared === 1 ? "fault" : "faults"}`);
}

/** `ota-cloud url`. The URL is a secret that the user has asked for. It goes to standard output and nowhere else. */
export async function url(
  options: CloudChoice & {
    product: string;
    version?: string;
    device?: string;
    lifetime?: number;
  },
): Promise<void> {
  const { product, version, device, lifetime } = options;
  if (version === undefined && device === undefined) throw new UsageError("give --version, --device or both");
  const request = {
    productId: product,
    ...(version === undefined ? {} : { version }),
    ...(device === undefined ? {} : { deviceName: device }),
    ...(lifetime === undefined ? {} : { lifetimeSec: lifetime }),
  };
  say(await withService(options, "url", (service) => service.signedUrl(request)));
}

function describe(record: FaultRecord): string {
  const { id, spec, struck } = record;
  return `${id}  ${describeEffect(spec)}  for ${describeScope(spec)}  struck ${struck}, ${describeRest(record)}`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
