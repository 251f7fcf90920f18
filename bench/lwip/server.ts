import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFileServer } from "../../cloud/files/file-server.js";
import { signUrl } from "../../cloud/files/signed-url.js";
import { fileOf, NEW } from "../../test/fault/files.js";
import { firmwarePath, ServedFiles } from "../../test/support/served-files.js";
import { TestPlatform } from "../../test/support/test-platform.js";
import { HOST_ADDRESS } from "./rig.js";

/**
 * The platform and the file server at Linux's end of the TAP device. They are a process of their own, because the
 * agent's process sleeps while its flash works.
 */
export const SERVER = { mqttPort: 1883, filePort: 8080, fileHost: "files.test", brokerHost: "broker.test" };
/** What the process sends once both listen. */
export const READY = "ready";
const PRODUCT = "ABCDE12345";
const URL_LIFETIME_SEC = 3600;

export async function serve(byteLength: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "bench-lwip-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  process.on("disconnect", () => process.exit());
  const file = fileOf(NEW, byteLength);
  const files = new ServedFiles({
    productId: PRODUCT,
    filePath: join(folder, "image.bin"),
    content: Buffer.from(file.bytes),
  });
  files.add(NEW);
  const platform = new TestPlatform();
  platform.pending = () => ({
    version: NEW,
    url: signUrl(
      `http://${SERVER.fileHost}:${SERVER.filePort}`,
      firmwarePath(PRODUCT, NEW),
      files.signingKey,
      URL_LIFETIME_SEC,
    ),
    md5sum: file.md5,
    file_size: byteLength,
  });
  await platform.start();
  const relay = createServer({ noDelay: true }, (socket) => {
    const inner = connect({ host: "127.0.0.1", port: platform.port, noDelay: true });
    socket.pipe(inner).pipe(socket);
    for (const end of [socket, inner]) end.on("error", () => {});
  });
  await new Promise<void>((resolve) => relay.listen(SERVER.mqttPort, HOST_ADDRESS, resolve));
  const server = createFileServer({ source: files });
  await new Promise<void>((resolve) => server.listen(SERVER.filePort, HOST_ADDRESS, resolve));
  process.send?.(READY);
}
