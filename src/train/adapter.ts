import type { HostTensor } from "../engines/engine.ts";
import { unflattenFactors } from "../lora/flat.ts";
import type { LoraLayout } from "../lora/layout.ts";
import { writePeft } from "../lora/peft.ts";
import { peftTargets } from "../lora/targets.ts";
import type { WeightSource } from "../model/weights.ts";
import type { Task } from "../task/load.ts";
import { loraConfigOf } from "./settings.ts";

/** Writes a run's parameters [P] as a PEFT folder. */
export function writeAdapter(
  folder: string,
  task: Task,
  base: WeightSource,
  layout: LoraLayout,
  parameters: HostTensor,
): void {
  writePeft(folder, {
    config: loraConfigOf(task),
    ...peftTargets(base.config, layout.modules),
    baseName: task.base,
    baseSha256: base.sha256,
    tensors: unflattenFactors(layout, Float32Array.from(parameters.data as Float32Array | Float64Array)),
  });
}
