import assert from "node:assert/strict";
import { test } from "node:test";
import { checkDatabaseUrl, withoutPassword } from "../../../../cloud/store/postgres/database-url.js";

const TAKEN = [
  "postgres://ota:word@db.example.org:5432/fleet",
  "postgresql://db/fleet?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem",
  "postgres://ota@%2Frun%2Fpostgresql/fleet",
];
const REFUSED = [
  ["no URL", /is given as postgres:/],
  ["mysql://db/fleet", /is given as postgres:/],
  ["postgres://db/", /is given as postgres:/],
  ["postgres://ota:word@db/fleet?options=-c%20synchronous_commit%3Doff", /takes only these parameters: host, ssl/],
  ["postgres://ota:word@db/fleet?statement_timeout=1", /takes only these parameters/],
  ["postgres://ota:word@db/fleet?sslmode=require&application_name=x", /takes only these parameters/],
] as const;

test("the URL of a database says where it is and how TLS is, and undoes nothing that the cloud sets", () => {
  for (const url of TAKEN) checkDatabaseUrl(url);
  for (const [url, message] of REFUSED) {
    assert.throws(
      () => checkDatabaseUrl(url),
      (error: Error) => message.test(error.message) && !/word/.test(error.message),
    );
  }
});

test("what is shown of the URL has no secret", () => {
  assert.equal(withoutPassword(`${TAKEN[0] ?? ""}?sslkey=word`), "postgres://ota@db.example.org:5432/fleet");
});
