import type { Program } from "../program/program.ts";
import type { Executable } from "./engine.ts";

/** The executable that `compiled` keeps for the program, by identity, or a new one. A failed compilation is not kept. */
export function compileOnce(
  compiled: Map<Program, Promise<Executable>>,
  program: Program,
  compile: () => Promise<Executable>,
): Promise<Executable> {
  const known = compiled.get(program);
  if (known !== undefined) return known;
  const started = compile();
  compiled.set(program, started);
  started.catch(() => compiled.delete(program));
  return started;
}
