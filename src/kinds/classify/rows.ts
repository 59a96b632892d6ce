import * as z from "zod";
import { IGNORED } from "../../data/encode.ts";
import { parsedBy, type RawRow, type RowFormat, rowText, type TrainingRow } from "../../data/row-format.ts";
import { didYouMean } from "../../suggest.ts";
import type { TaskSpec } from "../../task/schema.ts";

/** What rows of texts with labels depend on. */
export type ClassRows = Pick<TaskSpec, "class_weights"> & {
  readonly labels: readonly string[];
  readonly columns: { readonly text: string; readonly label: string };
};

const row = z.looseObject({ text: rowText, label: rowText });

/** Rows { text, label }, from JSONL or from the named columns of a CSV file. */
export function classRows({ labels, columns, class_weights: weights }: ClassRows): RowFormat {
  const classOf = new Map(labels.map((label, index) => [label, index]));
  return {
    shaped(raw) {
      const missing = [columns.text, columns.label].filter((name) => !(name in raw));
      // Rows that curation has written are in lorafit's own shape already.
      if (missing.length > 0 && "text" in raw && "label" in raw) return { shape: "text and label", raw };
      if (missing.length > 0)
        return { problem: `has no ${missing.join(" and no ")}; data.columns names the columns` };
      const { [columns.text]: text, [columns.label]: label, ...others } = raw;
      return { shape: "text and label", raw: { ...others, text, label: trimmed(label) } };
    },
    contentOf(raw: RawRow): TrainingRow["content"] | string {
      const parsed = parsedBy(row, raw);
      if (typeof parsed === "string") return parsed;
      const { text, label } = parsed;
      return classOf.has(label)
        ? { text, label }
        : `label: ${label} is no label of the task${didYouMean(label, labels)}`;
    },
    cutsAt: "end",
    encode({ content }, tokenizer, maxLength) {
      const { text, label } = content as { readonly text: string; readonly label: string };
      const whole = tokenizer.encodeWhole(text);
      const ids = whole.slice(0, maxLength);
      // The last token has seen all others.
      const targets = ids.map((_, t) => (t === ids.length - 1 ? classOf.get(label)! : IGNORED));
      return { ids, targets, truncated: whole.length - ids.length, answer: label };
    },
    questionsOf: ({ content }) =>
      "text" in content && content.label !== undefined
        ? [{ question: content.text, answer: content.label }]
        : [],
    weigher(rows, warn) {
      const counts = new Map(labels.map((label) => [label, 0]));
      for (const { content } of rows) {
        const { label } = content as { readonly label: string };
        counts.set(label, counts.get(label)! + 1);
      }
      for (const [label, count] of counts) if (count === 0) warn(`label ${label}: no row is trained on`);
      return ({ content }) => {
        const { label } = content as { readonly label: string };
        if (weights === "none") return 1;
        if (weights === "balanced") return rows.length / (labels.length * Math.max(1, counts.get(label)!));
        return weights[label] ?? 1;
      };
    },
  };
}

const trimmed = (label: unknown): unknown => (typeof label === "string" ? label.trim() : label);
