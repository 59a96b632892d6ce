import type { Command } from "commander";
import pc from "picocolors";
import { type CatalogEntry, locate, readCatalog, trainingBytes } from "../model/catalog.ts";
import type { Context } from "./terminal/context.ts";
import { megabytes } from "./terminal/format.ts";

export function addModels(program: Command, context: Context): void {
  program
    .command("models")
    .description(
      "List the models known by name: which are here, what each needs, and what fits this machine.",
    )
    .action(() => {
      const free = process.availableMemory();
      const models = readCatalog().map((entry) => rowOf(entry, context.home, free));
      context.output.result(
        { event: "models", models, home: context.home, freeBytes: free },
        models.map(lineOf).join("\n"),
      );
    });
}

type Row = ReturnType<typeof rowOf>;

/** An entry without its sources, with what this machine makes of it. */
function rowOf({ sources, ...entry }: CatalogEntry, home: string, free: number) {
  const sizes = sources.flatMap((source) => ("bytes" in source ? [source.bytes] : []));
  const needed = entry.kind === "embedder" ? null : trainingBytes(entry.parameters);
  return {
    ...entry,
    path: locate({ ...entry, sources }, home),
    /** Of the first source; null for a bundled model. */
    downloadBytes: sizes[0] ?? null,
    trainingBytes: needed,
    fits: needed === null || needed <= free,
  };
}

function lineOf({ name, about, kind, licence, parameters, path, downloadBytes, ...needs }: Row): string {
  const size = `${(parameters / 1e6).toFixed(parameters < 1e7 ? 1 : 0)}M`;
  const download = downloadBytes === null ? "" : ` (${megabytes(downloadBytes)})`;
  const place = path ?? pc.yellow(`not pulled: lorafit pull ${name}${download}`);
  const memory =
    needs.trainingBytes === null
      ? ""
      : `; about ${megabytes(needs.trainingBytes)} of memory to train${needs.fits ? "" : pc.yellow(", more than is free here")}`;
  return `${pc.bold(name.padEnd(28))} ${kind.padEnd(8)} ${size.padStart(6)}  ${licence.padEnd(13)} ${place}\n${pc.dim(`  ${about}`)}${memory}`;
}
