import { LorafitError } from "../../errors.ts";
import { lorafitHome } from "../../home.ts";
import { createOutput, type Output } from "./output.ts";

/** Context of a verb: output, abort signal, model cache and exit code. */
export interface Context {
  /** Set up by the verb's --json and --quiet. */
  output: Output;
  /** Aborted by the first Ctrl-C or SIGTERM. A verb that never reads it is ended by the signal at once. */
  readonly signal: AbortSignal;
  /** LORAFIT_HOME: pulled models and files made from them. */
  readonly home: string;
  /** Exit code when the verb ends without an error. */
  exitCode: number;
}

export function createContext(): Context {
  let signal: AbortSignal | undefined;
  return {
    output: createOutput(),
    get signal() {
      signal ??= listenForInterrupts();
      return signal;
    },
    home: lorafitHome(),
    exitCode: 0,
  };
}

/** The first Ctrl-C or SIGTERM stops at the next safe place, the second one at once. */
function listenForInterrupts(): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(130);
    process.stderr.write("\nstopping at the next safe place; once more to stop at once\n");
    controller.abort(
      new LorafitError("interrupted", "stopped before the end", {
        hint: "run the same command again; finished parts are kept",
      }),
    );
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  return controller.signal;
}
