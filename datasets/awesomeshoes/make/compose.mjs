// Turns the hand-written lists into clean transcripts: every wording at least once, more where a rule needs them.
import fit from "./fit.mjs";
import handOver from "./hand-over.mjs";
import lookAlikes from "./look-alikes.mjs";
import refunds from "./refunds.mjs";
import returns from "./returns.mjs";
import { conversation, customerSide, jaccard, shingles } from "./similarity.mjs";
import * as voices from "./voices.mjs";

const lines = (text) => text.trim().split("\n");
const names = Object.keys(voices.agents);

/** Name of a section ("R12", "R12 past") -> its rule, customer wordings, follow-up wordings and the agents' answers. */
export const sections = Object.fromEntries(
  Object.entries({ ...fit, ...returns, ...refunds, ...handOver }).map(([name, s]) => [
    name,
    {
      ...s,
      rule: name.split(" ")[0],
      asks: lines(s.asks),
      followUps: s.followUps ? lines(s.followUps) : [],
      answers: Object.fromEntries(lines(s.answers).map((line) => line.split(/: (.*)/, 2))),
    },
  ]),
);

const fits = ["R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R10", "R11"];
/** Which section may be asked about next, once a section has been answered. */
const next = {
  ...Object.fromEntries(fits.map((r) => [r, [...fits.filter((f) => f !== r), "R12", "R13", "R26"]])),
  R12: ["R13", "R14", "R15", "R16", "R17", "R22", "R23", "R26"],
  "R12 within": ["R13", "R15", "R16", "R17", "R18", "R20", "R22"],
  "R12 past": ["R26 person"],
  R13: ["R12", "R14", "R15", "R16", "R17", "R24", "R26"],
  "R13 worn": ["R26 person", "R24"],
  R14: ["R26 person", "R26"],
  R15: ["R12", "R13", "R16", "R17", "R18"],
  R16: ["R12", "R13", "R15", "R17", "R18", "R20", "R26"],
  R17: ["R13", "R15", "R18", "R19", "R20", "R26"],
  R18: ["R12", "R15", "R16", "R17", "R20"],
  R19: ["R14", "R15", "R16", "R18", "R23", "R24"],
  R20: ["R21", "R22", "R25", "R26"],
  R21: ["R20", "R22", "R25", "R26"],
  R22: ["R12", "R15", "R16", "R20"],
  R23: ["R15", "R16", "R26 person"],
  R24: ["R26"],
  R25: ["R20", "R21", "R26"],
  R26: [],
  "R26 person": [],
};
const critical = ["R12", "R13", "R14", "R15", "R24", "R25", "R26"];
const atLeast = (rule) => (critical.includes(rule) ? 38 : 25);

/** Uniform numbers in [0, 1) from a seed (mulberry32). */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
export const pick = (list, draw) => list[Math.floor(draw() * list.length)];

/** A wording with product, colour and sizes put in; decorated, with a greeting or a thank-you as people write them in a chat. */
export function fill(wording, product, draw, decorate = false) {
  const european = draw() < 0.7;
  const size = european ? 37 + Math.floor(draw() * 9) : 4 + Math.floor(draw() * 7);
  const colour = pick(voices.colours, draw);
  const casual = /^[a-z]/.test(wording);
  const text = wording
    .replace(/\{p(?::(\w+))?\}/g, (_, kind) => {
      const name = pick(voices.products[kind ?? product], draw);
      return casual ? name.toLowerCase() : name;
    })
    .replaceAll("{c}", colour)
    .replaceAll("{s}", size)
    .replaceAll("{t}", size + 1)
    .replaceAll("{h}", `${size}.5`);
  const sentence = text[0].toUpperCase() + text.slice(1);
  if (!decorate) return casual || !wording.startsWith("{") ? text : sentence;
  const greeting = pick(voices.greetings.chat, draw);
  const closed = /[.?!)]$/.test(text) ? text : `${text},`;
  return draw() < 0.5 ? `${greeting} ${text}` : `${closed} ${pick(voices.partings.chat, draw)}`;
}

