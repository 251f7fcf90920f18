import config from "mc/config";
import { OtaAgent } from "moddable-ota";
import { openDevice } from "moddable-ota/device";

const log = (level, area, message) => {
  if (level !== "debug") trace(`${level} ${area}: ${message()}\n`);
};

/** All settings come from the manifest's `config`, or from mcconfig: `mcconfig … deviceName=light_01`. */
export default function () {
  const { productId, deviceName, deviceSecret, region, broker } = config;
  const agent = new OtaAgent({
    device: openDevice({ log }),
    config: {
      identity: { productId, deviceName, region, authentication: { mode: "KEY", deviceSecret } },
      broker: { url: broker },
    },
  });
  let shown;
  agent.on("progress", ({ version, bytes, size }) => {
    const line = `${version}: ${Math.floor((bytes * 100) / size)} %\n`;
    if (line !== shown) trace(line);
    shown = line;
  });
  agent.on("state", ({ to }) => trace(`${to}\n`));
  agent.on("result", ({ version, result }) => trace(`${version}: ${result.outcome}\n`));
  agent.start();
  trace(`version ${agent.version} runs\n`);
}
