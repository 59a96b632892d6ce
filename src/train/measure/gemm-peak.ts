import type { Engine, EngineSession } from "../../engines/engine.ts";
import { memoryWeights } from "../../engines/memory-weights.ts";
import { ProgramBuilder } from "../../program/builder.ts";
import { frozenInBf16, type Precision } from "../../program/precision.ts";
import { createRng } from "../../rng.ts";

/** Chains of products [rows, width] x [width, width]; the larger one is for engines that finish the smaller one too soon to be timed. */
const GEMMS = [
  { rows: 256, width: 1024, chain: 3 },
  { rows: 4096, width: 4096, chain: 65 },
];
/** Floating-point operations per second above which an engine is timed on larger products. */
const FAST = 1e12;
const GEMM_RUNS = 6;

/** Floating-point operations per second of large matrix products on this engine in this precision. */
export async function gemmPeak(
  engine: Engine,
  { precision, threads }: { readonly precision: Precision; readonly threads: number },
): Promise<number> {
  let rate = 0;
  for (const size of GEMMS) {
    rate = await gemmRate(engine, { ...size, precision, threads });
    if (rate < FAST) break;
  }
  return rate;
}

/** Rate from the extra time of a chain over its first product, which excludes transfers. */
async function gemmRate(
  engine: Engine,
  {
    rows,
    width,
    chain,
    precision,
    threads,
  }: {
    readonly rows: number;
    readonly width: number;
    readonly chain: number;
    readonly precision: Precision;
    readonly threads: number;
  },
): Promise<number> {
  const rng = createRng("gemm");
  // This deviation keeps the scale of x from product to product.
  const limit = Math.sqrt(3 / width);
  const w = Float32Array.from({ length: width * width }, () => limit * (2 * rng.next() - 1));
  const weights = memoryWeights({ w: { shape: [width, width], data: w } });
  const x = {
    shape: [1, rows, width],
    data: Float32Array.from({ length: rows * width }, () => rng.next() - 0.5),
  };
  const session = await engine.open(weights, { threads });
  try {
    const [first, all] = [await best(session, 1), await best(session, chain)];
    return (2 * rows * width * width * (chain - 1)) / ((all - first) / 1000);
  } finally {
    await session.close();
    weights.dispose();
  }

  async function best(session: EngineSession, products: number): Promise<number> {
    const b = new ProgramBuilder("gemm");
    const weight = b.weight("w", [width, width]);
    let y = b.input("x", "f32", x.shape);
    for (let i = 0; i < products; i++) y = b.node("linear", { x: y, weight }, {}).y;
    b.output(y);
    const program = b.build();
    const gemm = await session.compile(precision === "bf16" ? frozenInBf16(program) : program);
    let shortest = Number.POSITIVE_INFINITY;
    for (let run = 0; run < GEMM_RUNS; run++) {
      const began = performance.now();
      await gemm.run({ x });
      shortest = Math.min(shortest, performance.now() - began);
    }
    return shortest;
  }
}
