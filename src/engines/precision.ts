import { LorafitError } from "../errors.ts";
import type { PackedFormat } from "../formats/quantise.ts";
import type { Precision } from "../program/precision.ts";
import type { Engine } from "./engine.ts";

/**
 * The requested precision; for "auto", the engine's default.
 * @throws usage error if the engine does not support it
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
 * Storage format of the layers' frozen matrices; undefined if they are stored in `precision`.
 * @throws usage error if the engine does not support it
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
