/** What a CONNACK's return code says, and what to look at (MQTT 3.1.1 table 3.1). */
export function refusal(returnCode: number): string {
  switch (returnCode) {
    case 1:
      return "broker refuses the protocol version";
    case 2:
      return "broker refuses the client id";
    case 3:
      return "broker is unavailable";
    case 4:
      return "broker refuses user name or password: check productId, deviceName and deviceSecret";
    case 5:
      return "broker does not authorise this device: check that it exists and is enabled";
    default:
      return `broker refuses the connection with code ${returnCode}`;
  }
}
