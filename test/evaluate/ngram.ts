import { createHash } from "node:crypto";
import type { EvaluatedModel } from "../../src/evaluate/answers/model.ts";
import { createRng } from "../../src/rng.ts";
import type { Message } from "../../src/tokens/chat-template.ts";

const END = 0;
const START = 1;
const SPECIAL = ["<end>", "<start>", "<user>", "<assistant>", "<system>"];
const ORDER = 4;

/** Words known to every model of one vocabulary. */
export class Vocabulary {
  readonly words: string[] = [...SPECIAL];
  readonly ids = new Map(SPECIAL.map((word, id) => [word, id]));

  id(word: string): number {
    const known = this.ids.get(word);
    if (known !== undefined) return known;
    this.ids.set(word, this.words.length);
    this.words.push(word);
    return this.words.length - 1;
  }

  encode(text: string): number[] {
    return (text.match(/<\w+>|[\w']+|[^\w\s]/g) ?? []).map((word) => this.id(word));
  }

  decode(ids: readonly number[]): string {
    return ids
      .filter((id) => id >= SPECIAL.length)
      .map((id) => this.words[id]!)
      .join(" ")
      .replace(/ ([^\w\s])/g, "$1");
  }
}

const renderChat = (
  messages: readonly Message[],
  { addGenerationPrompt }: { addGenerationPrompt: boolean },
) =>
  messages.map(({ role, content }) => `<${role}> ${content} <end> `).join("") +
  (addGenerationPrompt ? "<assistant>" : "");

/** A word model with interpolated counts up to four words: small, real, and trained in no time. */
export function ngramModel(
  vocabulary: Vocabulary,
  conversations: readonly (readonly Message[])[],
  texts: readonly string[] = [],
): EvaluatedModel & { batches: number[] } {
  const counts = new Map<string, Map<number, number>>();
  const learn = (ids: readonly number[]) => {
    for (let i = 1; i < ids.length; i++) {
      for (let n = 0; n < ORDER; n++) {
        const key = ids.slice(Math.max(0, i - n), i).join();
        const next = counts.get(key) ?? new Map<number, number>();
        counts.set(key, next.set(ids[i]!, (next.get(ids[i]!) ?? 0) + 1));
      }
    }
  };
  for (const messages of conversations) {
    learn(vocabulary.encode(renderChat(messages, { addGenerationPrompt: false })));
  }
  for (const text of texts) learn([START, ...vocabulary.encode(text), END]);

  const probability = (past: readonly number[], id: number): number => {
    let p = 1 / 1000;
    for (let n = 0; n < ORDER; n++) {
      const next = counts.get(past.slice(past.length - n).join());
      const total = next === undefined ? 0 : [...next.values()].reduce((a, b) => a + b, 0);
      p = ((next?.get(id) ?? 0) + 0.2 * p) / (total + 0.2);
    }
    return p;
  };
  const batches: number[] = [];
  return {
    batches,
    sha256: createHash("sha256")
      .update(JSON.stringify([...counts].map(([k, v]) => [k, [...v]])))
      .digest("hex"),
    config: { maxPositions: 64, bosId: START, eosIds: [END] },
    tokenizer: {
      controlIn: () => undefined,
      answerMarkup: (content) => content,
      encode: (text) => vocabulary.encode(String(text)),
      encodeWhole: (text) => vocabulary.encode(text),
      decode: (ids) => vocabulary.decode(ids),
      renderChat,
    },
    async generate(prompts, { maxNewTokens, temperature, seed }) {
      batches.push(prompts.length);
      const rng = createRng(seed);
      return prompts.map((prompt) => {
        const ids: number[] = [];
        while (ids.length < maxNewTokens) {
          const past = [...prompt, ...ids];
          const scored = vocabulary.words.map((_, id) => ({ id, p: probability(past, id) }));
          const best = scored.reduce((a, b) => (b.p > a.p ? b : a));
          let u = rng.next() * scored.reduce((total, { p }) => total + p, 0);
          const drawn = scored.find(({ p }) => {
            u -= p;
            return u < 0;
          });
          const id = temperature === 0 ? best.id : (drawn ?? best).id;
          if (id === END) return { ids, finish: "stop" as const };
          ids.push(id);
        }
        return { ids, finish: "length" as const };
      });
    },
    async logLikelihood(rows) {
      batches.push(rows.length);
      return rows.map(({ ids, from }) => {
        let sum = 0;
        for (let i = from; i < ids.length; i++) sum += Math.log(probability(ids.slice(0, i), ids[i]!));
        return { sum, count: ids.length - from };
      });
    },
  };
}
