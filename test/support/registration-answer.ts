import { createCipheriv } from "node:crypto";

/** The platform's answer to a registration, with this text in its payload. */
export function registrationAnswer(text: string, productSecret: string): string {
  const bytes = Buffer.from(text);
  const padded = Buffer.concat([bytes, Buffer.alloc(-bytes.byteLength & 15)]);
  const cipher = createCipheriv("aes-128-cbc", Buffer.from(productSecret).subarray(0, 16), "0".repeat(16));
  cipher.setAutoPadding(false);
  const Payload = Buffer.concat([cipher.update(padded), cipher.final()]).toString("base64");
  return JSON.stringify({ Response: { Len: bytes.byteLength, Payload, RequestId: "r" } });
}

/** The platform's answer if it refuses. */
export function registrationRefusal(code: string, message = "no"): string {
  return JSON.stringify({ Response: { Error: { Code: code, Message: message }, RequestId: "r" } });
}
