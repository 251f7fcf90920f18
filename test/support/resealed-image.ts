export * from "../../hal/boards/sim/resealed-image.js";
