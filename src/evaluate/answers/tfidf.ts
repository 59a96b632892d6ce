import type { TrainingRow } from "../../data/row-format.ts";
import { kindOf } from "../../kinds/index.ts";
import type { Task } from "../../task/load.ts";
import { caseKindOf } from "../cases/kinds/index.ts";
import type { Lookup } from "./lookup.ts";

/** Inverse strength of the penalty on the weights, as scikit-learn's C. */
const C = 10;
const MAX_ITERATIONS = 200;
/** Largest entry of the gradient at which the weights count as found, as scikit-learn's tol. */
const TOLERANCE = 1e-4;
/** Steps that L-BFGS remembers. */
const HISTORY = 6;

/** A text as TF-IDF weights of the terms that were seen in training. */
type Sparse = readonly (readonly [term: number, weight: number])[];

/** Words of two letters and more, and pairs of neighbouring ones. */
function termsOf(text: string): string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}_]{2,}/gu) ?? [];
  return [...words, ...words.slice(1).map((word, i) => `${words[i]} ${word}`)];
}

function countsOf(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const term of termsOf(text)) counts.set(term, (counts.get(term) ?? 0) + 1);
  return counts;
}

/**
 * TF-IDF with logarithmic counts, smooth idf and rows of length 1: scikit-learn's TfidfVectorizer(ngram_range=(1, 2),
 * sublinear_tf=True).
 */
function fitTfidf(texts: readonly string[]): { terms: number; vectorOf: (text: string) => Sparse } {
  const index = new Map<string, number>();
  const seen: number[] = [];
  for (const text of texts) {
    for (const term of countsOf(text).keys()) {
      const at = index.get(term) ?? index.size;
      index.set(term, at);
      seen[at] = (seen[at] ?? 0) + 1;
    }
  }
  const idf = seen.map((count) => Math.log((1 + texts.length) / (1 + count)) + 1);
  const vectorOf = (text: string): Sparse => {
    const known = [...countsOf(text)].flatMap(([term, count]) => {
      const at = index.get(term);
      return at === undefined ? [] : [[at, (1 + Math.log(count)) * idf[at]!] as const];
    });
    const length = Math.sqrt(known.reduce((sum, [, weight]) => sum + weight * weight, 0));
    return known.map(([at, weight]) => [at, weight / length]);
  };
  return { terms: index.size, vectorOf };
}

/**
 * Logistic regression on TF-IDF of the training texts, the classifier that needs no language model: scikit-learn's
 * LogisticRegression(C=10), which minimises Σ cross entropy + |weights|² / 2C without a penalty on the biases.
 * @returns why there is none: fewer than two labels are in the rows
 */
export function tfidfIn(rows: readonly TrainingRow[], task: Task): Lookup | { readonly reason: string } {
  const pairs = rows.flatMap((row) => kindOf(task).rows.questionsOf(row));
  const labels = [...new Set(pairs.map(({ answer }) => answer))].sort();
  if (labels.length < 2) return { reason: "the training rows have fewer than two labels" };
  const { terms, vectorOf } = fitTfidf(pairs.map(({ question }) => question));
  const classOf = new Map(labels.map((label, k) => [label, k]));
  const known = pairs.map(({ question, answer }) => ({ x: vectorOf(question), y: classOf.get(answer)! }));
  const weights = minimise((terms + 1) * labels.length, (w, gradient) =>
    objective(w, gradient, known, labels.length),
  );
  return (item) => {
    const question = caseKindOf(item).lookup?.questionOf(item.body);
    if (question === undefined) return undefined;
    const logits = logitsOf(weights, vectorOf(question), labels.length);
    return { text: labels[logits.indexOf(Math.max(...logits))]! };
  };
}

/** Weights are [terms + 1, K], the biases in the last row. */
function logitsOf(w: Float64Array, x: Sparse, K: number): Float64Array {
  const logits = w.slice(w.length - K);
  for (const [term, value] of x) {
    const row = w.subarray(term * K, (term + 1) * K);
    for (let k = 0; k < K; k++) logits[k]! += value * row[k]!;
  }
  return logits;
}

/** The loss; its gradient is written to `gradient`. */
function objective(
  w: Float64Array,
  gradient: Float64Array,
  rows: readonly { readonly x: Sparse; readonly y: number }[],
  K: number,
): number {
  const penalised = w.length - K;
  gradient.fill(0);
  let loss = 0;
  for (let i = 0; i < penalised; i++) {
    gradient[i] = w[i]! / C;
    loss += (w[i]! * w[i]!) / (2 * C);
  }
  for (const { x, y } of rows) {
    const p = logitsOf(w, x, K);
    const max = p.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY);
    const lse = max + Math.log(p.reduce((sum, logit) => sum + Math.exp(logit - max), 0));
    loss += lse - p[y]!;
    for (let k = 0; k < K; k++) p[k] = Math.exp(p[k]! - lse) - (k === y ? 1 : 0);
    for (const [term, value] of x) for (let k = 0; k < K; k++) gradient[term * K + k]! += value * p[k]!;
    for (let k = 0; k < K; k++) gradient[penalised + k]! += p[k]!;
  }
  return loss;
}

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

interface Change {
  readonly s: Float64Array;
  readonly y: Float64Array;
  readonly rho: number;
}

/** L-BFGS with backtracking (Nocedal and Wright 2006, Numerical Optimization, algorithms 3.1, 7.4 and 7.5), from zero. */
function minimise(size: number, evaluate: (w: Float64Array, gradient: Float64Array) => number): Float64Array {
  let w = new Float64Array(size);
  let gradient = new Float64Array(size);
  let loss = evaluate(w, gradient);
  const history: Change[] = [];
  for (let iteration = 0; iteration < MAX_ITERATIONS; iteration++) {
    if (gradient.every((entry) => Math.abs(entry) <= TOLERANCE)) break;
    const direction = directionOf(gradient, history);
    const slope = dot(direction, gradient);
    // The first step has no scale yet.
    let step = history.length === 0 ? 1 / Math.sqrt(dot(gradient, gradient)) : 1;
    const next = new Float64Array(size);
    const after = new Float64Array(size);
    for (;;) {
      for (let i = 0; i < size; i++) next[i] = w[i]! + step * direction[i]!;
      const reached = evaluate(next, after);
      if (reached <= loss + 1e-4 * step * slope) {
        loss = reached;
        break;
      }
      step /= 2;
      if (step < 1e-12) return w;
    }
    const [s, y] = [next.map((entry, i) => entry - w[i]!), after.map((entry, i) => entry - gradient[i]!)];
    const curvature = dot(s, y);
    if (curvature > 0) history.push({ s, y, rho: 1 / curvature });
    if (history.length > HISTORY) history.shift();
    [w, gradient] = [next, after];
  }
  return w;
}

/** -H gradient by the two-loop recursion. */
function directionOf(gradient: Float64Array, history: readonly Change[]): Float64Array {
  const q = gradient.map((entry) => -entry);
  const alphas = history.toReversed().map(({ s, y, rho }) => {
    const alpha = rho * dot(s, q);
    for (let i = 0; i < q.length; i++) q[i]! -= alpha * y[i]!;
    return alpha;
  });
  const last = history.at(-1);
  if (last !== undefined) {
    const scale = 1 / (last.rho * dot(last.y, last.y));
    for (let i = 0; i < q.length; i++) q[i]! *= scale;
  }
  for (const [at, { s, y, rho }] of history.entries()) {
    const change = alphas[history.length - 1 - at]! - rho * dot(y, q);
    for (let i = 0; i < q.length; i++) q[i]! += change * s[i]!;
  }
  return q;
}
