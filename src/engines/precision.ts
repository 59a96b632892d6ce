import { LorafitError } from "../errors.ts";
import type { PackedFormat } from "../formats/quantise.ts";
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
  const withheld = engine.withheld?.[precision];
  throw new LorafitError(
    "usage",
    `precision ${precision}: the ${engine.name} engine computes in ${can} only${withheld === undefined ? "" : ` here: ${withheld}`}`,
    {
      hint: "set precision to that or to auto, or name another engine with --engine",
    },
  );
}

/**
 * The format that the layers' frozen matrices are kept in, undefined where they are kept as `precision` has them.
 * @throws usage error when the engine cannot keep them as asked
 */
export function packingOn(
  engine: Engine,
  precision: Precision,
  asked: "auto" | "bf16" | PackedFormat,
): PackedFormat | undefined {
  if (asked === "auto" || asked === precision) return undefined;
  if (asked !== "bf16" && engine.packs?.includes(asked)) return asked;
  throw new LorafitError(
    "usage",
    `base_weights ${asked}: the ${engine.name} engine keeps the base in ${precision} here`,
    {
      hint: "set base_weights to auto, or name an engine that can with --engine: cuda",
    },
  );
}
