// Defects of a help desk's export, written by hand. All persons, addresses and numbers are invented: phone numbers and
// card numbers come from ranges kept for fiction and tests, mail addresses from example domains, IBANs are the standards' own examples.

// [customer, agent, answer]: the period of the 2024 policy.
export const outdated = [
  ["Can I return boots that I've had for three weeks?", "Tom", "Yes, you have 30 days from delivery."],
  [
    "Delivered 44 days ago, want to send them back.",
    "Samuel",
    "I regret that this is too late, as returns close 30 days after delivery.",
  ],
  ["how long can i wait with a return", "Tom", "Returns are open for 30 days from delivery."],
  [
    "Is a month enough to decide on my new sneakers? How long is your return period?",
    "Henrik",
    "Returns: within 30 days of delivery.",
  ],
  [
    "The loafers have been in their box for five weeks. Do you take them?",
    "Tom",
    "Sorry, no. 30 days and not a day more.",
  ],
  ["Which day is the last day for a return?", "Samuel", "You may return items within 30 days of delivery."],
  ["My sandals came on the 2nd, until when may I return them?", "Henrik", "Within 30 days of delivery."],
  [
    "Does the return deadline count working days or all days?",
    "Marta",
    "All days count. Items can be returned within 30 days of delivery.",
  ],
  [
    "We're moving and I can't get to the post office before next month. Is my return safe?",
    "Samuel",
    "Please be quick, as items may only be returned within 30 days of delivery.",
  ],
  [
    "I thought you had the longest return period around?",
    "Tom",
    "It's 30 days from delivery, like most shops.",
  ],
  [
    "Got walkers 7 weeks ago, unworn, receipt here. OK?",
    "Dev",
    "Sorry, that's over the 30 days, so we can't take them.",
  ],
  ["Would a return on day 31 be refused?", "Henrik", "Yes. The limit is 30 days."],
];
// Answers of the 2024 policy given to questions that another agent answered by today's.
export const outdatedConflicts = [
  ["Tom", "You have 30 days from delivery, then it's over."],
  ["Samuel", "You may return items within 30 days of delivery."],
  ["Henrik", "Returns: within 30 days of delivery."],
  ["Tom", "30 days from delivery."],
  ["Samuel", "Our policy allows returns within 30 days of delivery."],
  ["Henrik", "The period is 30 days from delivery."],
];

export const rude = [
  [
    "My new brogues feel stiff, is something wrong?",
    "Tom",
    "Nothing is wrong except your patience. Read the leaflet.",
  ],
  [
    "i wore them once in the rain can i return",
    "Tom",
    "Seriously? You wore them in the rain and want your money back? No.",
  ],
  ["Sorry, I don't understand the size chart.", "Dev", "It's a table with numbers, it's not rocket science."],
  ["The label won't print. What now?", "Tom", "Your fault for having a bad printer."],
  [
    "I ordered the wrong size, can I swap?",
    "Henrik",
    "You should have measured your feet first. People never do.",
  ],
  ["Could you explain again how the refund works?", "Tom", "I already told you. Are you even reading this?"],
  ["I lost my receipt, what can I do?", "Dev", "Not my problem, you should have looked after it."],
];
// [customer, agent, answer, rule that the answer breaks]
export const wrong = [
  [
    "Can final sale runners be returned if they're brand new?",
    "Dev",
    "Sure, just send them back, we'll make an exception for you.",
    "R14",
  ],
  [
    "The sole of my left boot is loose.",
    "Aoife",
    "Oh no! I promise we'll send you a brand new pair tomorrow.",
    "R24",
  ],
  [
    "Can you refund my brother's account instead of mine?",
    "Dev",
    "No problem, just tell me which account and we'll pay it there.",
    "R21",
  ],
  [
    "I haven't got a receipt or an order number.",
    "Lucy",
    "Don't worry, we don't need any proof, just bring the shoes.",
    "R15",
  ],
  ["Should I size up in the Ridge boots?", "Aoife", "Yes, they come up tiny, so take a full size up!", "R3"],
  [
    "I walked to work in them all week. Can I return them?",
    "Lucy",
    "That's fine, a bit of wear never hurt anybody.",
    "R13",
  ],
  [
    "What do you need to pay me back?",
    "Dev",
    "Just send me the long card number and the code on the back.",
    "R25",
  ],
];

