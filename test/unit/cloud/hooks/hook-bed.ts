import { Gatekeeper, type GatekeeperOptions } from "../../../../cloud/hooks/gatekeeper.js";
import { HookSecret } from "../../../../cloud/hooks/secret.js";
import { HookServer, type HookServerOptions } from "../../../../cloud/hooks/server.js";
import { DEVICE, PlatformTestBed, PRODUCT, SECRET } from "../../../support/platform-test-bed.js";

export const CLIENT = `${PRODUCT}${DEVICE}`;
export const HOOK_SECRET = "a secret of the broker".replaceAll(" ", "-");

/** A gateway and its sub-device, beside the device of the bed. */
export const GATEWAY = "gateway_01";
export const SUB_DEVICE = "sensor_01";

export interface HookAnswer {
  readonly status: number;
  readonly type: string | null;
  readonly cacheControl: string | null;
  readonly text: string;
}

/** A platform with hooks that a test calls as a broker does. */
export interface HookBed {
  readonly bed: PlatformTestBed;
  readonly server: HookServer;
  /** Lines about what was refused or has failed. */
  readonly problems: string[];
  ready: readonly string[];
  /** @param options.secret `undefined`: no header */
  call(path: string, init?: RequestInit, options?: { secret?: string | undefined }): Promise<HookAnswer>;
  /** Sends JSON. @returns the JSON of the answer */
  json(path: string, body: object, headers?: { [name: string]: string }): Promise<unknown>;
}

export async function withHooks(
  run: (bed: HookBed) => Promise<void>,
  options: Partial<HookServerOptions> & Pick<Partial<GatekeeperOptions>, "cloud"> & { readonly open?: boolean } = {},
): Promise<void> {
  await PlatformTestBed.run(async (bed) => {
    const problems: string[] = [];
    const { cloud, open, ...rest } = options;
    const hooks = {
      bed,
      problems,
      ready: [] as readonly string[],
    };
    for (const deviceName of [GATEWAY, SUB_DEVICE]) {
      await bed.desk.addDevice({ productId: PRODUCT, deviceName, deviceSecret: SECRET });
    }
    await bed.desk.bindSubDevice({
      productId: PRODUCT,
      deviceName: SUB_DEVICE,
      gateway: { productId: PRODUCT, deviceName: GATEWAY },
    });
    const server = new HookServer({
      gatekeeper: new Gatekeeper({ platform: bed.core.platform, cloud }),
      secret: open === true ? undefined : new HookSecret(HOOK_SECRET),
      readiness: () => hooks.ready,
      onProblem: (line) => problems.push(line),
      ...rest,
    });
    const port = await server.listen("127.0.0.1", 0);
    const call: HookBed["call"] = async (path, init = {}, { secret } = { secret: HOOK_SECRET }) => {
      const headers = new Headers(init.headers);
      if (secret !== undefined && !headers.has("Authorization")) headers.set("Authorization", `Bearer ${secret}`);
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { ...init, headers });
      return {
        status: response.status,
        type: response.headers.get("Content-Type"),
        cacheControl: response.headers.get("Cache-Control"),
        text: await response.text(),
      };
    };
    try {
      await run(
        Object.assign(hooks, {
          server,
          call,
          json: async (path: string, body: object, headers: { [name: string]: string } = {}) => {
            const { text } = await call(path, {
              method: "POST",
              headers: { "Content-Type": "application/json", ...headers },
              body: JSON.stringify(body),
            });
            return JSON.parse(text) as unknown;
          },
        }),
      );
    } finally {
      await server.close();
    }
  });
}
