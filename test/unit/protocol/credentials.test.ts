import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { OtaError } from "../../../src/errors.js";
import {
  clientIdOf,
  createCredentials,
  type CredentialInput,
  NO_EXPIRY,
  password,
} from "../../../src/protocol/credentials.js";
import { NO_DIGESTS, NODE_DIGESTS } from "../../support/digests.js";

/** The vectors of protocol.md §1.3. */
const NAME = { productId: "ABCDE12345", deviceName: "light_01" };
const SECRET = "MDEyMzQ1Njc4OWFiY2RlZg==";
const EXPIRY = 1893456000;
const USERNAME = `ABCDE12345light_01;12010126;x7Kq2;${EXPIRY}`;
const PASSWORD_256 = "ae40d9a69b6604a16746d4fec4f8c4c5dfbac04a53b8f1d455f88c8e2c0a3acc;hmacsha256";
const PASSWORD_1 = "50c0b02a4c5df61e5dc22baef52937b45f6c529c;hmacsha1";

const INPUT: CredentialInput = {
  name: NAME,
  authentication: { mode: "KEY", deviceSecret: SECRET },
  connectionId: "x7Kq2",
  unixTime: EXPIRY - 86_400,
  digests: NODE_DIGESTS,
};

describe("createCredentials", () => {
  it("gives the protocol's vector for SHA-256, which is the default", () => {
    const expected = { clientId: "ABCDE12345light_01", username: USERNAME, password: PASSWORD_256 };
    assert.deepEqual(createCredentials(INPUT), expected);
    const authentication = { mode: "KEY", deviceSecret: SECRET, hash: "SHA-256" } as const;
    assert.deepEqual(createCredentials({ ...INPUT, authentication }), expected);
    assert.equal(PASSWORD_256.length, 75);
  });

  it("gives the protocol's vector for SHA-1", () => {
    const authentication = { mode: "KEY", deviceSecret: SECRET, hash: "SHA-1" } as const;
    assert.deepEqual(createCredentials({ ...INPUT, authentication }), {
      clientId: "ABCDE12345light_01",
      username: USERNAME,
      password: PASSWORD_1,
    });
    assert.equal(PASSWORD_1.length, 49);
  });

  it("takes a secret without its padding", () => {
    const authentication = { mode: "KEY", deviceSecret: SECRET.replace("==", "") } as const;
    assert.equal(createCredentials({ ...INPUT, authentication }).password, PASSWORD_256);
  });

  it("signs until 2038 if the device does not know the time", () => {
    const { username } = createCredentials({ ...INPUT, unixTime: undefined });
    assert.equal(username, "ABCDE12345light_01;12010126;x7Kq2;2147483647");
    assert.equal(NO_EXPIRY, 2 ** 31 - 1);
  });

  it("writes the expiry in seconds, a day from now", () => {
    const { username } = createCredentials({ ...INPUT, unixTime: 1_700_000_000 });
    assert.equal(username.split(";")[3], "1700086400");
  });

  it("takes 0 as a known time", () => {
    assert.equal(createCredentials({ ...INPUT, unixTime: 0 }).username.split(";")[3], "86400");
  });

  it("signs each connection id anew", () => {
    const other = createCredentials({ ...INPUT, connectionId: "aaaaa" });
    assert.equal(other.clientId, "ABCDE12345light_01");
    assert.notEqual(other.password, PASSWORD_256);
  });

  it("needs neither secret nor digest with a certificate", () => {
    const authentication = { mode: "CERT", certificate: new Uint8Array(1), privateKey: new Uint8Array(1) } as const;
    const credentials = createCredentials({ ...INPUT, authentication, digests: NO_DIGESTS });
    assert.equal(credentials.username, USERNAME);
    assert.notEqual(credentials.password, "");
  });

  it("refuses a secret that is not base64, without showing it", () => {
    for (const deviceSecret of ["not*base64*at*all", "", "===="]) {
      assert.throws(
        () => createCredentials({ ...INPUT, authentication: { mode: "KEY", deviceSecret } }),
        (error) =>
          error instanceof OtaError &&
          error.code === "usage" &&
          (deviceSecret === "" || !error.message.includes(deviceSecret)),
      );
    }
  });

  it("refuses a board without the digest, without showing the secret", () => {
    assert.throws(
      () => createCredentials({ ...INPUT, digests: NO_DIGESTS }),
      (error) => error instanceof OtaError && error.code === "usage" && !error.message.includes(SECRET),
    );
  });
});

describe("password", () => {
  it("gives the protocol's vector for another vendor's user name", () => {
    const username = "ABCDE12345light_01;21010406;x7Kq2;1893456000000";
    const authentication = { mode: "KEY", deviceSecret: SECRET, hash: "SHA-1" } as const;
    assert.equal(password(username, authentication, NODE_DIGESTS), "82d1bb38cbf76d7453c0db9995bb3e0b21bc0761;hmacsha1");
  });

  it("changes with every character of the user name", () => {
    const passwords = new Set(
      Array.from(USERNAME, (_, at) => password(USERNAME.slice(0, at), INPUT.authentication, NODE_DIGESTS)),
    );
    assert.equal(passwords.size, USERNAME.length);
  });
});

describe("clientIdOf", () => {
  it("joins product and device, at most 58 characters", () => {
    assert.equal(clientIdOf(NAME), "ABCDE12345light_01");
    assert.equal(clientIdOf({ productId: "ABCDE12345", deviceName: "x".repeat(48) }).length, 58);
  });
});
