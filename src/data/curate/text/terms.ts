import { conceptOf, kindOf, namePhrases } from "./concepts.ts";

/** Words without a matter of their own. */
const STOP = new Set(
  `a an the this that these those it its he she they them his her hers their theirs i im ive id me my mine we us our ours you your yours
  who whom whose what which when where why how is are was were be been being am do does did done doing have has had having
  can could may might must shall should will would wont cant dont doesnt didnt isnt arent not no nor and or but if so as than
  then too very just only also even still yet of in on at by for from to with without within into onto upon about over under
  up down out off again once here there now today tomorrow yesterday soon all any both each every few more most other another
  some such own same one ones two three four five six seven eight nine ten eleven twelve yes sure okay ok fine please thanks
  thank sorry afraid hi hello hey dear well oh yeah great happy glad welcome problem worries course certainly unfortunately
  really quite rather much many lot long little bit get gets got getting let lets go goes going come comes came coming make
  makes made take takes took taken taking put give gives given want wants wanted need needs needed like would know think see
  say says said tell ask use uses used using thing things something anything nothing everything someone anyone somebody
  anybody nobody none neither nor because while until till after before during between against through above below per via else ever never always
  often usually around almost first last next new old good bad possible allowed allow permitted entitle entitles entitled anywhere everywhere kind sort
  way time times day days week weeks month months year years hour hours minute minutes fortnight pound pounds euro euros
  percent limit period deadline exactly already ago yours whole full max maximum minimum least most able right away currently
  regard regarding simply actually maybe perhaps probably apply applies applied work works cannot theres youll well ill
  weve theyre youre were hes shes whats wheres hows didn doesn isn aren won don wasn weren hasn haven hadn couldn wouldn
  shouldn ve ll re`.split(/\s+/),
);

/** Irregular forms of common verbs. */
const IRREGULAR: Readonly<Record<string, string>> = Object.fromEntries(
  `sell sold, buy bought, pay paid, lend lent, send sent, hold held, build built, steal stole stolen, swim swam swum, eat ate eaten,
  drive drove driven driver, ride rode ridden, write wrote written, sleep slept, meet met, grow grew grown, fly flew flown, speak spoke spoken,
  choose chose chosen, spend spent, teach taught, throw threw thrown, hang hung, feed fed, bite bitten bit, tear torn tore, win won`
    .split(/,\s+/)
    .flatMap((forms) => {
      const [verb, ...others] = forms.split(" ");
      return others.map((form) => [form, verb!]);
    }),
);

/** Words that many matters share: on their own they do not say which. */
const GENERIC = new Set(
  `cost price charg fee pay paid payment money free item product thing order shop customer bring buy bought sell sold person
  people guest service start begin end include offer accept late book card cash each extra place number`
    .split(/\s+/)
    .map(stem),
);
/** The term of "free". */
export const FREE = stem("free");
/** Weight of a generic word beside 1 of another. */
const GENERIC_WEIGHT = 0.25;

/** A light stem: plural, participle and adverb endings go. */
export function stem(word: string): string {
  let s = word.replace(/['’]s?$/, "");
  s = IRREGULAR[s] ?? s;
  if (s.length > 4) s = s.replace(/ies$/, "y").replace(/(?<=ss|x|ch|sh|z)es$/, "");
  if (s.length > 3) s = s.replace(/(?<![su'])s$/, "");
  for (const ending of [/ation$/, /ance$/, /ment$/, /ness$/, /ing$/, /edly$/, /ed$/, /ly$/, /er$/, /e$/]) {
    const cut = s.replace(ending, "");
    if (cut !== s && cut.length >= 3 && /[aeiouy]/.test(cut)) {
      s = cut.replace(/([bdfgmnprt])\1$/, "$1");
      break;
    }
  }
  return s.length > 4 ? s.replace(/e$/, "") : s;
}

/** The words of a text that carry meaning, by concept or stem, in order. */
export function termList(text: string): string[] {
  const named = namePhrases(text.toLowerCase().replaceAll("’", "'"));
  return (named.match(/\p{L}[\p{L}\p{M}\p{N}'-]*[\p{L}\p{N}]|\p{L}/gu) ?? []).flatMap((word) => {
    const bare = word.replace(/^'+|'+$/g, "").replace(/'s$/, "");
    const concept = conceptOf(bare);
    if (concept !== undefined) return concept === "minor" ? [concept, "child"] : [concept];
    const kind = kindOf(bare);
    if (kind !== undefined) return [stem(bare), ...new Set([kind, kindOf(kind) ?? kind])];
    if (STOP.has(bare.replaceAll("'", "")) || bare.length < 2) return [];
    return bare.includes("-")
      ? [...new Set(bare.split("-").flatMap((part) => termList(part)))]
      : [stem(bare)];
  });
}

/** As a set. */
export function termsOf(text: string): Set<string> {
  return new Set(termList(text));
}

/** How much a word says about which matter is meant, before any counting. */
export function termWeight(term: string): number {
  return GENERIC.has(term) ? GENERIC_WEIGHT : 1;
}
