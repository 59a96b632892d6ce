/**
 * What a narrow job is often asked and seldom answers, by word. A task's own words go first: a word that its policy or its
 * topics in scope use is not looked for.
 */
const TOPICS: Readonly<Record<string, string>> = {
  law: "sue|suing|lawsuits?|court|lawyers?|solicitors?|attorneys?|legal|legally|liable|liability|small claims?|damages|prosecut\\w+|divorce|tenant|landlord|visa",
  health:
    "medical|doctors?|pain|painful|painkillers?|ibuprofen|aspirin|hurts?|hurting|aches?|aching|injur\\w+|infect\\w+|symptoms?|diagnos\\w+|medication|medicine|antibiotics?|dose|prescription|swelling|fever|pregnan\\w+|allerg\\w+|disease|surgery",
  work: "jobs?|vacanc\\w+|hiring|internships?|apprentice\\w*|career|salary|wages?|job application|apply for|work for you|recruit\\w*",
  offers:
    "discount codes?|discounts?|vouchers?|coupons?|promo(?:tion)?s?(?: codes?)?|black friday|price match",
  delivery:
    "where is my|where['’]s my|track(?:ing)?|courier|not arrived|hasn['’]?t arrived|has not arrived|out for delivery|delivery driver|lost in the post",
  payment:
    "charged twice|double charge|card (?:was |is )?(?:declined|stolen|blocked)|bank statement|chargeback|credit score|fraud|hacked",
  money:
    "invest\\w*|shares|stocks?|crypto\\w*|bitcoin|loans?|mortgages?|tax(?:es)?|pension|insurance|inflation|interest rates?",
  rivals:
    "competitors?|other (?:shops?|stores?|brands?|compan\\w+)|another (?:shop|store|brand|company)|next door|elsewhere|amazon|ebay|cheaper",
  world:
    "weather|recipes?|cook(?:ing)?|poems?|jokes?|stor(?:y|ies) about|homework|essay|translate|capital of|football|elections?|president|politic\\w*|vote|religion|god|movies?|songs?|lyrics|horoscope|python|javascript|restaurants?|hotels?|flights?|train times|holiday destination|dating|girlfriend|boyfriend|who won|world cup|meaning of life|do you love|are you (?:human|real|an? ai)",
};

/** Finds the first of those words that `inScope` does not use. */
export function topicFinder(inScope: readonly string[]): (text: string) => string | undefined {
  const own = inScope.join("\n");
  const patterns = Object.values(TOPICS)
    .flatMap((words) => words.split(/\|(?![^(]*\))/))
    .map((word) => new RegExp(`\\b(?:${word})\\b`, "i"))
    .filter((pattern) => !pattern.test(own));
  return (text) => {
    for (const pattern of patterns) {
      const found = pattern.exec(text);
      if (found !== null) return found[0];
    }
    return undefined;
  };
}
