import type { AttrsOf, OpName } from "../../../ops/attrs.ts";
import type { Inputs, Outputs } from "../../../ops/signatures.ts";
import type { Tensor } from "../tensor.ts";

/** One operation in plain loops: inputs in, outputs out, nothing changed in place. */
export type Kernel<Op extends OpName> = (
  inputs: Inputs<Op, Tensor>,
  attrs: AttrsOf<Op>,
) => Outputs<Op, Tensor>;
