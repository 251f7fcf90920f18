import config from "mc/config";
import { OtaAgent } from "moddable-ota";
import { openDevice } from "moddable-ota/device";

function log(level, area, message) {
  if (level !== "debug") trace(`${level} ${area}: ${message()}\n`);
}

export default function () {
  const { productId, deviceName, deviceSecret, version, broker } = config;
  const agent = new OtaAgent({
    device: openDevice({ log }),
    config: {
      identity: { productId, deviceName, authentication: { mode: "KEY", deviceSecret } },
      version,
      ...(broker ? { broker: { url: broker } } : {}),
    },
  });
  trace(`version ${agent.version}\n`);
  let shown = -1;
  agent.on("state", ({ to }) => trace(`${to}\n`));
  agent.on("progress", ({ version, bytes, size }) => {
    const percent = Math.floor((bytes * 100) / size);
    if (percent !== shown) trace(`${version}: ${percent} %\n`);
    shown = percent;
  });
  agent.on("result", ({ version, result }) => trace(`${version}: ${result.outcome}\n`));
  agent.start();
}
