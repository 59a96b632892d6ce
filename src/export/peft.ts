import { LorafitError } from "../errors.ts";
import type { FactorTensor } from "../lora/flat.ts";
import { loraLayout } from "../lora/layout.ts";
import { readPeft, writePeft } from "../lora/peft.ts";
import { peftTargets } from "../lora/targets.ts";
import type { WeightSource } from "../model/weights.ts";

/**
 * Copies a PEFT folder through lorafit's reader and writer, and reads the copy back.
 * @throws mismatch if a factor differs in any bit
 */
export function copyPeft(from: string, to: string, base: WeightSource): void {
  const { config, baseName, tensors } = readPeft(from);
  const factors = new Map(
    [...tensors].map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }]),
  );
  writePeft(to, {
    config,
    ...peftTargets(base.config, loraLayout(base.config, config).modules),
    baseName: baseName ?? base.path,
    baseSha256: base.sha256,
    tensors: factors,
  });
  const copy = readPeft(to).tensors;
  const lost = [...factors].filter(([name, factor]) => !same(factor, copy.get(name))).map(([name]) => name);
  if (lost.length > 0 || copy.size !== factors.size) {
    throw new LorafitError(
      "mismatch",
      `${to}: the copy differs from ${from} in ${lost.join(", ") || "its tensors"}`,
    );
  }
}

const same = (a: FactorTensor, b: FactorTensor | undefined): boolean =>
  b !== undefined && String(a.shape) === String(b.shape) && a.data.every((x, i) => Object.is(x, b.data[i]));
