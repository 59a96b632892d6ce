// Plants the defects of defects.mjs, and duplicates, among the clean transcripts. A planted item carries
// defects: [{kind, note, twin?, reason?}]; with a reason, the content owner decided to drop it.
import { pick, random, reply, sections } from "./compose.mjs";
import * as defects from "./defects.mjs";
import { conversation, customerSide, jaccard, normalise, shingles } from "./similarity.mjs";

const user = (content) => ({ role: "user", content });
const assistant = (content) => ({ role: "assistant", content });
const rest = (agent, topic, rule = []) => ({ channel: "chat", agent, topic, rule });
const names = Object.keys(sections.R1.answers);

export function plant(clean, seed = 5) {
  const draw = random(seed);
  const shuffled = shuffle([...clean, ...written(draw)], draw);
  for (const index of [40, 190, 333, 471, 560]) {
    const item = shuffled[index];
    if (!item.defects) item.messages = [{ role: "system", content: defects.system }, ...item.messages];
  }
  const twins = shuffle(
    clean.filter((item) => item.messages.length === 2 && item.channel !== "phone note"),
    draw,
  );
  const copies = [...exact(twins.splice(0, 12)), ...near(twins, 15, draw), ...conflicts(twins)];
  for (const copy of copies) {
    const after = shuffled.indexOf(copy.defects[0].twin ?? copy.defects[1].twin) + 1;
    shuffled.splice(after + Math.floor(draw() * (shuffled.length - after + 1)), 0, copy);
  }
  return shuffled;
}

/** Everything in defects.mjs but what needs a clean twin. */
function written(draw) {
  const { outdated, rude, wrong, personal, secrets, improvised, cutOff, empty, foreign } = defects;
  return [
    ...outdated.map(([q, agent, a]) =>
      dropped(
        rest(agent, "returns", ["R12"]),
        [user(q), assistant(a)],
        "outdated-policy",
        "30 days: the period of the 2024 policy",
      ),
    ),
    ...rude.map(([q, agent, a]) =>
      dropped(
        rest(agent, "other"),
        [user(q), assistant(a)],
        "rude-agent",
        "blames or mocks the customer (R27)",
      ),
    ),
    ...wrong.map(([q, agent, a, rule]) =>
      dropped(
        rest(agent, sections[rule].topic, [rule]),
        [user(q), assistant(a)],
        "wrong-answer",
        `contradicts ${rule}`,
      ),
    ),
    ...improvised.map(([q, agent, a]) =>
      dropped(
        rest(agent, "other"),
        [user(q), assistant(a)],
        "out-of-scope",
        "improvises instead of handing over (R26)",
      ),
    ),
    ...personal.map(([q, section, kind, a]) => withDatum(q, section, "personal-data", kind, a, draw)),
    ...secrets.map(([q, section]) => withDatum(q, section, "secret", "password", undefined, draw)),
    ...cutOff.map(([q, agent, a]) => cut(q, agent, a)),
    ...empty.map(([q, a, agent]) =>
      dropped(rest(agent, "other"), [user(q), assistant(a)], "format", "empty turn"),
    ),
    ...foreign.map(([code, q, a, agent]) =>
      dropped(rest(agent, "other"), [user(q), assistant(a)], "language", code),
    ),
    ...malformed(),
  ];
}

const dropped = (head, messages, kind, note) => ({
  ...head,
  messages,
  defects: [{ kind, note, reason: `${kind}: ${note}` }],
});

function withDatum(q, section, kind, note, answer, draw) {
  const agent = pick(names, draw);
  const { topic, rule } = sections[section];
  const messages = [user(q), assistant(answer ?? reply(section, agent, "chat", draw))];
  return { ...rest(agent, topic, [rule]), messages, defects: [{ kind, note }] };
}

function cut(q, agent, a) {
  const messages = a ? [user(q), assistant(a)] : [user(q)];
  return dropped(
    rest(agent ?? "Dev", "other"),
    messages,
    "cut-off",
    a ? "the agent's sentence breaks off" : "ends with the customer",
  );
}

