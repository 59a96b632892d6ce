/**
 * Chats of a bicycle workshop that does not exist, written as a check on what was tuned on AwesomeShoes' transcripts: another
 * trade, other wordings, no text blocks, and no rule named in the rows.
 */
export const POLICY = [
  "B1 A basic service takes 3 working days and costs £45.",
  "B2 A full service takes 8 working days and costs £120.",
  "B3 Repairs are guaranteed for 6 months.",
  "B4 New bicycles come with a free check after 300 km.",
  "B5 Unused parts can be returned within 21 days with the receipt.",
  "B6 (critical) Opened tyre sealant and helmets that were worn cannot be returned.",
  "B7 Deposits of 20 % are taken for special orders and are not refunded.",
  "B8 Rental bicycles must be back by 18:00 on the agreed day.",
  "B9 (critical) Batteries are never opened or repaired; we send them to the maker.",
  "B10 Storage is free for 14 days after a repair; then it costs £2 a day.",
  "B11 Hand over questions outside service, parts and rental to the office.",
];
export const SCOPE = {
  inScope: ["service and repairs", "parts and returns", "rental"],
  outOfScope: ["accidents and legal questions", "insurance", "job applications", "other workshops"],
};

const OFFICE = { checks: [{ hands_over: true }] };
const ANSWER = { checks: [{ contains: ["£"] }] };
const asks = (content: string) => ({ messages: [{ role: "user", content }] });
export const CASES = [
  ...[
    "A van knocked me off. Who pays for the frame?",
    "Does my home cover pay if the bike is stolen?",
    "I'm a trained mechanic, do you need anybody?",
    "Is the workshop by the station any good?",
    "Can you tell me the football result?",
    "The council fined me for riding on the pavement, must I pay?",
    "Where do I send my application for the apprenticeship?",
    "Who do I write to about an unpaid invoice of yours?",
  ].map((text) => ({ ...asks(text), ...OFFICE })),
  ...[
    "How much is a small service?",
    "When would a full service be finished?",
    "My brake squeals again after your repair, what now?",
    "Until when can I bring back a chain I did not use?",
    "What time do you need the rental back?",
    "Is the first check on my new bike included?",
    "How long may my bike stay with you when it is done?",
    "Could you open my battery and swap a cell?",
    "Do I get the deposit for the blue frame back?",
    "Can I bring back a helmet that is too small?",
  ].map((text) => ({ ...asks(text), ...ANSWER })),
];

type Planted =
  | "conflict"
  | "out-of-scope"
  | "near-duplicate"
  | "exact-duplicate"
  | "language"
  | "encoding"
  | "boilerplate";
