import { lorafitHome } from "../../home.ts";
import { createOutput, type Output } from "./output.ts";

/** Context of a verb: output, abort signal, model cache and exit code. */
export interface Context {
  /** Set up by the verb's --json and --quiet. */
  output: Output;
  /** Aborted by the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  /** LORAFIT_HOME: pulled models and files made from them. */
  readonly home: string;
  /** Exit code when the verb ends without an error. */
  exitCode: number;
}

export function createContext(signal: AbortSignal): Context {
  return {
    output: createOutput(),
    signal,
    home: lorafitHome(),
    exitCode: 0,
  };
}