function malformed() {
  const note = { role: "supervisor", content: "Please tag this one, thanks." };
  const q = "Hi, can I pick another colour for my walkers?";
  const a = "The exchange is free, size or colour. One for each order.";
  return [
    dropped(rest("Tom", "exchanges", ["R19"]), [user(q), assistant(a), note], "format", "unknown role"),
    dropped(
      rest("Priya", "fit", ["R8"]),
      [{ role: "bot_v1", content: "Welcome! Choose 1 for fit, 2 for returns." }, user("2")],
      "format",
      "unknown role",
    ),
    {
      ...rest("Lucy", "other"),
      defects: [{ kind: "format", note: "messages missing", reason: "format: messages missing" }],
    },
    dropped(rest("Henrik", "other"), null, "format", "messages missing"),
  ];
}

/** Exact duplicates; four of them in other case or spacing. */
function exact(twins) {
  const spaced = (m) => ({ ...m, content: `  ${m.content.replace(/ /, "  ")} ` });
  const shouted = (m) => (m.role === "user" ? { ...m, content: m.content.toUpperCase() } : m);
  return twins.map((twin, i) => {
    const change = i < 2 ? spaced : i < 4 ? shouted : (m) => m;
    const note = i < 2 ? "other spacing" : i < 4 ? "other case" : "same text";
    return copy(twin, twin.messages.map(change), { kind: "exact-duplicate", note });
  });
}

const edits = [
  (t) => t.replace(/\bI'm\b/, "I am").replace(/\bdon't\b/, "do not"),
  (t) => t.replace(/\?(?=[^?]*$)/, " please?"),
  (t) => t.replace(/\b(\w{2,4})(\w)(\w)(\w{2,})\b/, "$1$3$2$4"),
  (t) => t.replace(/^(Hi|Hello|Good morning),\n/, "$1 again,\n"),
];

/** Copies with a small edit on the customer's side, similar by 0.85 or more. */
function near(twins, count, draw) {
  const found = [];
  while (found.length < count) {
    const twin = twins.shift();
    const messages = edited(twin, draw);
    if (jaccard(shingles(conversation(messages)), shingles(conversation(twin.messages))) < 0.85) continue;
    found.push(
      copy(twin, messages, {
        kind: "near-duplicate",
        note: "small edit",
        reason: "near-duplicate: says the same as its twin",
      }),
    );
  }
  return found;
}

function edited(twin, draw) {
  const [question, ...others] = twin.messages;
  const changed = edits
    .slice(Math.floor(draw() * edits.length))
    .map((edit) => edit(question.content))
    .find((text) => normalise(text) !== normalise(question.content));
  return [user(changed ?? `${question.content} thanks again`), ...others];
}

/** The period of 2024 stated to nearly the same question as a clean transcript answers rightly. */
function conflicts(twins) {
  const suitable = twins.filter((t) => t.section === "R12" && /.{50}\?/s.test(customerSide(t.messages)));
  return defects.outdatedConflicts.map(([agent, answer], i) => {
    const twin = suitable[i];
    twin.keep = "states the period of the policy in force";
    const messages = [user(edits[1](twin.messages[0].content)), assistant(answer)];
    const reason = "outdated-policy: 30 days: the period of the 2024 policy";
    return {
      ...copy(twin, messages, { kind: "conflict", note: "the twin says 60 days" }),
      agent,
      defects: [
        { kind: "outdated-policy", note: "30 days: the period of the 2024 policy", reason },
        { kind: "conflict", note: "the twin says 60 days", twin },
      ],
    };
  });
}

function copy(twin, messages, defect) {
  const { channel, agent, topic, rule } = twin;
  return { channel, agent, topic, rule, messages, defects: [{ ...defect, twin }] };
}

function shuffle(list, draw) {
  const items = [...list];
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(draw() * (i + 1));
    [items[i], items[j]] = [items[j], items[i]];
  }
  return items;
}
