import { availableParallelism, cpus, platform, release, totalmem } from "node:os";
import type { Command } from "commander";
import pc from "picocolors";
import { type ConformanceResult, conformance } from "../engines/conformance/run.ts";
import type { Engine } from "../engines/engine.ts";
import { ENGINES, probeEngine } from "../engines/select.ts";
import { probeNativeTf } from "../engines/tfjs/native.ts";
import { EXIT } from "../errors.ts";
import { packageVersion } from "../package.ts";
import type { Context } from "./terminal/context.ts";
import { megabytes } from "./terminal/format.ts";
import { describeTensorflow } from "./terminal/tensorflow.ts";

export function addDoctor(program: Command, context: Context): void {
  program
    .command("doctor")
    .description("What works here and why not; every operation of each engine against the reference.")
    .action(() => doctor(context));
}

interface EngineReport {
  readonly engine: string;
  readonly usable: boolean;
  readonly reason: string | null;
  /** Reason why `auto` skips an engine that works. */
  readonly passedOver: string | null;
  /** Precisions that it does not offer on this machine, with the reason. */
  readonly withheld: NonNullable<Engine["withheld"]>;
  /** What the engine knows of its device. */
  readonly deviceFacts?: readonly string[];
  readonly version?: string;
  /** Device of the machine that it uses; null when it found none. */
  readonly library?: string | null;
  readonly cases?: number;
  readonly failures?: readonly ConformanceResult[];
  readonly worstError?: number;
}

async function doctor(context: Context): Promise<void> {
  const { output } = context;
  const machine = {
    lorafit: packageVersion(),
    node: process.versions.node,
    system: `${platform()} ${release()} ${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    threads: availableParallelism(),
    memoryBytes: totalmem(),
    freeBytes: process.availableMemory(),
    home: context.home,
  };
  output.event(
    { event: "machine", ...machine },
    [
      `lorafit ${machine.lorafit}, Node ${machine.node}, ${machine.system}`,
      `${machine.cpu}, ${machine.threads} threads; ${megabytes(machine.freeBytes)} of ${megabytes(machine.memoryBytes)} free`,
      `models in ${machine.home} (LORAFIT_HOME)`,
    ].join("\n"),
  );
  const tensorflow = await probeNativeTf();
  // Without a GPU the line of the engine says all of it.
  const onGpu = tensorflow.usable && tensorflow.gpu;
  output.event({ event: "tensorflow", ...tensorflow }, onGpu ? describeTensorflow(tensorflow) : undefined);
  const engines: EngineReport[] = [];
  for (const entry of ENGINES) {
    const { engine, reason, passedOver, failedTrial = false } = await probeEngine(entry, "again");
    const report: EngineReport = {
      engine: entry.name,
      usable: engine !== undefined,
      reason,
      passedOver,
      withheld: engine?.withheld ?? {},
      ...(engine === undefined
        ? {}
        : {
            version: await entry.version(),
            ...(entry.library === undefined ? {} : { library: await entry.library() }),
            ...(entry.deviceFacts === undefined ? {} : { deviceFacts: await entry.deviceFacts() }),
            ...(failedTrial ? {} : await conform(engine, context)),
          }),
    };
    engines.push(report);
    output.event({ event: "engine", ...report }, lineOf(report, entry.description));
  }
  const sound = engines.filter(({ usable, failures }) => usable && failures?.length === 0);
  const automatic = sound.find(({ passedOver }) => passedOver === null);
  const broken = engines.some(({ failures = [] }) => failures.length > 0);
  output.result(
    { event: "doctor-end", ok: sound.length > 0 && !broken, trainsOn: automatic?.engine ?? null },
    broken
      ? pc.red("an engine computes something wrong here")
      : `lorafit train uses ${automatic?.engine ?? "nothing"} here`,
  );
  if (sound.length === 0 || broken) context.exitCode = EXIT.environment;
}

async function conform(
  engine: Engine,
  { output, signal }: Context,
): Promise<Pick<EngineReport, "cases" | "failures" | "worstError">> {
  const results: ConformanceResult[] = [];
  for await (const result of conformance(engine)) {
    results.push(result);
    output.progress(`${engine.name}: ${results.length} cases`);
    if (signal.aborted) break;
  }
  output.settle();
  return {
    cases: results.length,
    failures: results.filter(({ passed }) => !passed),
    worstError: Math.max(...results.map(({ error }) => error)),
  };
}

function lineOf(
  {
    engine,
    usable,
    reason,
    passedOver,
    withheld,
    deviceFacts = [],
    version,
    library,
    cases,
    failures = [],
    worstError = 0,
  }: EngineReport,
  about: string,
): string {
  if (!usable) return `${pc.yellow("-")} ${engine} (${about}): ${reason}`;
  if (cases === undefined)
    return [
      `${pc.yellow("-")} ${engine} ${version} (${about}): ${passedOver}`,
      ...deviceFacts.map((fact) => `    ${fact}`),
    ].join("\n");
  const error = `largest relative error ${worstError.toExponential(1)}`;
  const head = `${engine} ${version}${library ? ` of ${library}` : ""} (${about}): ${cases} cases, ${error}`;
  const facts = [
    ...deviceFacts.map((fact) => `    ${fact}`),
    ...Object.entries(withheld).map(([precision, why]) => `    not in ${precision}: ${why}`),
  ];
  if (failures.length === 0) {
    const manual = passedOver === null ? "" : `; only by --engine ${engine}: ${passedOver}`;
    return [`${pc.green("✓")} ${head}${manual}`, ...facts].join("\n");
  }
  const lines = failures.map(
    ({ op, precision, name, error, fault }) =>
      `    ${op}, ${name}, ${precision}: off by ${error.toExponential(1)}${fault === undefined ? "" : `; ${fault}`}`,
  );
  return [`${pc.red("✗")} ${head}; ${failures.length} fail:`, ...lines, ...facts].join("\n");
}
