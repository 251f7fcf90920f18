export * from "../../hal/boards/sim/linked-image.js";
