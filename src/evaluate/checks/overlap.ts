import * as z from "zod";
import { chrf as chrfScore } from "../metrics/chrf.ts";
import { rougeL as rougeLScore } from "../metrics/rouge-l.ts";
import { checkKind } from "./check.ts";

const text = z.string().min(1);

/** Similarity to the nearest reference, with a minimum. */
const overlap = (name: string, measure: (reference: string, candidate: string) => number) =>
  checkKind({
    schema: z.strictObject({
      reference: z.union([text, z.array(text).min(1)], { error: "expected a text or a list of texts" }),
      at_least: z.number().min(0).max(1),
    }),
    reads: () => "whole",
    judge({ reference, at_least }, answer) {
      const score = Math.max(...[reference].flat().map((one) => measure(one, answer.text)));
      const reason = `${name} ${score.toFixed(3)}, at least ${at_least} was asked`;
      return { score, passed: score >= at_least, reason };
    },
  });

export const rougeL = overlap("ROUGE-L", rougeLScore);
export const chrf = overlap("chrF", chrfScore);