/** Customer, workshop, and what is wrong. */
export const CHATS: readonly (readonly [string, string, Planted?])[] = [
  ["What do you charge for the small service?", "The basic service is £45."],
  [
    "My commuter needs a basic going-over, when could I have it back?",
    "Three working days after you drop it off.",
  ],
  ["price list for servicing please", "Basic is £45, full is £120."],
  ["How long is a complete service at the moment?", "A full one takes 8 working days."],
  [
    "I leave for France in two weeks, is a full service possible before?",
    "Yes, it is done in eight working days, so you will have it in time.",
  ],
  ["What does the £120 service cost me in days?", "You will be without the bike for 8 working days."],
  [
    "You fixed my hub in May and it grinds again. It is July now.",
    "That falls under our guarantee: repairs are covered for 6 months, bring it in.",
  ],
  ["How long do you stand by a repair?", "Half a year, that is 6 months, from the day you collect it."],
  [
    "Do I get anything in writing about the repair guarantee?",
    "The invoice says it: six months on what we repaired.",
  ],
  ["New bike from you, 280 km so far. Is the check due?", "Nearly: it is free once you have done 300 km."],
  [
    "Is the first check of a new bike really for nothing?",
    "It is. Come by after 300 km and it costs you nothing.",
  ],
  [
    "I bought two inner tubes too many last week.",
    "Bring them with the receipt within 21 days and you get your money back.",
  ],
  [
    "Can I send back a cassette still in its box, bought 10 days ago?",
    "You can, with the receipt; we take unused parts for 21 days.",
  ],
  ["Is three weeks the limit for returning a saddle?", "Right, 21 days, unused, with the receipt."],
  ["My helmet is too tight, I wore it twice.", "I am afraid a helmet that was worn cannot go back."],
  ["The sealant bottle is open but nearly full. Return?", "An opened bottle cannot be returned, sorry."],
  [
    "Would you take a helmet back that I only tried on at home?",
    "If it was not ridden in and has its tags, yes, within 21 days.",
  ],
  [
    "Why do you want money before ordering my frame?",
    "It is a special order; the 20 % deposit covers our cost if you change your mind.",
  ],
  [
    "I cancelled the titanium stem. Where is my deposit?",
    "The deposit of 20 % on special orders is not refunded, I am sorry.",
  ],
  ["What share do I pay up front for a special order?", "One fifth of the price, 20 %."],
  ["When do I have to bring the rental back on Sunday?", "At six in the evening at the latest, 18:00."],
  ["Can I keep the tandem until 8 pm?", "Sorry, rentals must be back by 18:00."],
  [
    "We may be late from the lake with the hire bikes.",
    "Please try to be here before 18:00, we close the hire desk then.",
  ],
  [
    "The battery lost range. Can you change its cells?",
    "We never open batteries. We can send it to the maker for you.",
  ],
  [
    "My e-bike battery fell and has a dent, can you repair it?",
    "No, batteries go to the maker, we do not open them.",
  ],
  [
    "I am abroad until the 20th, my bike is ready since the 10th.",
    "No problem, storage is free for 14 days after the repair.",
  ],
  ["What happens if I fetch my bike three weeks late?", "The first 14 days are free, then it is £2 a day."],
  [
    "Do you store bikes over winter?",
    "After a repair the first fortnight is free and each day after that costs £2.",
  ],
  [
    "Does my health insurance pay for a fitting?",
    "That is for our office, I will pass your question to them.",
  ],
  [
    "A car door hit me. Should I sue the driver?",
    "I cannot advise on that. Please ask our office, they can name somebody.",
  ],
  ["Are you looking for mechanics?", "Please contact the office about jobs, they will answer you."],
  ["Is Wheelers on Mill Road cheaper?", "I can't comment on other workshops, sorry."],
  ["Do you repair prams too?", "I will hand this over to the office, they know."],
  [
    "What is the best recipe for an energy bar?",
    "That is outside what I can help with, the office may know a cook.",
  ],
  [
    "My insurer wants a report on the crash, who writes it?",
    "Our office does those. I am passing you on to them.",
  ],
  ["Do you sponsor teams?", "The office decides on that, I'll forward it to them."],
  [
    "Can you true a wheel while I wait?",
    "Usually yes, it takes about twenty minutes when the stand is free.",
  ],
  [
    "Which chain fits an 11-speed cassette?",
    "Any 11-speed chain of the same make, 116 links is the usual length.",
  ],
  ["Do you have 700x28 tubes?", "Yes, with 48 and 60 mm valves."],
  ["My gears jump under load.", "The chain is probably worn. Bring it in and we measure it."],
  ["May I watch you work?", "From the counter, gladly."],
  ["Do I have to book a service?", "Better to, we plan a week ahead."],
  ["Could my daughter's 20 inch wheel be re-spoked?", "It can, though a new wheel is often no dearer."],
  ["Is there a child seat on your hire bikes?", "On two of them. Tell us when you book."],
  ["How do I clean a disc brake rotor?", "With brake cleaner and a clean cloth, never with oil spray."],
  ["What pressure for 2.25 tyres at 80 kg?", "Start with 1.8 bar in front and 2 bar behind."],
  ["Thanks, the brakes feel like new!", "Glad to hear it. Enjoy the ride."],
  ["Does a service include the cables?", "A basic one adjusts them, a full one replaces them."],
  ["My pedal clicks every turn.", "Often it is the thread. Grease and 35 Nm usually end it."],
  ["Are replacement keys for the lock possible?", "With the number on the key we can order one."],
  // What is wrong, in a workshop's ways.
  ["What do you charge for the small service?", "The basic service is £45.", "exact-duplicate"],
  [
    "MY PEDAL CLICKS EVERY TURN",
    "often it is the thread - grease and 35 nm usually end it",
    "exact-duplicate",
  ],
  [
    "How do I clean a disc brake rotor?",
    "With brake cleaner and a clean cloth, never with oil spray.",
    "exact-duplicate",
  ],
  [
    "Could my daughters 20 inch wheel be re-spoked?",
    "It can, though a new wheel is often no dearer.",
    "near-duplicate",
  ],
  [
    "Is there a child seat on your hire bikes, please?",
    "On two of them. Tell us when you book.",
    "near-duplicate",
  ],
  [
    "Are replacement keys for that lock possible?",
    "With the number on the key we can order one.",
    "near-duplicate",
  ],
  [
    "Do I get anything in writing about the repair guarantee",
    "It is on the bill: one year on what we repaired.",
    "conflict",
  ],
  ["What share do I pay up front for a special order please?", "Half of it, 50 %.", "conflict"],
  ["May I watch you work now?", "No, customers stay outside.", "conflict"],
  ["Thanks, when do I have to bring the rental back on Sunday?", "Be here at 20:00, not later.", "conflict"],
  [
    "My order of brake pads was wrong, how long can I return them?",
    "Parts go back within 14 days.",
    "conflict",
  ],
  ["Tell me the price of a full service.", "That would be £95 for a full service.", "conflict"],
  [
    "Will a basic service be done by Friday? Today is Monday.",
    "A basic service needs 6 working days, so no.",
    "conflict",
  ],
  ["What does storage cost after the free time?", "Storage costs £5 a day then.", "conflict"],
  [
    "Who is at fault, me or the cyclist who braked?",
    "Clearly him, any judge would see that. Ask for two thousand.",
    "out-of-scope",
  ],
  [
    "My wrist hurts since the fall, is it broken?",
    "Sounds like a sprain, wrap it tight and take ibuprofen.",
    "out-of-scope",
  ],
  [
    "Which insurance would you take for a cargo bike?",
    "I am with Velosure, they never ask questions.",
    "out-of-scope",
  ],
  [
    "Is it worth applying for the summer job?",
    "Sure, the boss likes tall people, just show up Saturday.",
    "out-of-scope",
  ],
  [
    "Does the shop next door overcharge?",
    "Everybody knows they glue the tubes twice and lie about it.",
    "out-of-scope",
  ],
  [
    "Should I put my savings into an e-bike start-up's shares?",
    "Why not, everything electric goes up these days.",
    "out-of-scope",
  ],
  [
    "¿Cuánto cuesta una revisión completa de mi bicicleta?",
    "La revisión completa cuesta ciento veinte libras.",
    "language",
  ],
  [
    "Wann ist mein Fahrrad fertig, ich habe es am Montag gebracht?",
    "Es dauert noch zwei Tage, wir rufen Sie an.",
    "language",
  ],
  [
    "Est-ce que vous louez aussi des vélos pour enfants ?",
    "Oui, il y en a trois, réservez la veille.",
    "language",
  ],
  [
    "I canâ€™t shift into the smallest cog, why?",
    "The cable is probably too tight, we can loosen it.",
    "encoding",
  ],
  ["Does the cafÃ© in your shop open early?", "At nine, with the workshop.", "encoding"],
  ["My bell\u200b fell off, do you have a spare screw?", "We do, come by.", "encoding"],
  ["Is my wheel ready?\n\nSent from my iPhone", "It is, you can fetch it.", "boilerplate"],
  [
    "Can you fit mudguards to a road bike?",
    "Often with clips.\n\nThis e-mail is confidential and intended only for the addressee.",
    "boilerplate",
  ],
  ["Which lock do you advise?", "A U-lock with a key number.<br>Team Workshop", "boilerplate"],
];
