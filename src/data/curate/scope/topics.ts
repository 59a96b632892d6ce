/**
 * Subjects that a narrow job is asked about and seldom answers. `named`: how a task's description names the subject. `strong`: words
 * and phrases that hardly occur elsewhere. `weak`: words that other subjects use too, and that count beside others only.
 * `everyday`: part of many jobs, so that it counts only where the task says that it is out of scope, or hands it over.
 */
export interface Topic {
  readonly name: string;
  readonly named: RegExp;
  readonly strong: RegExp;
  readonly weak: RegExp;
  readonly everyday: boolean;
}

const words = (source: string): RegExp =>
  new RegExp(`(?<![\\w-])(?:${source.replace(/\s*\n\s*/g, "|")})(?![\\w-])`, "gi");

const BODY =
  "back|neck|knee|ankle|wrist|foot|feet|leg|arm|elbow|shoulder|tooth|teeth|throat|stomach|tummy|belly|head|ear|ears|eye|eyes|chest|hip|hand|finger|toe|skin|nose|muscle|heart";
const SHOP =
  "shops?|stores?|workshops?|hotels?|hostels?|brands?|compan(?:y|ies)|providers?|studios?|schools?|clinics?|gyms?|garages?|salons?|places?|restaurants?|retailers?|suppliers?|dealers?|accommodations?";

const topic = (
  name: string,
  {
    named,
    strong,
    weak = "(?!)",
    everyday = false,
  }: { named: string; strong: string; weak?: string; everyday?: boolean },
): Topic => ({ name, named: words(named), strong: words(strong), weak: words(weak), everyday });

