import type { EngineOptions } from "../engine.ts";
import type { DevicePointer } from "./driver/driver.ts";
import type { Gpu } from "./driver/gpu.ts";
import { type Argument, launch } from "./driver/launch.ts";
import type { GemmAutotuner, LaunchContext } from "./gemm/autotuner.ts";
import type { BufferView, Command, KernelCall } from "./lowering/commands.ts";
import type { ProgramMemory } from "./program-memory.ts";

/** Enqueues a Program's commands on the stream. */
export class CommandRunner implements LaunchContext {
  readonly #gpu: Gpu;
  readonly #memory: ProgramMemory;
  readonly #gemms: GemmAutotuner;
  readonly resolve = (view: BufferView): DevicePointer => this.#memory.pointer(view);

  constructor(gpu: Gpu, memory: ProgramMemory, gemms: GemmAutotuner) {
    this.#gpu = gpu;
    this.#memory = memory;
    this.#gemms = gemms;
  }

  runAll(commands: readonly Command[]): void {
    for (const command of commands) this.#run(command);
  }

  /** Runs command by command between timing events, and reports each kernel's time. */
  timeEach(commands: readonly Command[], onKernel: NonNullable<EngineOptions["onKernel"]>): void {
    const spans = commands.map((command) => {
      const from = this.#gpu.recordEvent();
      this.#run(command);
      return { command, from, to: this.#gpu.recordEvent() };
    });
    this.#gpu.wait();
    for (const { command, from, to } of spans) {
      const kernel = "call" in command ? command.call.kernel : this.#gemms.implementationOf(command.gemm);
      onKernel({ kernel, op: command.op, ms: this.#gpu.elapsed(from, to) });
    }
  }

  call({ kernel, grid, threads, sharedBytes, args }: KernelCall): void {
    launch(this.#gpu.driver, this.#gpu.stream, {
      kernel: this.#gpu.kernel(kernel, sharedBytes),
      grid,
      threads,
      sharedBytes,
      args: args.map((field): Argument => {
        if (!("view" in field)) return field;
        return { pointer: field.view === null ? 0n : this.resolve(field.view) };
      }),
    });
  }

  #run(command: Command): void {
    if ("call" in command) this.call(command.call);
    else this.#gemms.run(command.gemm, this);
  }
}
