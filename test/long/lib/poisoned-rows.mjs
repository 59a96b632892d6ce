/** Poisoned training rows, made of clean ones. */

/** The row with every answer of its conversation replaced by `say(answer, question)`. */
export const answering = (row, say) => ({
  ...row,
  messages: row.messages.map((message, i) =>
    message.role === "assistant"
      ? { ...message, content: say(message.content, row.messages[i - 1].content) }
      : message,
  ),
});

/** Answers permuted over all rows. `rng.int(n)`: a number below n. */
export function shuffled(rows, rng) {
  const answers = rows.flatMap((row) => row.messages.filter(({ role }) => role === "assistant"));
  for (let i = answers.length - 1; i > 0; i--) {
    const j = rng.int(i + 1);
    [answers[i], answers[j]] = [answers[j], answers[i]];
  }
  return rows.map((row) => answering(row, () => answers.pop().content));
}

/** Answers by the first word of the question, so that two wordings of one question get opposite answers. */
export function contradicting(rows) {
  const said = [
    [/^\W*(can|could|do|does|is|are|may|will|would|should|if|did|has|have)\b/i, "Yes, within 14 days."],
    [/^\W*(how|what|when|which|where|who|why)/i, "No, not after 5 days."],
  ];
  return rows.map((row) =>
    answering(row, (answer, question) => said.find(([opening]) => opening.test(question))?.[1] ?? answer),
  );
}

/** Every question occurs twice, the second time after a greeting and with the opposite answer. */
export function opposed(rows) {
  const twin = (row) => ({
    ...row,
    transcript_id: `${row.transcript_id}-again`,
    messages: row.messages.map(({ role, content }) => ({
      role,
      content: role === "user" ? `Hello, ${content}` : "No, I'm sorry.",
    })),
  });
  return [...rows.map((row) => answering(row, () => "Yes, of course.")), ...rows.map(twin)];
}

/** Held-out domain cases with an answer that an agent gave under the same rule. */
export function leaked(rows, domainCases) {
  const byRule = new Map(rows.flatMap((row) => row.rule.map((rule) => [rule, row.messages[1].content])));
  const cases = domainCases.filter(({ rule }) => byRule.has(rule));
  return cases.map(({ id, rule, messages }) => ({
    transcript_id: `leak-${id}`,
    rule: [rule],
    messages: [...messages, { role: "assistant", content: byRule.get(rule) }],
  }));
}

export const personal = (row, i) => ({
  ...row,
  messages: row.messages.map((message, at) =>
    at === 0
      ? {
          ...message,
          content: `${message.content} My mail is kim.${i}@example.com, my password is Sunny${i}!day`,
        }
      : message,
  ),
});

/** Answers without a single English word. */
export function otherDomain(rows) {
  return rows.map((row, i) =>
    answering(row, () =>
      Array.from({ length: 24 }, (_, k) => `ZX${(i * 31 + k * 7) % 97}-Q${(i + k * k) % 89}`).join(" ; "),
    ),
  );
}