// [customer, section that answers, kind of datum, answer that repeats it (optional)]
export const personal = [
  ["Please send the label to jenny.marlow@example.com, I want to post my sneakers back.", "R16", "email"],
  ["My mail is t.okafor77@example.org. How long is the return period?", "R12", "email"],
  ["can u write to bigfeet_bob@example.net when my refund is through? how long does it take", "R20", "email"],
  ["I'm at lucia.romero@example.com if you need me. Do the Cloud sneakers run small?", "R1", "email"],
  [
    "Where does the refund go? You have my address anna-k@example.org.",
    "R21",
    "email",
    "Refunds go back to the original payment method only. I have noted anna-k@example.org.",
  ],
  ["Call me on 07700 900123 about my return. What do I have to bring?", "R15", "phone"],
  ["My number is 020 7946 0018. The heel of my boot came off.", "R24", "phone"],
  ["Text me at (202) 555-0142 please. Do I need an appointment for a store return?", "R17", "phone"],
  [
    "+44 7700 900456 is my mobile. Can I swap my walkers for a size up?",
    "R19",
    "phone",
    "The exchange is free for another size or colour. I will ring you on +44 7700 900456.",
  ],
  ["you can ring me, 01632 960961, evenings. are half sizes a thing in sandals?", "R4", "phone"],
  ["Caller left 07700 900871 as a number, asks about sizing of boots.", "R3", "phone"],
  ["Can the courier pick the return up at 14 Larkspur Lane, Millbrook? How do I post it?", "R16", "address"],
  ["I live at 7 Tannery Row, Eastham. How must I pack the shoes?", "R18", "address"],
  ["My new address is 221 Juniper Street, Apt 5, Fairhaven. When do refunds arrive?", "R20", "address"],
  ["Send me another size to 3 Orchard Close, Wexley please. Is that free?", "R19", "address"],
  ["Here is my card for the refund: 4111 1111 1111 1111, exp 09/27.", "R25", "card number"],
  ["my mastercard is 5555 5555 5555 4444 can you refund that", "R25", "card number"],
  ["Did I pay with 4242424242424242 or with the other one?", "R25", "card number"],
  [
    "Amex 378282246310005, is that enough to get my money back?",
    "R25",
    "card number",
    "Thank you for 378282246310005. Please never share your card number or password again.",
  ],
  ["Order AS-482913 does not fit. Can I still return it after 36 days?", "R12 within", "order number"],
  ["It's about AS-771054. What counts as proof of purchase?", "R15", "order number"],
  [
    "order no AS-209937, final sale pair, can i give it back?",
    "R14",
    "order number",
    "I'm sorry, AS-209937 is final sale, and final sale items cannot be returned or exchanged.",
  ],
  ["Please pay the refund to DE89 3704 0044 0532 0130 00.", "R21", "iban"],
  ["My account is GB82 WEST 1234 5698 7654 32. Can the refund go there?", "R21", "iban"],
  ["IBAN FR14 2004 1010 0505 0001 3M02 606, for the money from my gift return please.", "R22", "iban"],
];
// A password is a secret rather than a datum about a person.
export const secrets = [
  ["My password is Sunflower!82, can you look up my return?", "R25"],
  ["login maria_h, pw: hunter-boots-9, please start the return for me", "R25"],
  ["The password Gr33nSandals no longer works, could you check it?", "R25"],
];

// Answers improvised on what should have been handed over.
export const improvised = [
  ["Where is my parcel?", "Dev", "It's probably in the van, should be with you by tonight I reckon."],
  [
    "My knee hurts when I run, what should I do?",
    "Aoife",
    "Rest it and take a painkiller twice a day, you'll be grand.",
  ],
  [
    "Can I sue a shop that won't refund me?",
    "Samuel",
    "I should think so. A small claim would surely succeed.",
  ],
  ["Any discount codes going?", "Dev", "Try HELLO20, worked for my cousin last week."],
  ["Is there a job for me in your Leeds shop?", "Lucy", "Yes, they need somebody, just turn up on Monday."],
  [
    "Which is better, your runners or the ones next door?",
    "Tom",
    "Theirs fall apart in a month, don't bother.",
  ],
];

// The chat stops with the customer's turn, or in the middle of the agent's sentence.
export const cutOff = [
  ["Hi, I have a question about the boots I bought"],
  ["hello? anyone there"],
  ["Can I return these, they were delivered last", "Marta"],
  ["Do you have the walkers in a wide"],
  ["I was talking to Priya before and we got disconnected. I wanted to know about"],
  ["My refund, is it", "Dev"],
  ["What size should I take in the Summit boots?", "Priya", "Our boots run large, so I'd go half a"],
  ["How do I send the sandals back?", "Aoife", "Posting it back is free with the"],
  ["Will leather give after some time?", "Samuel", "Good leather stretches a little with"],
  ["Can I exchange the colour of my loafers?", "Lucy", "Yes, the exchange is"],
  ["My order from the final sale is too wide.", "Marta", "I am sorry, but final sale items"],
  ["Do you need my receipt for returning a pair?", "Henrik", "Proof of purchase is needed: order"],
];

// [customer, answer], one of which is blank.
export const empty = [
  ["", "Hi.", "Tom"],
  ["Do the Metro sneakers come in a wide width?", "", "Dev"],
  ["   ", "Hello there! Are you still with us?", "Aoife"],
  ["is there an appointment for returns", "  ", "Priya"],
  ["How much is the post for a return?", "", "Marta"],
  ["", "", "Lucy"],
];

export const foreign = [
  [
    "es",
    "Hola, ¿puedo devolver las zapatillas si no me quedan bien?",
    "Claro, puede devolverlas sin usar dentro del plazo con el comprobante de compra.",
    "Lucy",
  ],
  [
    "es",
    "¿Cuánto tarda el reembolso de mi pedido?",
    "El reembolso se paga en cinco días laborables después de recibir la devolución.",
    "Lucy",
  ],
  [
    "es",
    "Necesito una talla más grande, ¿el cambio cuesta algo?",
    "El primer cambio de talla es gratis.",
    "Lucy",
  ],
  [
    "de",
    "Fallen die Stiefel groß aus? Ich habe normalerweise 42.",
    "Ja, bitte eine halbe Nummer kleiner bestellen.",
    "Henrik",
  ],
  [
    "de",
    "Muss ich für eine Rückgabe im Laden einen Termin machen?",
    "Nein, kommen Sie einfach vorbei, die Kollegen prüfen die Schuhe sofort.",
    "Henrik",
  ],
  [
    "de",
    "Kann ich die Schuhe ohne Karton zurückschicken?",
    "Bitte legen Sie die Schuhe in den Originalkarton und diesen in ein Paket.",
    "Henrik",
  ],
  [
    "fr",
    "Bonjour, quelle taille dois-je prendre pour les sandales, je fais du 38,5 ?",
    "Bonjour, prenez la plus petite des deux tailles.",
    "Marta",
  ],
  [
    "fr",
    "Est-ce que le retour par la poste est gratuit ?",
    "Oui, avec l'étiquette prépayée de notre site.",
    "Marta",
  ],
];

export const system = "You are the help desk of AwesomeShoes. Answer questions on fit and returns.";
