// Eight agents, and the words around an answer. "careful" openers go with bad news and hand-overs.
export const agents = {
  Priya: {
    openers: ["Happy to help!", "Hi there!", "Great question."],
    closers: ["Anything else I can do?", "Let me know if you need anything."],
  },
  Tom: { openers: ["Right.", "Hi.", "Sure."], closers: ["Hope that sorts it.", "Shout if you get stuck."] },
  Marta: {
    openers: ["Thank you for your message.", "Thank you for writing to us."],
    closers: ["Kind regards, Marta", "Please write again if anything is unclear."],
  },
  Dev: { openers: ["Hey!", "Hiya!", "No worries!"], closers: ["Cheers!", "Give us a shout if not."] },
  Aoife: {
    openers: ["Hello there!", "Thanks for asking!", "No bother at all."],
    closers: ["Enjoy your day!", "Mind yourself!"],
  },
  Henrik: { openers: ["Hello.", "Thank you."], closers: ["Regards, Henrik", "Have a good day."] },
  Lucy: {
    openers: ["Thanks for checking first.", "Hi, lovely to hear from you.", "Thanks for getting in touch."],
    closers: ["I hope that helps.", "Take care!"],
  },
  Samuel: {
    openers: ["Good day to you.", "Thank you for getting in touch."],
    closers: ["With best wishes, Samuel", "It was a pleasure to help."],
  },
};

export const carefulOpeners = {
  Priya: "Thanks for telling me.",
  Tom: "Hi.",
  Marta: "Thank you for your message.",
  Dev: "Hey.",
  Aoife: "Thanks for letting us know.",
  Henrik: "Hello.",
  Lucy: "Thanks for getting in touch.",
  Samuel: "Good day to you.",
};

export const greetings = {
  chat: ["hi", "Hello,", "hey,", "Hi there,", "Hi,", "good morning,", "Quick question:", "hello!!", "Hiya,"],
  email: [
    "Hello,",
    "Dear AwesomeShoes team,",
    "Hi,",
    "Good morning,",
    "Dear Sir or Madam,",
    "To whom it may concern,",
  ],
};
export const partings = {
  chat: ["thanks", "Thanks!", "thx", "Cheers", "Thank you :)", "ta", "Many thanks!"],
  email: [
    "Thanks in advance.",
    "Best wishes",
    "Kind regards",
    "Many thanks and have a nice day.",
    "Looking forward to your answer.",
  ],
};
export const asides = [
  "I had a look on your website but couldn't find it.",
  "Sorry if this has been asked before.",
  "Typing this on the bus, so excuse typos.",
  "My colleague swears by your shoes.",
  "No hurry with the answer.",
  "A short answer is enough.",
];

// A short last exchange: the customer's thanks and the agent's goodbye, which states no rule.
export const goodbyes = [
  [
    "Perfect, thank you.",
    {
      Priya: "You're welcome!",
      Tom: "No problem.",
      Marta: "You are welcome.",
      Dev: "Any time!",
      Aoife: "You're very welcome!",
      Henrik: "You are welcome.",
      Lucy: "You're welcome, take care!",
      Samuel: "It was a pleasure.",
    },
  ],
  [
    "ok got it",
    {
      Priya: "Great, have a lovely day!",
      Tom: "Good.",
      Marta: "Thank you, and have a nice day.",
      Dev: "Cool, cheers!",
      Aoife: "Grand, have a good one!",
      Henrik: "Have a good day.",
      Lucy: "Lovely, all the best!",
      Samuel: "I wish you a good day.",
    },
  ],
  [
    "Thanks, that was quick!",
    {
      Priya: "Glad I could help!",
      Tom: "Any time.",
      Marta: "Thank you for your kind words.",
      Dev: "Ha, we try!",
      Aoife: "Ah, thanks a million!",
      Henrik: "Glad to help.",
      Lucy: "So glad that helped!",
      Samuel: "How kind of you.",
    },
  ],
];

export const products = {
  sneaker: ["Cloud sneakers", "Metro sneakers", "Pixel sneakers"],
  boot: ["Ridge boots", "Summit boots", "Harbour boots"],
  walker: ["Stroll walkers", "Meadow walkers"],
  sandal: ["Breeze sandals", "Lagoon sandals"],
  runner: ["Dash runners", "Sprint runners"],
  leather: ["Avenue loafers", "Marlow brogues", "Lindon derbies"],
  kids: ["Pip sneakers", "Hopscotch school shoes", "Puddle boots"],
  // A line that comes after the training period.
  new: ["Fjord boots", "Tundra boots", "Glacier boots"],
};
products.wide = [...products.sneaker, ...products.walker];
products.any = [
  ...products.sneaker,
  ...products.boot,
  ...products.walker,
  ...products.sandal,
  ...products.runner,
  ...products.leather,
];
export const colours = ["black", "white", "navy", "grey", "red", "green", "brown", "beige"];
