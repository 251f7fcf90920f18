import config from "mc/config";
import { readProvisioning } from "moddable-ota/device";
import WiFi from "embedded:network/interface/wifi";
import SNTP from "sntp";
import Time from "time";
import Timer from "timer";

const RETRY_MS = 5_000;
const SNTP_RETRY_MS = 60_000;

/**
 * Replaces the SDK's setup/network, which holds the application back until Wi-Fi is up and never connects again. A
 * firmware on trial must run without Wi-Fi: that is how it finds out that it has to revert.
 */
export default function (done) {
  const { network, problem, sntp = config.sntp } = readProvisioning();
  if (network) connect(network, sntp);
  else if (problem === undefined) trace("no Wi-Fi: this board was provisioned without ssid\n");
  done();
}

function connect({ ssid, password }, sntp) {
  let asked = false;
  const wifi = new WiFi({
    onChanged(property) {
      if (property === "connection" && wifi.connection < 400) Timer.set(join, RETRY_MS);
      if (property !== "address" || asked) return;
      asked = true;
      trace(`Wi-Fi ${ssid}: ${wifi.address}\n`);
      setClock(sntp);
    },
  });
  const join = () => {
    try {
      wifi.connect({ SSID: ssid, ...(password ? { password, secure: true } : {}) });
    } catch (error) {
      trace(`Wi-Fi: ${error.message}\n`);
      Timer.set(join, RETRY_MS);
    }
  };
  join();
}

/** TLS checks the dates of certificates. */
function setClock(host) {
  new SNTP({ host }, (message, value) => {
    if (message === SNTP.time) Time.set(value);
    else if (message === SNTP.error) Timer.set(() => setClock(host), SNTP_RETRY_MS);
  });
}
