export * from "../../hal/boards/sim/bootable-image.js";