export const TOPICS: readonly Topic[] = [
  topic("law", {
    named: String.raw`legal\w*|laws?|lawyers?|court|disputes?|accidents?|rights|police|immigration|visas?|fines?`,
    strong: String.raw`su(?:e|es|ed|ing)|lawsuits?|lawyers?|solicitors?|attorneys?|legal|legally|illegal|by law|against the law|small claims?|prosecut\w+|evict\w*|tenancy|divorce|custody|inherit\w*|liable|liability|to court|my rights|(?:at|his|her|their) fault|the police|parking (?:ticket|fine)|speeding|visas?|immigration|landlord|defamation|trespass\w*|restraining order|a will
      right to (?:it|do|refuse|a)|charges against|compensation claim|(?:can|may|must) (?:my|the|our) (?:landlord|neighbours?|neighbors?|employer|ex|boss|council)`,
    weak: "court|claims?|damages|fault|judge|neighbours?|neighbors?|tenant|lodger|council|fined?|contract|witness|compensation|police|refuse to pay|forbid|deposit back",
  }),
  topic("health", {
    named: String.raw`medical|medic\w*|health\w*|doctors?|illness\w*|diseases?|injur\w+|diets?|nutrition\w*|therapy|veterinary|fitness`,
    strong: String.raw`ibuprofen|paracetamol|aspirin|painkillers?|antibiotics?|antihistamines?|diagnos(?:e|ed) me|symptoms?|prescription|migraines?|headaches?|toothache|sprain\w*|swollen|rash|vomit\w*|pregnan\w+|dosage|fever|hay fever|flu|blood pressure|insomnia|depress(?:ed|ion)|diabet\w+|asthma|eczema|surgery|concussion|nause\w+|diarrh\w+|arthritis|lose weight|calories|fleas|limp(?:s|ing)
      (?:my|his|her|the|our) (?:\w+ )?(?:${BODY}) (?:\w+ )?(?:hurts?|aches?|aching|hurting|is sore|are sore|is swollen|is killing|itch\w*|bleeds?)
      (?:sore|aching|swollen|broken|twisted|bad|stiff|numb) (?:${BODY})
      pain in (?:my|his|her|the)|(?:twisted|sprained|broke|hurt|burnt|burned|pulled|cut) (?:my|his|her) (?:${BODY})
      (?:cure|remedy|good|pill|tablet|medicine|tea) (?:for|against|helps?) (?:a |the |my )?(?:cold|cough|pain|flu|headache|allergy|stress)`,
    weak: String.raw`pain|painful|hurts?|aches?|sore|doctors?|medicines?|medication|pills?|tablets? every|swallow\w*|poison\w*|dangerous|ill|sick|injur\w+|infect\w+|dose|swelling|itch\w*|cough|limp\w*|vet|bandage|rest it|healthy`,
  }),
  topic("work", {
    named: String.raw`jobs?|careers?|employment|vacanc\w+|recruit\w*|hiring|applications?|staffing|apprentice\w*`,
    strong: String.raw`vacanc(?:y|ies)|hiring|internships?|apprentice\w*|traineeships?|job (?:for me|openings?|interviews?|offers?|applications?|adverts?)|(?:a|any|some|find) jobs? (?:at|with|in|going|here)|(?:any|a|the|summer|weekend|student|part-time|saturday|holiday) jobs?(?! (?:on|of|is|was|well|for the|done))|any (?:job|opening|position|work)s?|looking for (?:staff|people|somebody|someone|work|mechanics?|\w+ers?)|apply(?:ing)? (?:for|to work)|work (?:for|with|at) you|(?:my|a) cv|r[ée]sum[ée]|salar(?:y|ies)|wages?|take (?:me|people|somebody|someone) on|taking on|taken on|openings? for|position (?:as|for)|recruit\w*|job hunting|pay rise|cover letter|work experience|(?:any|some|extra|weekend|night) shifts|(?:pay|paid|earn)(?: you)? [£$€]?\d+(?:\.\d+)? (?:an|per) hour|an hour to (?:begin|start) with|need (?:any|more) (?:staff|help|people)|get hired`,
    weak: "job|jobs|career|positions?|openings?|hired?|boss|trainee|staff|employ\\w*|applying|application",
  }),
  topic("money", {
    named: String.raw`invest\w*|financ\w*|crypto\w*|tax(?:es)?|banking|loans?|mortgages?|pensions?|savings|stocks?`,
    strong: String.raw`invest\w*|bitcoins?|ethereum|cryptocurrenc\w+|stock market|stocks|buy(?:ing)? (?:shares|stocks?|gold|crypto)|shares? (?:of|in|price)|in shares|mortgages?|pensions?|interest rates?|inflation|credit score|tax (?:return|refund|bracket|advice|evasion)|income tax|my (?:savings|taxes|pension)|dividends?|exchange rate|overdraft|retirement|(?:get|take out|need) a loan|put (?:my|our) money`,
    weak: "shares?|loans?|bank|gold|interest|taxes|debts?|crypto",
  }),
  topic("insurance", {
    named: "insur\\w+",
    strong: "insurance|insurers?|insured|insure",
    weak: "premium|claim|cover",
  }),
  topic("politics", {
    named: String.raw`politic\w*|religio\w*|news|current affairs`,
    strong: String.raw`elections?|prime minister|parliament|vote for|voting|politic\w*|brexit|government|conservatives|liberals|democrats?|republicans?|believe in god|religion|bible|quran|(?:win|wins|won) the (?:election|war)|which party|abortion|gun control`,
    weak: "president|party|vote|war|minister|mayor|church|god",
  }),
  topic("general knowledge", {
    named: String.raw`general knowledge|trivia|homework|school\w*|translat\w*|history|science|other topics`,
    strong: String.raw`capital (?:city )?of|how many people|population of|who (?:painted|wrote|invented|discovered|composed|directed|founded|was the (?:first|last)|is the (?:president|king|queen))|translat\w+|homework|essays?|meaning of life|(?:tallest|highest|longest|deepest|largest|biggest|oldest) (?:mountain|river|building|country|ocean|lake|animal|city|tree in the)|how (?:old|big|far|hot) is the (?:universe|earth|sun|moon|world)|speed of light|square root|equation|world war|in which year|what year did|explain (?:how|the|what)|my exam|the moon|planets?|dinosaurs?|roman empire`,
    weak: "universe|history|mountain|ocean|country",
  }),
  topic("entertainment", {
    named: String.raw`entertainment|jokes?|sports?|films?|music|games?|chit-?chat|small talk`,
    strong: String.raw`poems?|jokes?|(?:a|bedtime|short) story|lyrics|horoscope|zodiac|star sign|limerick|haiku|riddle|sing (?:me|a)|netflix|celebrit\w+|who won|world cup|football (?:results?|team|game)|(?:the|last night['’]s) (?:match|game) (?:last night|result|yesterday|end)|olympics|champions league|premier league|movies?|good film|best film|tv series|video games?|minecraft|fortnite`,
    weak: "song|film|football|match|novel|singer|actor|play",
  }),
  topic("cooking", {
    named: "cooking|recipes?|food|restaurants?",
    strong: String.raw`recipes?|(?:what|should i|to) cook|(?:bake|cook|roast|fry) (?:a|an|the|some|my|tonight)|for dinner|ingredients for`,
    weak: "cook|bake|dinner|lunch|cake|restaurants?|flour|oven",
  }),
  topic("weather", {
    named: "weather",
    strong: String.raw`weather (?:be|like|forecast|tomorrow|today|this|next|on)|the weather in|will it (?:rain|snow)|going to (?:rain|snow)|rain (?:tomorrow|today)`,
    weak: "weather|forecast|sunny|rain",
  }),
  topic("travel", {
    named: String.raw`travel\w*|transport\w*|sightseeing|touris\w+|timetables?|directions|holidays?|flights?`,
    strong: String.raw`timetables?|(?:last|next|first) (?:bus|train|ferry|tram|boat|flight)|(?:bus|train|ferry|tram|flight)s? (?:to|from|times?)|museums?|castles?|sightseeing|worth (?:a visit|seeing)|tourist\w*|(?:place|places|things) to (?:visit|see|go)|where (?:should|can) (?:we|i) (?:go|eat)\b(?! (?:to )?(?:return|collect|pay|pick))|cheap flights?|(?:good|nice) restaurants?|recommend (?:a|any) (?:restaurant|bar|pub|hotel|museum|beach)|holiday (?:destination|in)`,
    weak: "bus|tram|ferry|trains?|taxi|hotels?|restaurants?|beach|airport|visit|sights?",
  }),
  topic("rivals", {
    named: String.raw`competit\w+|rivals?|elsewhere|other (?:\w+ )?(?:${SHOP}|sellers|businesses|firms|agencies|offices|\w+s)|prices at`,
    strong: String.raw`competitors?|rivals?|(?:shop|store|one|ones|workshop|place|guys) next door|(?:an)?other (?:${SHOP})|better than (?:you|yours?)|(?:nicer|cheaper|better|faster) than (?:you|here|yours?)|(?:cheaper|less|better) (?:at|from|in the|online)|overcharge|amazon|ebay|(?:your|the) competition|price match`,
    weak: String.raw`cheaper|better|nicer|worse|elsewhere|any good|as good|decent|reliable|trust|for less|less expensive|dearer|overpriced|rubbish|recommend`,
  }),
  topic("private life", {
    named: String.raw`relationships?|personal (?:problems|advice|life)|dating|family matters`,
    strong: String.raw`dating|break(?:ing)? up with|(?:my|his|her) (?:ex|girlfriend|boyfriend)['’]?s?|in love|love me|marry me|cheating on|ask (?:her|him) out|wedding speech|baby names?`,
    weak: "girlfriend|boyfriend|wife|husband|marriage|love",
  }),
  topic("computers", {
    named: String.raw`programming|coding|software|computers?|hack\w*|spy\w*|it (?:support|problems)|technical (?:support|help|problems|questions)|data recovery`,
    strong: String.raw`python|javascript|html|java|source code|hack(?:ed|ing|s)?|spy(?:ing)?(?: on)?|without (?:him|her|them) (?:noticing|knowing)|(?:read|see|track|get into) (?:my|his|her|their) (?:wife|husband|ex|boyfriend|girlfriend|partner|son|daughter|kids?)['’]?s?|excel formula|chatgpt|(?:recover|restore|rescue|undelete) (?:my|the|some|deleted|lost) (?:\w+ )?(?:files?|photos?|data|pictures|documents)|(?:deleted|formatted|lost) (?:my|the|all) (?:\w+ ){0,2}(?:files?|photos?|drive|disk|stick|card|documents)|reset my router|my wifi at home|windows (?:10|11)`,
    weak: "router|program|virus|passwords?|tracker|laptop",
  }),
  topic("the assistant", {
    named: String.raw`the assistant itself|personal questions`,
    strong: String.raw`are you (?:human|real|a (?:robot|bot|machine|person|real person)|an ai|married|single|alive)|do you (?:dream|love|have feelings|sleep)|ignore (?:all|your|previous|the) (?:\w+ )?instructions|system prompt|your favou?rite|what do you (?:look like|think of)`,
  }),
  topic("tracking", {
    named: String.raw`(?:order |parcel |delivery )?tracking|parcels?|deliver(?:y|ies)|shipping|couriers?`,
    strong: String.raw`where(?: is|['’]s) my|track(?:ing)? (?:my|the|number|says)|(?:not|never|n['’]t) (?:yet )?arrived|out for delivery|lost in the post|delivery driver`,
    weak: "parcel|courier|delivery|arrive|van",
    everyday: true,
  }),
  topic("payment", {
    named: String.raw`payments?|(?:payment )?cards? details|billing|fraud|bank details`,
    strong: String.raw`charged twice|double charge|card (?:was |is |got )?(?:declined|stolen|blocked)|bank statement|chargeback|fraud\w*|paypal|refused my card|card details`,
    weak: "charged|card|bank|payment",
    everyday: true,
  }),
  topic("offers", {
    named: String.raw`discounts?|offers|promotions?|vouchers?|sales`,
    strong: String.raw`discount codes?|promo(?:tion)?(?: codes?)?|coupons?|black friday|any discounts?|student discount`,
    weak: "discounts?|vouchers?|offers?|sale",
    everyday: true,
  }),
  topic("do it yourself", {
    named: String.raw`diy|home improvement|cars?|vehicles?|plumbing|electric\w*`,
    strong: String.raw`flat tyre|car (?:engine|battery|insurance|won['’]t start)|boiler|plumb(?:er|ing)|leaking tap|oil change|wallpaper|(?:unblock|fix) (?:a|my|the) (?:sink|toilet|drain)`,
    weak: "tyre|engine|garage|drill",
  }),
];
