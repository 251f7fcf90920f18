import type { CloudSettings, SettingsChange, SettingsOperations } from "../../operator/types.js";
import type { HttpExchange } from "../http-exchange.js";
import { get } from "./ask.js";

/** The settings of the cloud, over the API. */
export function remoteSettings(exchange: HttpExchange): SettingsOperations {
  return {
    async settings(): Promise<CloudSettings> {
      return (await get(exchange, "/settings")) as CloudSettings;
    },

    async changeSettings(change: SettingsChange): Promise<CloudSettings> {
      return (await exchange.ask("PATCH", "/settings", { body: change })) as CloudSettings;
    },
  };
}
