import { normalise } from "../../../embed/normalise.ts";
import type { TrainingRow } from "../../row-format.ts";
import type { Proposal } from "../finding.ts";

/** A language of this share of the rows is one of the set's own. */
const OWN = 0.1;
/** Fewer letters say too little. */
const LETTERS = 15;

/** Rows of which one side is written in another language than the set. */
export async function foreignLanguages(rows: readonly TrainingRow[]): Promise<Proposal[]> {
  // Its database takes long to load.
  const { eld } = await import("eld/small");
  const languageOf = (text: string): string | undefined => {
    if ((text.match(/\p{L}/gu)?.length ?? 0) < LETTERS) return undefined;
    const result = eld.detect(text);
    return result.isReliable() ? result.language : undefined;
  };
  const spoken = rows.map((row) =>
    sidesOf(row).flatMap(({ side, text }) => {
      const language = languageOf(text);
      return language === undefined ? [] : [{ side, language, text }];
    }),
  );
  const counts = new Map<string, number>();
  for (const sides of spoken) {
    for (const language of new Set(sides.map(({ language }) => language))) {
      counts.set(language, (counts.get(language) ?? 0) + 1);
    }
  }
  const sure = spoken.filter((sides) => sides.length > 0).length;
  const own = [...counts].filter(([, count]) => count >= OWN * sure).map(([language]) => language);
  const known = vocabulary(rows.filter((_, i) => spoken[i]!.every(({ language }) => own.includes(language))));
  return rows.flatMap((row, i): Proposal[] => {
    const foreign = spoken[i]!.find(({ language, text }) => !own.includes(language) && !known(text));
    if (foreign === undefined || own.length === 0) return [];
    return [
      {
        kind: "language",
        file: row.file,
        line: row.line,
        evidence: `${foreign.side} is in ${nameOf(foreign.language)}; the set is in ${own.map(nameOf).join(" and ")}`,
        severity: "warning",
        action: "drop",
      },
    ];
  });
}

/** Share of a text's words that the set's own rows use, from which on it is not foreign, whatever its letters resemble. */
const SHARED_WORDS = 0.5;

/** True if most words of a text occur in these rows. */
function vocabulary(rows: readonly TrainingRow[]): (text: string) => boolean {
  const wordsOf = (text: string): string[] => normalise(text).trim().split(" ");
  const words = new Set(rows.flatMap((row) => sidesOf(row).flatMap(({ text }) => wordsOf(text))));
  return (text) => {
    const own = wordsOf(text);
    return own.filter((word) => words.has(word)).length >= SHARED_WORDS * own.length;
  };
}

function sidesOf({ content }: TrainingRow): { side: string; text: string }[] {
  if ("text" in content) return [{ side: "it", text: content.text }];
  return (["user", "assistant"] as const).map((role) => ({
    side: role === "user" ? "the customer's side" : "the answer",
    text: content.messages.flatMap((message) => (message.role === role ? message.content : [])).join(" "),
  }));
}

const names = new Intl.DisplayNames("en", { type: "language" });
function nameOf(language: string): string {
  return names.of(language) ?? language;
}
