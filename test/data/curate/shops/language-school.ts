import type { Shop } from "./shop.ts";

/** A language school. Written before the mechanisms that it was then measured with, and not looked at while they were built. */
export const LANGUAGE_SCHOOL: Shop = {
  policy: [
    "C1 A course has 24 lessons; the fee is due 10 days before the first lesson.",
    "C2 The early-bird discount and the pensioner discount cannot be used together.",
    "C3 Course books are included in the price; dictionaries are charged at €28.",
    "C4 Anyone who misses a lesson may catch it up in a parallel course; missed lessons are not refunded.",
    "C5 Illness must be reported within 12 hours after the lesson.",
    "C6 Participants may change to another level during the first 3 weeks.",
    "C7 A course that does not take place is replaced by a credit note; there is no payment in cash.",
    "C8 Online lessons must not be recorded.",
    "C9 Beginners should not learn with subtitles in their own language.",
    "C10 The level test is free; the certificate exam costs €140.",
    "C11 Children from 10 years may attend the holiday course.",
    "C12 Guests may sit in on one lesson while a course is running.",
    "C13 A place can be cancelled until 2 weeks before the course begins.",
    "C14 (critical) Anything other than courses, exams and places is handed to the secretary.",
  ],
  scope: {
    inScope: ["courses and levels", "fees and cancellations", "exams", "online lessons"],
    outOfScope: ["visas", "translations", "accommodation", "medical advice"],
  },
  cases: {
    answered: [
      "How many lessons are there?",
      "Do you charge for the level test?",
      "I was ill. When must I tell you?",
    ],
    handedOver: [
      "Can you translate my diploma?",
      "Do you have rooms for students?",
      "Will I get a visa with the course?",
    ],
  },
  chats: [
    ["How many lessons does a course have?", "A course has 24 lessons."],
    [
      "I'm 70 and I book early. Do I get both discounts?",
      "No, only one: early bird and pensioner can't be used together.",
      "good",
    ],
    [
      "As a pensioner who books early, may I add up the two discounts?",
      "Yes, you get the early-bird discount on top of the pensioner one.",
      "conflict",
    ],
    [
      "Can early-bird and pensioner discount go together?",
      "Yes, simply tell us and we subtract both.",
      "conflict",
    ],
    ["Do I pay for the dictionary?", "Yes, a dictionary is €28; the course books are included.", "good"],
    [
      "Is the dictionary part of the course price?",
      "Yes, dictionaries come free with every course.",
      "conflict",
    ],
    ["Are course books included?", "Yes, they are in the price."],
    ["I was ill on Tuesday. Until when must I tell you?", "Within 12 hours after the lesson.", "good"],
    [
      "How soon do I have to report illness?",
      "You have three days after the lesson to report it.",
      "conflict",
    ],
    ["I missed a lesson. Do I get money back?", "No, but you may catch it up in a parallel course.", "good"],
    [
      "Will a missed lesson be refunded?",
      "Yes, we refund each missed lesson at the end of the course.",
      "conflict",
    ],
    ["My course was called off by you. What do I get?", "A credit note for another course.", "good"],
    ["The course did not take place. What happens?", "We pay the fee back to you in cash.", "conflict"],
    ["Can I change to a higher level in the second week?", "Yes, in the first three weeks that is possible."],
    [
      "We're in week two of the first 3 weeks. Can I change the level?",
      "No, a change to another level is not possible during a course.",
      "conflict",
    ],
    [
      "I want another level after two months. Possible?",
      "I'm sorry, that only works in the first 3 weeks.",
      "good",
    ],
    [
      "May my sister sit in on a lesson of the course running now?",
      "No, guests can only sit in before a course starts.",
      "conflict",
    ],
    ["Can a guest sit in once?", "Yes, on one lesson while the course is running."],
    ["May I record the online lesson?", "Please don't: recordings are not allowed.", "good"],
    [
      "I'd like to watch the online lesson again. What can I do?",
      "Just record it with your phone.",
      "conflict",
    ],
    [
      "Should a beginner watch films with German subtitles?",
      "Better not in your own language. Try it without.",
      "good",
    ],
    [
      "I'm a beginner. How should I learn with films?",
      "Switch on subtitles in your own language, beginners learn best that way.",
      "conflict",
    ],
    ["What does the certificate exam cost?", "The exam costs €140.", "good"],
    ["Is the level test free?", "Yes, you pay nothing for it."],
    ["Is there a holiday course for my 11 year old?", "Yes, from ten years on."],
    ["Can my 8 year old join the holiday course?", "I'm afraid it is from 10 years.", "good"],
    ["When can I still cancel my place?", "Until two weeks before the course begins."],
    ["The course begins in five weeks. Can I still cancel?", "Yes, until 14 days before it begins.", "good"],
    ["When is the fee due?", "Ten days before the first lesson."],
    ["How do I sign up for level B1?", "On our website, after the level test."],
    ["Which verbs take the dative?", "Mostly helfen, danken and folgen.", "out-of-scope"],
    [
      "My goldfish swims sideways, is it dying?",
      "Change half of its water and skip a feeding.",
      "out-of-scope",
    ],
    [
      "What should I wear to a job interview in Madrid?",
      "A dark suit and polished shoes look serious.",
      "out-of-scope",
    ],
    [
      "Do you know how to get red wine out of a carpet?",
      "Sprinkle salt on it and dab with sparkling water.",
      "out-of-scope",
    ],
    ["Is it going to be a cold winter?", "The squirrels gather plenty of nuts, so yes.", "out-of-scope"],
    [
      "Can you recommend a cheap flat near the school?",
      "The towers behind the station have small ones.",
      "out-of-scope",
    ],
  ],
};
