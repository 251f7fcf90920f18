import type { SealReport, SignatureReport } from "../../cloud/seal/inspect.js";
import type { FirmwareFile } from "../../cloud/seal/read-file.js";

/** What a firmware file is, in lines for people. */
export function describeFirmwareFile(file: string, { byteLength, header, packed }: FirmwareFile): string[] {
  const lines = [`file      ${file}: ${byteLength} bytes`];
  if (packed !== undefined) return lines;
  if (header === undefined) return [...lines, "image     no ESP32 application image"];
  const { chip, version, project, secureVersion } = header;
  return [
    ...lines,
    `image     ${chip} application, version ${version}, project ${project}, secure version ${secureVersion}`,
  ];
}

/** What a seal says, in lines for people. */
export function describeSeal(seal: SealReport): string[] {
  if (seal.state === "none") return ["seal      none: a device that requires one refuses the file as unsigned"];
  const lines: string[] = [];
  if (seal.state === "present") {
    const { version, product, chip, securityVersion, built = 0, imageLength, imageSha256, signatures = [] } = seal;
    lines.push(
      `seal      version ${version} of ${product}, ${chip === "none" ? "for no chip of the family" : `for ${chip}`}`,
      `security  version ${securityVersion}: no device that has confirmed a higher one takes it`,
      `built     ${new Date(built * 1000).toISOString()}, as the signer says`,
      `sealed    ${imageLength} bytes, SHA-256 ${imageSha256}`,
      ...signatures.map((one) => `signature ${describeSignature(one)}`),
    );
  }
  if (seal.problem !== undefined) lines.push(`refused   ${seal.problem}`);
  return lines;
}

function describeSignature({ keyId, key, valid }: SignatureReport): string {
  if (key === undefined) return `by the key with the id ${keyId}: not checked, because its public half was not given`;
  return `by ${key} (${keyId}): ${valid === true ? "good" : "wrong"}`;
}
