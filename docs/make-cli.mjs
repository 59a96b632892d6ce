// Writes docs/cli.md from the verbs as they are built; --print writes to stdout instead. Run `npm run build` before.
import { writeFileSync } from "node:fs";
import { createContext } from "../dist/cli/terminal/context.js";
import { createProgram } from "../dist/cli/main.js";

const COMMON = new Set(["--json", "--quiet"]);
const JUDGED = "0 pass, 1 fail, 4 inconclusive";
const RESULT = {
  quickstart: "0 when it ran to its verdict, whatever that is",
  run: JUDGED,
  gate: JUDGED,
  sweep: "0, or 4 while other processes train parts",
  "sweep collect": "0, or 4 while other processes train parts",
  doctor: "0, or 6 when no engine works",
  release: "0, or 1 when it is refused",
  drift: "0 no drift, 1 drift, 4 too few queries",
  due: "0 not due, 1 due, 4 cannot say",
  inspect: "0, or 3 when a release is not as it was handed over, or a data file has no usable row",
};

const leaves = (command, path = []) =>
  command.commands.flatMap((verb) => {
    const name = [...path, verb.name()];
    const own = verb.commands.length === 0 || verb.registeredArguments.length > 0 ? [{ name: name.join(" "), verb }] : [];
    return [...own, ...leaves(verb, name)];
  });

const cell = (text) => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
const fallback = ({ mandatory, defaultValue: value }) => {
  if (mandatory && value === undefined) return "required";
  return value === undefined || (Array.isArray(value) && value.length === 0) ? "" : `\`${value}\``;
};
const about = ({ description, argChoices: choices }) =>
  cell(choices === undefined ? description : `${description} (${choices.join(", ")})`);

function section({ name, verb }) {
  const options = verb.options.filter(({ long }) => !COMMON.has(long));
  const words = verb.registeredArguments.map((argument) => (argument.required ? `<${argument.name()}>` : `[${argument.name()}]`));
  const rows = [
    ...verb.registeredArguments.map((argument) => `| \`${argument.name()}\` | ${about(argument)} | ${argument.required ? "required" : ""} |`),
    ...options.map((option) => `| \`${option.flags}\` | ${about(option)} | ${fallback(option)} |`),
  ];
  const table = rows.length === 0 ? [] : ["", "| argument or flag | meaning | default |", "| --- | --- | --- |", ...rows];
  return [
    `## ${name}`,
    "",
    `    ${["lorafit", name, ...words, "[flags]"].join(" ")}`,
    "",
    verb.description(),
    ...table,
    "",
    `Exit code: ${RESULT[name] ?? "0"}; on an error as in the table above.`,
  ].join("\n");
}

const verbs = leaves(createProgram(createContext(new AbortController().signal)));
const text = `# Commands

Made from the commands themselves by \`docs/make-cli.mjs\`; a test keeps it current.

TASK is a folder that holds a task.yaml, or the file itself; RUN is a folder under \`runs/\`, or a task folder for its newest
run. Both default to the current folder. Every verb also takes:

| flag | meaning |
| --- | --- |
| \`--help\` | its arguments and flags |
| \`--json\` | events and results as one JSON object a line on stdout; text for people goes to stderr |
| \`--quiet\` | only results and errors |

| exit code | meaning |
| --- | --- |
| 0 | done; the verdict is pass |
| 1 | the verdict is fail |
| 2 | the command line or task.yaml cannot be used |
| 3 | rows, cases, a model or an adapter cannot be used or are damaged |
| 4 | the verdict is inconclusive |
| 5 | things that do not belong together: lock, base, adapter, checkpoint, export |
| 6 | this machine: disk, permission, no engine; or a bug |
| 130 | interrupted; training leaves a checkpoint. A verb without a safe place to stop is ended by the signal itself |

An error is one line that says where and what, then a hint; several mistakes of one kind are listed together. With \`--json\`
it is also an event: \`{"event": "error", "kind", "message", "hint", "exit_code"}\`. \`LORAFIT_DEBUG=1\` adds the stack.
\`LORAFIT_HOME\` names the folder for models, files made from them and what \`lorafit setup\` installs (default \`~/.cache/lorafit\`).

${verbs.map(section).join("\n\n")}
`;

if (process.argv.includes("--print")) process.stdout.write(text);
else writeFileSync(new URL("cli.md", import.meta.url), text);
