import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { writeFileAtomic } from "../../../formats/files.ts";
import { sha256 } from "../../../formats/hash.ts";
import { lorafitHome } from "../../../home.ts";
import { kernelSources } from "../driver/context.ts";
import type { Device } from "../driver/device.ts";
import type { Algorithm } from "./cublaslt.ts";
import type { CublasLtLibrary } from "./cublaslt-binding.ts";
import { TILES, type Tile } from "./kernel.ts";

/** Implementation of a GEMM: lorafit's kernel with a tile, or an algorithm of cuBLASLt. */
export type GemmChoice = { readonly tile: Tile } | { readonly algorithm: Algorithm };

const LIBRARY = "cublasLt ";
const schema = z.strictObject({
  gpu: z.string(),
  driver: z.string(),
  kernels: z.string(),
  cublaslt: z.string(),
  /** By gemmKey: a tile such as 64x32, or "cublasLt" and the algorithm in hexadecimal. */
  products: z.record(z.string(), z.string().regex(/^(\d+x\d+|cublasLt [0-9a-f]{128})$/)),
});
type Content = z.infer<typeof schema>;

/**
 * Fastest implementation by gemmKey, in LORAFIT_HOME/cuda: one file for each GPU, driver, kernel build and cuBLASLt version.
 * A resumed run reads it, because another implementation may round sums differently.
 */
export class GemmCache {
  readonly #path: string;
  readonly #machine: Omit<Content, "products">;

  constructor(device: Device, library: CublasLtLibrary | undefined) {
    const { name, capability, multiprocessors, driver } = device;
    this.#machine = {
      gpu: `${name} (${capability.join(".")}), ${multiprocessors} multiprocessors`,
      driver,
      kernels: kernelSources(),
      cublaslt: library?.version ?? "none",
    };
    const key = sha256(JSON.stringify(this.#machine));
    this.#path = join(lorafitHome(), "cuda", `products-${key.slice(0, 16)}.json`);
  }

  read(key: string): GemmChoice | undefined {
    const text = this.#products()[key];
    if (text === undefined) return undefined;
    if (text.startsWith(LIBRARY)) return { algorithm: Buffer.from(text.slice(LIBRARY.length), "hex") };
    const tile = TILES.find((each) => each.join("x") === text);
    return tile === undefined ? undefined : { tile };
  }

  /** @throws environment error when it cannot be written */
  add(key: string, choice: GemmChoice): void {
    const text = "tile" in choice ? choice.tile.join("x") : LIBRARY + choice.algorithm.toString("hex");
    const content = { ...this.#machine, products: { ...this.#products(), [key]: text } };
    writeFileAtomic(this.#path, `${JSON.stringify(content, null, 1)}\n`);
  }

  /** Empty for a missing or damaged file: the GEMMs are timed again and the file is rewritten. */
  #products(): Content["products"] {
    try {
      return schema.parse(JSON.parse(readFileSync(this.#path, "utf8"))).products;
    } catch {
      return {};
    }
  }
}
