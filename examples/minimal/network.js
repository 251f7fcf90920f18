import config from "mc/config";
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
  if (config.ssid) connect();
  else trace("no Wi-Fi: give ssid and password to mcconfig\n");
  done();
}

function connect() {
  let asked = false;
  const wifi = new WiFi({
    onChanged(property) {
      if (property === "connection" && wifi.connection < 400) Timer.set(join, RETRY_MS);
      if (property !== "address" || asked) return;
      asked = true;
      trace(`Wi-Fi ${config.ssid}: ${wifi.address}\n`);
      setClock();
    },
  });
  const join = () => {
    try {
      wifi.connect({ SSID: config.ssid, ...(config.password ? { password: config.password, secure: true } : {}) });
    } catch (error) {
      trace(`Wi-Fi: ${error.message}\n`);
      Timer.set(join, RETRY_MS);
    }
  };
  join();
}

/** TLS checks the dates of certificates. */
function setClock() {
  new SNTP({ host: config.sntp }, (message, value) => {
    if (message === SNTP.time) Time.set(value);
    else if (message === SNTP.error) Timer.set(setClock, SNTP_RETRY_MS);
  });
}
