import { LorafitError } from "../errors.ts";
import type { Precision } from "../program/precision.ts";
import type { Engine } from "./engine.ts";

/** @throws usage error when the engine cannot compute in this precision */
export function requirePrecision(engine: Engine, precision: Precision): void {
  if (engine.precisions.includes(precision)) return;
  const can = engine.precisions.join(" or ");
  throw new LorafitError(
    "usage",
    `precision ${precision}: the ${engine.name} engine computes in ${can} only`,
    {
      hint: "set precision to that, or name another engine with --engine",
    },
  );
}
