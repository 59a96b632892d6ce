import { inputsOf, outputsOf, type Program, type ValueId } from "./program.ts";

/**
 * The Program as text, one node a line:
 *   normed: f32[2,24,64], rstd: f32[2,24,1] = rmsNorm(x, w) {eps: 0.00001}
 */
export function printProgram(program: Program): string {
  const name = (id: ValueId): string => program.values[id]!.name;
  const typed = (id: ValueId): string => {
    const { dtype, shape } = program.values[id]!;
    return `${name(id)}: ${dtype}[${shape.join(",")}]`;
  };
  const lines = [`program ${program.name}`];
  for (const id of program.inputs) lines.push(`  input ${typed(id)}`);
  for (const id of program.weights) lines.push(`  weight ${typed(id)}`);
  for (const { value } of program.state) lines.push(`  state ${typed(value)}`);
  let scope: string | undefined;
  for (const node of program.nodes) {
    if (node.scope !== scope) {
      scope = node.scope;
      lines.push(`  # ${scope ?? "(top)"}`);
    }
    const attrs = Object.entries(node.attrs).map(([key, value]) => `${key}: ${brief(value)}`);
    const after = node.after === undefined ? "" : ` after ${name(node.after)}`;
    const tail = attrs.length > 0 ? ` {${attrs.join(", ")}}` : "";
    lines.push(
      `  ${outputsOf(node).map(typed).join(", ")} = ${node.op}(${inputsOf(node).map(name).join(", ")})${tail}${after}`,
    );
  }
  for (const { value, next } of program.state)
    if (value !== next) lines.push(`  next ${name(value)} = ${name(next)}`);
  lines.push(`  output ${program.outputs.map(name).join(", ")}`);
  return `${lines.join("\n")}\n`;
}

function brief(value: unknown): string {
  if (Array.isArray(value) && value.length > 4)
    return `[${value.slice(0, 2).map(brief).join(",")},… ${value.length}]`;
  return JSON.stringify(value);
}
