import type { Command } from "commander";
import pc from "picocolors";
import { locate, readCatalog } from "../model/catalog.ts";
import type { Context } from "./terminal/context.ts";

export function addModels(program: Command, context: Context): void {
  program
    .command("models")
    .description(
      "List the models known by name with their paths: bases, and an embedder that compares texts.",
    )
    .action(() => {
      const rows = readCatalog().map((entry) => ({ ...entry, path: locate(entry, context.home) }));
      const models = rows.map(({ sources: _, ...row }) => row);
      context.output.result({ event: "models", models, home: context.home }, rows.map(lineOf).join("\n"));
    });
}

interface Row {
  readonly name: string;
  readonly about: string;
  readonly kind: string;
  readonly licence: string;
  readonly parameters: number;
  readonly path: string | null;
}

function lineOf({ name, about, kind, licence, parameters, path }: Row): string {
  const size = `${(parameters / 1e6).toFixed(parameters < 1e7 ? 1 : 0)}M`;
  const place = path ?? pc.yellow(`not pulled: lorafit pull ${name}`);
  return `${pc.bold(name.padEnd(24))} ${kind.padEnd(8)} ${size.padStart(6)}  ${licence.padEnd(13)} ${place}\n${pc.dim(`  ${about}`)}`;
}
