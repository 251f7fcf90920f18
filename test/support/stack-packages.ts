import { buildAppImage } from "../../hal/boards/sim/app-image-builder.js";
import { isStored } from "../../src/package/header-reader.js";
import { packageFor, withRecord } from "./package-variants.js";
import { joined, sealOf, signerNamed } from "./seals.js";
import { type Stage, withStage } from "./stack-stage.js";
import { successorImage } from "./successor-image.js";
import { DEVICE, type TestBed } from "./test-bed.js";
import { readHeader } from "./unpack.js";

const KIB = 1024;
const TIMEOUT_MS = 30_000;
const [OLD, NEW, NEXT] = ["0.1.0", "0.2.0", "0.3.0"] as const;

/**
 * A delta behind a redirect, with a lost connection and a power cut, whose result is sealed; then one from another
 * base, one whose records are hostile, and a compressed image. JavaScript verifies the seals and decodes.
 */
export async function packedUpdates(stage: Stage): Promise<void> {
  const [vendor, successor] = [signerNamed("vendor"), signerNamed("successor")];
  const seal = (image: Uint8Array, version: string): Uint8Array =>
    sealOf(image, { version, securityVersion: 1, signers: [successor, vendor] });
  const bare = buildAppImage({ version: OLD, byteLength: 128 * KIB, seed: 1, secureVersion: 1 });
  const base = { bytes: joined(bare, seal(bare, OLD)), version: OLD };
  const packed = (version: string, from?: typeof base): Uint8Array => {
    const image = successorImage({ base: bare, version, byteLength: 160 * KIB, seed: 6, secureVersion: 1 });
    const copy = seal(image, version);
    return packageFor({ bytes: joined(image, copy), version }, from, copy);
  };
  const options = {
    image: packed(NEW, base),
    factory: base.bytes,
    packages: true,
    withoutSignatures: true,
    config: { seal: { trusted: [vendor.pem, successor.pem] } },
  };
  await withStage(stage, options, async (bed) => {
    const { server, platform } = bed;
    server.behaviours = [
      // The seal alone.
      {},
      { status: 302, headers: { Location: `${server.url}?moved` } },
      { chunked: true, cutAfter: 24 * KIB },
      { chunked: true },
    ];
    bed.board.powerOn();
    await bed.until("version", () => platform.words().length > 0);
    platform.offer(DEVICE, bed.offer());
    await bed.until("some of it", () => bed.progress > 40 * KIB, TIMEOUT_MS);
    bed.board.cutPower();
    bed.board.powerOn();
    platform.pending = () => bed.offer();
    await bed.ended();
    platform.pending = undefined;
    await refused(bed, packed(NEXT, base), "wrong-base");
    await refused(bed, hostile(packed(NEXT)), "package-malformed");
    await updated(bed, packed(NEXT));
  });
}

/** @returns the package with a record that no encoder makes */
function hostile(file: Uint8Array): Uint8Array {
  const { index } = readHeader(file);
  return withRecord(
    file,
    index.findIndex((_, block) => !isStored(index, block)),
    0xff,
  );
}

async function refused(bed: TestBed, file: Uint8Array, code: string): Promise<void> {
  const { platform, server } = bed;
  const before = platform.words().length;
  server.file = file;
  platform.offer(DEVICE, bed.offer(NEXT));
  const isRefused = (word: string): boolean => word.startsWith("fail") && word.includes(code);
  await bed.until(code, () => platform.words().slice(before).some(isRefused), TIMEOUT_MS);
}

async function updated(bed: TestBed, file: Uint8Array): Promise<void> {
  bed.server.file = file;
  bed.platform.offer(DEVICE, bed.offer(NEXT));
  await bed.until(NEXT, () => bed.platform.words().includes(`version ${NEXT}`), TIMEOUT_MS);
}
