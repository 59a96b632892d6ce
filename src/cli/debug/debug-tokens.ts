import { buffer as readAll } from "node:stream/consumers";
import type { Command } from "commander";
import type { RawRow } from "../../data/row-format.ts";
import { LorafitError } from "../../errors.ts";
import { jsonLines } from "../../formats/jsonl.ts";
import { contentOf } from "../../kinds/chat/rows.ts";
import { shaped } from "../../kinds/chat/shapes.ts";
import { spansOf } from "../../kinds/chat/spans.ts";
import { RenderedChat } from "../../tokens/rendered.ts";
import { loadTokenizer, type Tokenizer } from "../../tokens/tokenizer.ts";
import type { Context } from "../terminal/context.ts";
import { openBase } from "../terminal/task.ts";

/** debug tokens: the ids that training sees, to compare with any other tokenizer. */
export function addDebugTokens(debug: Command, context: Context): void {
  debug
    .command("tokens")
    .description(
      'Token ids by the code that training uses: for each JSON line {"text"} or {"messages"} on stdin one line {"ids"}, or {"error"}. No special tokens are added to a text; messages are rendered as in training, or as served when the user speaks last.',
    )
    .requiredOption("--model <model>", "base: folder, GGUF file or name")
    .action((flags: { model: string }) => run(flags.model, context));
}

async function run(model: string, context: Context): Promise<void> {
  const tokenizer = await loadTokenizer(openBase(model, context).tokenizerFiles());
  let failed = 0;
  for (const found of jsonLines(await readAll(process.stdin))) {
    const result = "problem" in found ? { error: found.problem } : resultOf(found.value, tokenizer);
    if ("error" in result) {
      failed++;
      result.error = `line ${found.line}: ${result.error}`;
    }
    context.output.result(result, JSON.stringify(result));
  }
  if (failed > 0)
    throw new LorafitError("data", `stdin: ${failed} lines have no ids; their errors are in the output`);
}

function resultOf(raw: RawRow, tokenizer: Tokenizer): { ids: number[] } | { error: string } {
  try {
    return { ids: idsOf(raw, tokenizer) };
  } catch (error) {
    if (LorafitError.is(error)) return { error: error.message };
    throw error;
  }
}

function idsOf(raw: RawRow, tokenizer: Tokenizer): number[] {
  if (typeof raw["text"] === "string" && Object.keys(raw).every((key) => key === "text")) {
    return tokenizer.encode(raw["text"]);
  }
  const row = shaped(raw);
  if ("problem" in row) throw new LorafitError("data", row.problem);
  const content = contentOf(row.raw, { answered: false });
  if (typeof content === "string") throw new LorafitError("data", content);
  if ("text" in content) {
    return tokenizer.encode(content.rendered === true ? new RenderedChat(content.text) : content.text);
  }
  const { messages } = content;
  if (messages.at(-1)!.role === "user") {
    return tokenizer.encode(tokenizer.renderChat(messages, { addGenerationPrompt: true }));
  }
  return spansOf({ content }, tokenizer, () => {}).flatMap(({ ids }) => ids);
}
