import { LorafitError } from "../errors.ts";
import type { Precision } from "../program/precision.ts";
import type { Engine } from "./engine.ts";

/**
 * The precision that is asked for, or, for "auto", the engine's own.
 * @throws usage error when the engine cannot compute in it
 */
export function precisionOn(engine: Engine, precision: Precision | "auto"): Precision {
  if (precision === "auto") return engine.precisions[0]!;
  if (engine.precisions.includes(precision)) return precision;
  const can = engine.precisions.join(" or ");
  throw new LorafitError(
    "usage",
    `precision ${precision}: the ${engine.name} engine computes in ${can} only`,
    {
      hint: "set precision to that or to auto, or name another engine with --engine",
    },
  );
}
