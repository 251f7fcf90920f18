import type { NewDevice } from "../../cloud/operator/types.js";
import type { DeviceName } from "../../cloud/types.js";
import { UsageError } from "../command-line.js";
import { mustBeWritable, readIdentity, readJson, writeSecret } from "../files.js";
import { identityFile } from "./identity-file.js";
import { type CloudChoice, withOperator } from "./operator.js";

/** File for a device's identity if no other is given. */
const OUTPUT = "device_info.json";

/** `ota-cloud device add` */
export async function deviceAdd(
  options: CloudChoice & {
    product?: string;
    name?: string;
    output?: string;
    deviceInfo?: string;
    gateway?: string;
  },
): Promise<void> {
  const { gateway } = options;
  const gatewayName = gateway === undefined ? undefined : readGateway(gateway);
  const { device, output } = wanted(options);
  // These are checked before anything is added: a device without its file would be of no use.
  if (output !== undefined) mustBeWritable(output);
  await withOperator(
    options,
    "device add",
    async ({ operator, actor }) => {
      if (gatewayName !== undefined) await operator.device(gatewayName);
      const [added] = await operator.addDevices([device], actor);
      if (output === undefined || added?.deviceSecret === undefined) say(`registered ${spell(device)}`);
      else {
        const identity = identityFile({ ...device, deviceSecret: added.deviceSecret });
        writeSecret(output, `${JSON.stringify(identity, null, 2)}\n`);
        say(`registered ${spell(device)}; its identity is in ${output}`);
      }
      if (gateway === undefined || gatewayName === undefined) return;
      await operator.bind(device, gatewayName, actor);
      listSubDevice(gateway, device, true);
      say(`bound ${spell(device)} to ${spell(gatewayName)}`);
    },
    { mayMake: true },
  );
}

/** @returns the device to add, and the file for its identity if it needs one */
function wanted(options: { product?: string; name?: string; output?: string; deviceInfo?: string; gateway?: string }): {
  readonly device: NewDevice;
  readonly output: string | undefined;
} {
  const { deviceInfo, product: productId, name: deviceName, gateway } = options;
  if (deviceInfo !== undefined) {
    const { authentication, ...identity } = readIdentity(deviceInfo);
    const name = { productId: identity.productId, deviceName: identity.deviceName };
    const proof = authentication.mode === "KEY" ? { deviceSecret: authentication.deviceSecret } : { certificate: true };
    return { device: { ...name, ...proof }, output: undefined };
  }
  if (productId === undefined || deviceName === undefined) {
    throw new UsageError("give --product and --name, or --device-info");
  }
  // A sub-device needs no identity file, and must not overwrite that of its gateway.
  const output = options.output ?? (gateway === undefined ? OUTPUT : undefined);
  return { device: { productId, deviceName }, output };
}

/** `ota-cloud device bind` */
export async function deviceBind(
  options: CloudChoice & { product: string; name: string; gateway: string },
): Promise<void> {
  const name = { productId: options.product, deviceName: options.name };
  const gateway = readGateway(options.gateway);
  await withOperator(options, "device bind", ({ operator, actor }) => operator.bind(name, gateway, actor));
  listSubDevice(options.gateway, name, true);
  say(`bound ${spell(name)} to ${spell(gateway)}`);
}

/** `ota-cloud device unbind` */
export async function deviceUnbind(
  options: CloudChoice & { product: string; name: string; gateway?: string },
): Promise<void> {
  const name = { productId: options.product, deviceName: options.name };
  const expected = options.gateway === undefined ? undefined : readGateway(options.gateway);
  const gateway = await withOperator(options, "device unbind", async ({ operator, actor }) => {
    const { gateway: bound } = await operator.device(name);
    if (expected !== undefined && bound !== undefined && spell(bound) !== spell(expected)) {
      throw new UsageError(`${spell(name)} is bound to ${spell(bound)}, not to ${spell(expected)}`);
    }
    return operator.unbind(name, actor);
  });
  if (options.gateway !== undefined) listSubDevice(options.gateway, name, false);
  say(`unbound ${spell(name)} from ${spell(gateway)}`);
}

/** @param gateway `PRODUCT/NAME`, or the name of its device_info.json @throws UsageError */
function readGateway(gateway: string): DeviceName {
  const named = byName(gateway);
  if (named !== undefined) return named;
  const { productId, deviceName } = readIdentity(gateway);
  subDevList(gateway, readInfo(gateway));
  return { productId, deviceName };
}

function byName(gateway: string): DeviceName | undefined {
  const [, productId, deviceName] = /^([A-Z0-9]{10})\/([A-Za-z0-9:_-]{1,48})$/.exec(gateway) ?? [];
  return productId === undefined || deviceName === undefined ? undefined : { productId, deviceName };
}

type Info = { [key: string]: unknown };

interface SubDevEntry {
  readonly sub_productId: string;
  readonly sub_devName: string;
}

/** Changes the list of sub-devices in the gateway's device_info.json, if the gateway was given by that file. */
function listSubDevice(gateway: string, { productId, deviceName }: DeviceName, bound: boolean): void {
  if (byName(gateway) !== undefined) return;
  const info = readInfo(gateway);
  const list = subDevList(gateway, info).filter(
    (entry) => entry.sub_productId !== productId || entry.sub_devName !== deviceName,
  );
  if (bound) list.push({ sub_productId: productId, sub_devName: deviceName });
  info["subDev"] = { subdev_num: list.length, subdev_list: list };
  writeSecret(gateway, `${JSON.stringify(info, null, 2)}\n`);
}

/**
 * Reads the sub-devices. The file of the Python SDK has a list of them, that of the C SDK a single sub-device. Template
 * entries without a name are left out.
 */
function subDevList(path: string, info: Info): SubDevEntry[] {
  const subDev = info["subDev"];
  if (subDev === undefined) return [];
  const { subdev_list: list = [subDev] } = (subDev ?? {}) as Info;
  if (!Array.isArray(list)) throw new UsageError(`${path}: subdev_list is not a list`);
  return (list as (Info | null)[]).flatMap((entry) => {
    const { sub_productId, sub_devName } = entry ?? {};
    if (typeof sub_productId !== "string" || typeof sub_devName !== "string" || sub_devName === "") return [];
    return [{ sub_productId, sub_devName }];
  });
}

function readInfo(path: string): Info {
  return readJson(path) as Info;
}

function spell({ productId, deviceName }: DeviceName): string {
  return `${productId}/${deviceName}`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
