import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { writeFileAtomic } from "../../formats/files.ts";
import { sha256 } from "../../formats/hash.ts";
import { lorafitHome } from "../../home.ts";
import type { Algorithm } from "./cublaslt.ts";
import type { CublasLtLibrary } from "./cublaslt-library.ts";
import type { Device } from "./device.ts";
import { TILES, type Tile } from "./gemm-kernel.ts";
import { kernelSources } from "./gpu.ts";

/** What does a product: our kernel in one of its tiles, or cuBLASLt by one of its algorithms. */
export type GemmChoice = { readonly tile: Tile } | { readonly algorithm: Algorithm };

const LIBRARY = "cublasLt ";
const schema = z.strictObject({
  gpu: z.string(),
  driver: z.string(),
  kernels: z.string(),
  cublaslt: z.string(),
  /** By name: a tile such as 64x32, or cublasLt and its algorithm in hexadecimal. */
  products: z.record(z.string(), z.string().regex(/^(\d+x\d+|cublasLt [0-9a-f]{128})$/)),
});
type Content = z.infer<typeof schema>;

/**
 * What was fastest for each product, kept in LORAFIT_HOME/cuda for every GPU, driver, build of our kernels and version of
 * cuBLASLt: a run that goes on must do its products as before, to the bit.
 */
export class GemmCache {
  readonly #path: string;
  readonly #of: Omit<Content, "products">;

  constructor(device: Device, library: CublasLtLibrary | undefined) {
    const { name, capability, multiprocessors, driver } = device;
    this.#of = {
      gpu: `${name} (${capability.join(".")}), ${multiprocessors} multiprocessors`,
      driver,
      kernels: kernelSources(),
      cublaslt: library?.version ?? "none",
    };
    const key = sha256(JSON.stringify(this.#of));
    this.#path = join(lorafitHome(), "cuda", `products-${key.slice(0, 16)}.json`);
  }

  read(name: string): GemmChoice | undefined {
    const text = this.#products()[name];
    if (text === undefined) return undefined;
    if (text.startsWith(LIBRARY)) return { algorithm: Buffer.from(text.slice(LIBRARY.length), "hex") };
    const tile = TILES.find((each) => each.join("x") === text);
    return tile === undefined ? undefined : { tile };
  }

  /** @throws environment error when it cannot be written */
  add(name: string, choice: GemmChoice): void {
    const text = "tile" in choice ? choice.tile.join("x") : LIBRARY + choice.algorithm.toString("hex");
    const content = { ...this.#of, products: { ...this.#products(), [name]: text } };
    writeFileAtomic(this.#path, `${JSON.stringify(content, null, 1)}\n`);
  }

  /** A file that is not there or is damaged says nothing: the products are timed again, and the file is made anew. */
  #products(): Content["products"] {
    try {
      return schema.parse(JSON.parse(readFileSync(this.#path, "utf8"))).products;
    } catch {
      return {};
    }
  }
}
