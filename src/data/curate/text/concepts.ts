/**
 * Everyday words for the same matter, as shops and their customers use them. The words after a colon all count as the one before
 * it; those after ">" are kinds of it, which count as themselves and as it. A trailing * takes any ending; a * between words
 * spans up to three others.
 */
const SYNONYMS = `
refund: money back, get * back my money, paid back, pay back, pays back, pay me back, pay you back, get back my money, refund*, reimburse*, repaid, repay*
return: send * back, sent * back, post * back, ship * back, mail * back, bring * back, brought * back, give * back, gave * back, given * back, take * back, took * back, taken * back, go* back, hand * back, return*
exchange: exchang*, swap*, trade-in, trade in, part exchange
cancel: cancel*, call * off, called off, call off, no-show
warranty: warrant*, guarantee*
deliver: deliver*, carriage, shipping, shipped, ships, ship, dispatch*, postage, home delivery
collect: collect*, pick* up, pick-up, pickup, fetch*
book: book, booked, booking*, books in, reserve*, reservation*
appointment: appointment*, time slot, slot
deposit: deposit*, down payment, up front, upfront, prepay*, in advance, as security, security for, caution money
discount: discount*, reduction*, rebate*, % off, percent off, per cent off, money off, reduced price, save, saves, saving
member: member*, club, subscriber*, loyalty
voucher: voucher*, gift card*, giftcard*, gift certificate*, coupon*
child: child*, kid, kids, baby, babies, toddler*, son, daughter, boy, girl, infant*, grandson, granddaughter, little one
minor: underage, minor, minors, teenager*, 12 year*, 13 year*, 14 year*, 15 year*, 16 year*, 17 year*, i'm 14, i'm 15, i'm 16, i'm 17, i am 14, i am 15, i am 16, i am 17, under 16, under 18, under eighteen, under sixteen
adult: adult*, grown-up*, over 18, guardian*, parent*
pet> dog, dogs, cat, cats, kitten*, rabbit*, hamster*, parrot*
dog> puppy, puppies, labrador*, beagle*, poodle*, terrier*, spaniel*, dachshund*, collie*, hound*, retriever*
luggage: luggage, bag, bags, suitcase*, baggage, backpack*, rucksack*
smoke: smok*, cigarette*, vape, vaping, vapes
repair: repair*, fix, fixes, fixed, fixing, mend, mends, mended
proof: receipt*, proof of purchase, proof, invoice*, bill, papers, sales slip
student: student*, university, pupil*, college
senior: senior*, pensioner*, over 65, over 60
wait: waiting time, queue*
noise: quiet, noise, noisy, loud
late: late, later, lateness, delay*, overdue
lost: lost, forgot, forgotten, left behind, lost property, lost-and-found
bicycle: bicycle*, bike*, cycle, cycles
phone: smartphone*, mobile, mobiles, handset*, cellphone*, phone*
phone> iphone*
tablet> ipad*
headphone: earbud*, earphone*, headset*, headphone*
valid: valid, validity, expir*, laps*, run out, runs out, runs * out, redeem*
laptop> macbook*, chromebook*
console> xbox, playstation*, nintendo
television: tv, tvs, television*
screen: screen*, display*
linen: linen, sheets, sheet, bedding, bedclothes
car> vehicle*, van, vans, automobile*, suv
shoe> sneaker*, trainer*, boot*, sandal*, loafer*, runners, heels, slippers
parcel: parcel*, package, packages
night: night, nights, overnight
allergy: allerg*, intoleran*
alcohol> beer, wine, spirits, whisky, vodka
card: debit card*, credit card*, by card
cash: cash
faulty: faulty, defective, broken, defect*, damaged, damage
used: second-hand, second hand, secondhand, pre-owned, used, worn
share: share, shares, shared, sharing, pass * on, give him, give her, give them, lend it, tell him, tell her, tell them
labour: work in, works in, working in, work at, working at, work there, working there, work from
unused: unused, unworn, never worn, not worn, never used, brand-new
opened: opened, seal * broken, broken seal, broke * seal, unsealed, unpacked, open box, unwrapped
unopened: unopened, sealed, still wrapped, unbroken seal, seal intact, intact seal, seal * on, seal * unbroken
assembled: assembled, built up, put together, set up
unassembled: unassembled, flat-packed, flat packed
original: original*
change: alter*, chang*, amend*
departure: departure*, depart*, check-out, checkout, check out, checking out, checks out, leaving day
arrival: arrival*, arriv*, check-in, checkin, check in, checking in, checks in
leave: leave, left, leaving, leaves
store: keep, keeps, kept, storage, store, stored, storing, leave * with you
instalment: instalment*, installment*, in parts, in two parts
gift: gift*, present, presents
combine: combin*, stack, stacked, stacking, cumulat*, together, add up, adds up, add * up, on top of, both
`;

interface Lexicon {
  readonly words: Map<string, string>;
  readonly stems: [stem: string, concept: string][];
}
const SAME: Lexicon = { words: new Map(), stems: [] };
const KIND_OF: Lexicon = { words: new Map(), stems: [] };
const PHRASES: [concept: string, pattern: RegExp][] = [];

const escaped = (text: string): string => text.replace(/[.+?^${}()|[\]\\/]/g, "\\$&");

for (const line of SYNONYMS.trim().split("\n")) {
  const [, concept, sign, list] = /^(\w+)([:>]) (.*)$/.exec(line)!;
  const { words, stems } = sign === ":" ? SAME : KIND_OF;
  const phrases: string[] = [];
  for (const word of list!.split(", ")) {
    if (/[ %-]/.test(word)) {
      phrases.push(escaped(word).replaceAll(" * ", "(?: [\\w'-]+){0,3}? ").replaceAll("*", "\\w*"));
    } else if (word.endsWith("*")) stems.push([word.slice(0, -1), concept!]);
    else words.set(word, concept!);
  }
  if (phrases.length > 0)
    PHRASES.push([concept!, new RegExp(`(?<![\\w-])(?:${phrases.join("|")})(?![\\w-])`, "g")]);
}

/** Somebody of up to eleven years, "my six-year-old", "she is 9"; "minor" has the older ones. */
const YOUNG =
  /(?<![\w-])(?:(?:\d|1[01]|one|two|three|four|five|six|seven|eight|nine|ten|eleven)[ -]year[ -]olds?(?!-|\w| (?:\p{L}+ )?\p{L}+(?:s|er|e)\b)|(?<=\b(?:she|he|who|son|daughter|kid|little one)(?:['’]s| is| are) )(?:\d|1[01])(?! ?\p{L}| ?%|[.,:]\d))/gu;

/** The text, in lower case, with each phrase that has a concept replaced by it; words inside the phrase stay. */
export function namePhrases(text: string): string {
  let named = text.replace(YOUNG, " child ");
  for (const [concept, pattern] of PHRASES) {
    named = named.replace(pattern, (found) => ` ${concept} ${found.split(" ").slice(1, -1).join(" ")} `);
  }
  return named;
}

const lookUp = ({ words, stems }: Lexicon, word: string): string | undefined =>
  words.get(word) ?? stems.find(([stem]) => word.startsWith(stem))?.[1];

/** The concept that a word in lower case names, if it is known. */
export function conceptOf(word: string): string | undefined {
  return lookUp(SAME, word);
}

/** Concept of a lower-case word, if known. */
export function kindOf(word: string): string | undefined {
  return lookUp(KIND_OF, word);
}
