import { type Command, Option } from "commander";
import pc from "picocolors";
import { ROLES, type Role, signRun, standings } from "../workflow/release/sign.ts";
import type { Run } from "../workflow/run.ts";
import type { Context } from "./terminal/context.ts";
import { runOf } from "./terminal/task.ts";

interface Flags {
  readonly role: Role;
  readonly name: string;
  readonly note?: string;
}

export function addSign(program: Command, context: Context): void {
  program
    .command("sign")
    .description(
      "Record a sign-off on a run's verdict and artefact as they are now; a change of either voids it.",
    )
    .argument("[run]", "run directory, or a task folder for its newest run (default: here)")
    .addOption(
      new Option(
        "--role <role>",
        "lead: who trained; content: who owns policy and transcripts; qa: who judges",
      )
        .choices(Object.keys(ROLES))
        .makeOptionMandatory(),
    )
    .requiredOption("--name <name>", "who signs")
    .option("--note <text>", "kept with the sign-off and shown in the model card")
    .action((path: string | undefined, flags: Flags) => sign(runOf(path, context), flags, context));
}

async function sign(run: Run, flags: Flags, { output }: Context): Promise<void> {
  const { path, verdict } = run;
  const signOff = await signRun(run, flags);
  const open = standings(run, () => false).filter(
    ({ signOff, void: why }) => signOff === undefined || why !== undefined,
  );
  const left = open.map(({ role, void: why }) => (why === undefined ? role : `${role} (${why})`));
  output.result(
    {
      event: "signed",
      run: path,
      ...signOff,
      missing: open.map(({ role }) => role),
      releasable: verdict.verdict === "pass",
    },
    [
      `${pc.bold("sign")}: ${signOff.name} as ${ROLES[signOff.role]}, on the verdict ${pc.bold(signOff.verdict)} and artefact ${signOff.artifact_sha256.slice(0, 12)}…`,
      ...(left.length === 0 ? [] : [`still to sign: ${left.join(", ")}`]),
      verdict.verdict !== "pass"
        ? pc.yellow(
            `\`lorafit release\` will refuse this run, because its verdict is ${verdict.verdict}; only --override --reason TEXT releases it`,
          )
        : left.length === 0
          ? `all roles have signed: \`lorafit release ${path} --out DIR\` releases it`
          : `then \`lorafit release ${path} --out DIR\` releases it`,
    ].join("\n"),
  );
}
