import { normalise } from "../../../embed/normalise.ts";
import type { TrainingRow } from "../../row-format.ts";
import { type Proposal, placeOf } from "../finding.ts";
import { texts } from "../text/text.ts";

/** Boilerplate of mail programs, ticket systems and legal departments. */
const ADDED: readonly (readonly [string, RegExp])[] = [
  [
    "a mail program's signature",
    /\bsent from my (?:i(?:phone|pad)|android|mobile|samsung|galaxy|phone|huawei|blackberry|tablet)|\bget outlook for (?:ios|android)|\bvon meinem \w+ gesendet/i,
  ],
  [
    "a quoted mail",
    /^-{2,} ?(?:original message|forwarded message|ursprüngliche nachricht)|^on .{5,80} wrote:|^(?:> ?\S.*\n){2,}|^from: .+\n(?:sent|date|to): /im,
  ],
  [
    "a confidentiality notice",
    /\b(?:this|the) (?:e-?mail|message|communication)\b[^.]{0,120}\b(?:confidential|privileged|intended (?:only|solely|recipient))|\bif you (?:are not|have received this)[^.]{0,60}\b(?:intended recipient|in error|by mistake)/i,
  ],
  [
    "a subscription notice",
    /\b(?:to|or) unsubscribe\b|^unsubscribe\b|\bmanage (?:your )?(?:email )?preferences\b|\bview (?:this|in|it in) (?:email )?(?:in )?(?:your )?browser\b/im,
  ],
  [
    "an automatic reply",
    /\b(?:this is an? (?:automated|automatic|auto)\b|do not reply to this|please do not reply|no-?reply@|automatische antwort)|\bi am (?:currently )?out of (?:the )?office\b/i,
  ],
  [
    "a ticket system's line",
    /\bplease type your reply above this line\b|\[ticket ?#?:? ?\w+\]|\bticket (?:status|has been (?:created|closed|updated))\b|\brate (?:this|our) (?:conversation|chat|support)\b|\bhow (?:did we do|would you rate)\b|\bchat (?:started|ended|transferred)\b/i,
  ],
  [
    "markup",
    /<\/?(?:div|span|p|br|table|td|tr|a|img|font|b|i|strong)\b[^>]*>|&(?:nbsp|amp|lt|gt|quot|#\d{2,5});/i,
  ],
];

/** A sentence in more than this share of the rows, and in at least this many, is filler that the model would learn by heart. */
const SHARE = 0.2;
const LEAST = 20;
/** Shorter ones, such as greetings, are how people write. */
const WORDS = 4;

/** Rows that carry what a program added, and sentences that very many rows share: those at their first row. */
export function boilerplate(rows: readonly TrainingRow[]): Proposal[] {
  const found = new Map<string, Proposal>();
  const propose = ({ file, line }: TrainingRow, evidence: string) => {
    found.set(placeOf({ file, line }), {
      kind: "boilerplate",
      file,
      line,
      evidence,
      severity: "warning",
      action: "review",
    });
  };
  const holders = new Map<string, { first: TrainingRow; rows: number; sentence: string }>();
  for (const row of rows) {
    const said = texts(row.content).filter(({ at }) => !isSystem(row, at));
    const added = said.flatMap(({ at, text }) =>
      ADDED.flatMap(([what, form]) => (form.test(text) ? [`${at} has ${what}`] : [])),
    );
    if (added.length > 0) propose(row, added[0]!);
    const sentences = new Map(
      said
        .flatMap(({ text }) => text.split(/(?<=[.!?])\s+|\n+/))
        .map((sentence) => [normalise(sentence), sentence] as const)
        .filter(([words]) => words.split(" ").length - 2 >= WORDS),
    );
    for (const [words, sentence] of sentences) {
      const known = holders.get(words);
      if (known === undefined) holders.set(words, { first: row, rows: 1, sentence });
      else known.rows++;
    }
  }
  for (const { first, rows: count, sentence } of holders.values()) {
    if (count < LEAST || count <= SHARE * rows.length || found.has(placeOf(first))) continue;
    propose(first, `${count} of ${rows.length} rows say ${JSON.stringify(sentence.slice(0, 80))}`);
  }
  return [...found.values()];
}

function isSystem({ content }: TrainingRow, at: string): boolean {
  return "messages" in content && at === "messages[0]" && content.messages[0]?.role === "system";
}
