/** Lower case, everything but letters and digits to one space, one space on each side. */
export const normalise = (text) =>
  ` ${text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim()} `;

/** The set of character 5-grams of the normalised text. */
export function shingles(text) {
  const plain = normalise(text);
  const set = new Set();
  for (let i = 0; i + 5 <= plain.length; i++) set.add(plain.slice(i, i + 5));
  return set;
}

/** Jaccard similarity of two sets, 0 to 1. */
export function jaccard(a, b) {
  let shared = 0;
  for (const gram of a) if (b.has(gram)) shared++;
  return shared / (a.size + b.size - shared || 1);
}

export const conversation = (messages) => messages.map((m) => m.content).join(" ");
export const customerSide = (messages) => conversation(messages.filter((m) => m.role === "user"));
