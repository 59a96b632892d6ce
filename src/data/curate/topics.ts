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

/** A word in more of the answered questions than this is everyday here. */
const EVERYDAY = { share: 0.02, least: 3 };

/**
 * Finds the first word of a foreign subject in a question: of the topics above, or of the task's own lines on what is out of
 * scope.
 * @param answered questions that the job answers; words that are everyday in them are not looked for
 */
export function topicFinder(
  scope: { readonly inScope: readonly string[]; readonly outOfScope: readonly string[] },
  answered: readonly string[],
): (text: string) => string | undefined {
  const own = scope.inScope.join("\n");
  const stated = scope.outOfScope.flatMap((line) => line.match(/\p{L}{5,}/gu) ?? []);
  const words = [
    ...Object.values(TOPICS).flatMap((topic) => topic.split(/\|(?![^(]*\))/)),
    ...stated.map((word) => `${word.replace(/s$/, "")}s?`),
  ];
  const most = Math.max(EVERYDAY.least, EVERYDAY.share * answered.length);
  const patterns = words
    .map((word) => new RegExp(`\\b(?:${word})\\b`, "i"))
    .filter((pattern) => !pattern.test(own) && answered.filter((text) => pattern.test(text)).length <= most);
  return (text) => {
    for (const pattern of patterns) {
      const found = pattern.exec(text);
      if (found !== null) return found[0];
    }
    return undefined;
  };
}