function question(section, wording, draw, plain) {
  const { product, careful } = sections[section];
  if (wording.startsWith("@")) return { channel: "phone note", text: fill(wording.slice(1), product, draw) };
  const text = fill(wording, product, draw);
  if (draw() < 0.3 && /^[A-Z]/.test(wording)) {
    const aside = !careful && draw() < 0.35 ? `${pick(voices.asides, draw)} ` : "";
    const parting = draw() < 0.7 ? `\n${pick(voices.partings.email, draw)}` : "";
    const closed = /[.?!)]$/.test(text) ? text : `${text}.`;
    return { channel: "email", text: `${pick(voices.greetings.email, draw)}\n${aside}${closed}${parting}` };
  }
  const lower = draw() < 0.12 ? text.toLowerCase().replace(/[.?]$/, "") : text;
  const greeting = !plain || draw() < 0.2 ? `${pick(voices.greetings.chat, draw)} ` : "";
  const closed = /[.?!)]$/.test(lower) ? lower : `${lower},`;
  const parting = draw() < (plain ? 0.15 : 0.5) ? ` ${pick(voices.partings.chat, draw)}` : "";
  const body = parting ? closed + parting : lower;
  return { channel: "chat", text: greeting.endsWith(", ") ? greeting + afterComma(body) : greeting + body };
}

const productNames = new Set(
  Object.values(voices.products)
    .flat()
    .map((name) => name.split(" ")[0]),
);
const afterComma = (text) =>
  /^[A-Z][a-z]/.test(text) && !productNames.has(text.split(" ")[0])
    ? text[0].toLowerCase() + text.slice(1)
    : text;

/** The agent's answer: an opener and a closer of their own around the wording that they always use. */
export function reply(section, agent, channel, draw) {
  const { careful, answers } = sections[section];
  const { openers, closers } = voices.agents[agent];
  const opener = draw() < 0.35 ? `${careful ? voices.carefulOpeners[agent] : pick(openers, draw)} ` : "";
  const fitting = closers.filter((closer) => channel === "email" || !closer.includes(agent));
  const closer = !careful && draw() < 0.2 ? ` ${pick(fitting, draw)}` : "";
  return `${opener}${answers[agent]}${closer}`;
}

function transcript(section, wording, draw, plain) {
  const agent = pick(names, draw);
  const { topic, rule } = sections[section];
  const { channel, text } = question(section, wording, draw, plain);
  const messages = [
    { role: "user", content: text },
    { role: "assistant", content: reply(section, agent, channel, draw) },
  ];
  const item = { section, wording, channel, agent, topic, rule: [rule], messages };
  const choice = draw();
  if (channel === "chat" && choice < 0.3 && next[section].length > 0) {
    const following = pick(next[section], draw);
    const follow = sections[following];
    messages.push(
      { role: "user", content: fill(pick(follow.followUps, draw), follow.product, draw) },
      { role: "assistant", content: follow.answers[agent] },
    );
    if (follow.rule !== rule) item.rule.push(follow.rule);
  } else if (channel === "chat" && choice < 0.38 && !sections[section].careful) {
    const [thanks, goodbye] = pick(voices.goodbyes, draw);
    messages.push({ role: "user", content: thanks }, { role: "assistant", content: goodbye[agent] });
  }
  if (section === "R12 within") item.thirtyDays = asOf2024(messages, agent);
  return item;
}

/** The first answer as an agent would have given it under the policy of 2024, when all these customers were too late. */
function asOf2024([first, , ...rest], agent) {
  return [first, { role: "assistant", content: sections["R12 past"].answers[agent] }, ...rest];
}

/** All clean transcripts, no two of which are nearly the same, neither as a whole nor on the customer's side. */
export function compose(seed = 31) {
  const draw = random(seed);
  const accepted = [];
  const seen = [];
  const add = (section, wording) => {
    for (let attempt = 0; attempt < 40; attempt++) {
      const item = transcript(section, wording, draw, attempt < 8);
      const whole = shingles(conversation(item.messages));
      const asked = shingles(customerSide(item.messages));
      const opening = shingles(item.messages[0].content);
      const close = (s) =>
        jaccard(s.opening, opening) >= 0.72 ||
        jaccard(s.asked, asked) >= 0.72 ||
        jaccard(s.whole, whole) >= 0.72;
      if (seen.some(close)) continue;
      seen.push({ whole, asked, opening });
      accepted.push(item);
      return true;
    }
    return false;
  };
  const wordings = [
    ...Object.entries(sections).flatMap(([section, { asks }]) => asks.map((ask) => [section, ask])),
    ...lookAlikes,
  ];
  for (const [section, wording] of wordings) {
    if (!add(section, wording)) throw new Error(`too close to another wording: ${section}: ${wording}`);
  }
  const count = (rule) => accepted.filter((item) => item.rule.includes(rule)).length;
  for (const [section, { rule, asks }] of Object.entries(sections)) {
    for (let tries = 0; count(rule) < atLeast(rule) && tries < 500; tries++) add(section, pick(asks, draw));
  }
  return accepted;
}
