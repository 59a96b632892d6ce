import type { Shop } from "./shop.ts";

/** A firm that hires out and posts musical instruments. Written before the mechanisms that it was then measured with. */
export const INSTRUMENT_HIRE: Shop = {
  policy: [
    "M1 Instruments are hired by the month; the shortest hire is 3 months.",
    "M2 Delivery of orders over £75 is free; pianos and harps always carry a carriage fee of £60.",
    "M3 Transport damage must be reported within 24 hours of delivery, with photos.",
    "M4 Strings and reeds that break within 14 days are replaced; no money is refunded for them.",
    "M5 The school discount of 10 % and the family discount of 15 % cannot be combined.",
    "M6 Hirers may swap their instrument for another size while the hire is running.",
    "M7 In winter, wooden instruments should not be kept near a radiator.",
    "M8 Violins must not be cleaned with alcohol or furniture polish; a dry cloth is enough.",
    "M9 After 12 months of hire, half of the rent paid counts towards buying the instrument.",
    "M10 A hire can be ended at any time with a notice of 2 weeks.",
    "M11 Instruments bought from us can be sent back within 30 days, except mouthpieces.",
    "M12 Tuning a piano at home costs £85; it is offered during the first year after purchase only.",
    "M13 Members of orchestras may practise in our rehearsal room during opening hours.",
    "M14 (critical) Instruments on hire may not be taken abroad without our written consent.",
    "M15 (critical) Anything that is not about hiring, buying or caring for instruments is passed to the office.",
  ],
  scope: {
    inScope: ["hiring instruments", "orders and delivery", "care of instruments", "returns and damage"],
    outOfScope: ["music lessons", "concert tickets", "legal and medical questions", "other shops"],
  },
  cases: {
    answered: [
      "How short can a hire be?",
      "My cello came with a crack. Until when can I tell you?",
      "Is postage for a harp included?",
      "Can my daughter change to a bigger violin?",
      "Where should the oboe stay when the heating is on?",
      "How do I give notice?",
    ],
    handedOver: [
      "Can you teach my son the trumpet?",
      "Two tickets for Saturday's concert, please.",
      "My neighbour complains about my drums. Can he sue me?",
      "My wrist hurts from playing. What helps?",
    ],
  },
  chats: [
    ["What is the shortest time I can hire a flute?", "The shortest hire is three months."],
    ["Could I rent a saxophone for just one month?", "I'm sorry, a hire runs for at least three months."],
    ["Do I pay postage on an order of £90?", "No, delivery is free for orders over £75."],
    ["What do you charge for bringing a piano?", "Pianos carry a carriage fee of £60."],
    [
      "Is delivery of a harp free, since it costs more than £75?",
      "No, harps always carry a carriage fee of £60.",
      "good",
    ],
    [
      "My order is a harp for £2,000. Do I pay for the delivery?",
      "No, the harp is delivered free of charge because the order is over £75.",
      "conflict",
    ],
    [
      "Is bringing an upright piano to Leeds included in the price?",
      "Yes, carriage is included for every piano, you pay nothing extra.",
      "conflict",
    ],
    [
      "A set of strings for £12, what about postage?",
      "Orders under £75 carry postage; over £75 delivery is free.",
      "good",
    ],
    [
      "My viola arrived with a broken neck. How long do I have to report it?",
      "Please report transport damage within 24 hours of delivery, with photos.",
    ],
    [
      "The case is dented from the post. Until when must I tell you?",
      "Within a day of delivery, and please send us photos.",
      "good",
    ],
    [
      "The clarinet was damaged in transit. By when should I report it?",
      "You have 5 days after delivery to report the damage.",
      "conflict",
    ],
    [
      "Can I still report transport damage? It came on Monday, a week ago.",
      "Yes, damage can be reported up to two weeks after delivery.",
      "conflict",
    ],
    [
      "A string snapped after four days. What now?",
      "We replace it: strings that break within 14 days get a replacement.",
    ],
    [
      "My reed split on the third day. Do I get my money back?",
      "No money, I'm afraid, but we replace the reed.",
      "good",
    ],
    [
      "Two strings broke in the first week. Can I have a refund?",
      "Of course, we refund the price of the strings to your card.",
      "conflict",
    ],
    ["The reed broke after ten days. What do I get?", "You get your money back for the reed.", "conflict"],
    ["Which discount do schools get?", "Schools get a discount of 10 %."],
    ["And what about families?", "The family discount is 15 %."],
    [
      "We are a family and I teach at a school. Can I use both discounts?",
      "Only one of them: the discounts cannot be combined. Take the 15 %.",
      "good",
    ],
    [
      "Do the school discount and the family discount add up?",
      "Yes, together they give you 25 % off.",
      "conflict",
    ],
    [
      "I have a school discount and three children. Can I stack it with the family one?",
      "Sure, both discounts are taken off your bill.",
      "conflict",
    ],
    [
      "My son has outgrown his half-size violin that we hire. Can we swap it?",
      "Yes, as long as the hire is running you may swap it for another size.",
    ],
    [
      "We still hire the small cello until June. May we change to the bigger one now?",
      "No, an instrument can only be swapped once the hire is over.",
      "conflict",
    ],
    [
      "The hire ended last month. Can I swap the guitar for a smaller one?",
      "I'm sorry, a swap is only possible while the hire is running.",
      "good",
    ],
    [
      "Can we have another size in the middle of the hire?",
      "No, sizes can't be swapped during the hire.",
      "conflict",
    ],
    ["Where should I keep my double bass in winter?", "Away from radiators: dry heat cracks wood."],
    [
      "It is cold in January. Should my guitar stand close to the radiator?",
      "Yes, a warm spot near the radiator is best for the wood in winter.",
      "conflict",
    ],
    [
      "Is it all right to keep the violin next to the heater in winter?",
      "Better not: warm dry air is bad for wooden instruments.",
      "good",
    ],
    ["How do I clean my violin?", "Wipe it with a dry cloth; nothing else is needed."],
    [
      "My violin is sticky with rosin. What do I use?",
      "Wipe it with a little alcohol on a tissue, that takes everything off.",
      "conflict",
    ],
    [
      "May I polish my fiddle with furniture polish?",
      "Please don't: a dry cloth is enough, polish harms the varnish.",
      "good",
    ],
    [
      "Does the rent count if I want to buy the cello?",
      "Yes, after 12 months half of the rent you have paid counts.",
    ],
    [
      "I have hired for ten months. Does the rent count towards a purchase?",
      "Not yet: after 12 months of hire half of it does.",
      "good",
    ],
    ["How long is the notice for ending a hire?", "Two weeks, at any time."],
    [
      "I want to stop hiring the trombone. What do I have to do?",
      "Give us 14 days' notice, that's all.",
      "good",
    ],
    ["Until when can I send back the accordion I bought?", "Within 30 days of buying it."],
    ["Can I return a trumpet mouthpiece?", "I'm afraid mouthpieces can't be sent back.", "good"],
    ["What does tuning our piano cost?", "Tuning at home is £85."],
    [
      "We bought our piano from you two years ago. Will you tune it?",
      "We only tune during the first year after purchase, so I'm sorry.",
      "good",
    ],
    [
      "Our piano from you is half a year old. Can you tune it?",
      "Yes, gladly. It costs £85 and we come to your home.",
    ],
    [
      "I play in an orchestra. Can I practise in your rehearsal room at noon?",
      "Yes, members of orchestras may use it during opening hours.",
    ],
    [
      "Could I practise in your rehearsal room at night? I'm in the city orchestra.",
      "No, only during opening hours.",
      "good",
    ],
    [
      "May I take the hired tuba to Spain?",
      "Only with our written consent. Tell us where and when you travel.",
    ],
    [
      "Is it enough to tell you on the phone that the hired horn goes abroad?",
      "No, we have to give our consent in writing.",
      "good",
    ],
    ["How many months do I have to hire a drum kit?", "At least 3 months, then by the month."],
    ["Do you deliver 2 music lamps?", "Yes, and from £75 on delivery is free."],
    ["Do you deliver 20 music lamps?", "Yes, orders of that size come free of charge.", "good"],
    ["Who repairs a hired banjo?", "We do: bring it in and we lend you another while it is in the workshop."],
    [
      "My daughter wants to sing in a choir. Which one takes beginners?",
      "Try the one at St Mary's, they are very friendly.",
      "out-of-scope",
    ],
    [
      "How do I play an F sharp minor chord?",
      "Bar the second fret with the index finger and press the others behind it.",
      "out-of-scope",
    ],
    ["Who composed The Four Seasons?", "Vivaldi wrote it around 1720.", "out-of-scope"],
    [
      "My fingers go numb when I practise. What should I do?",
      "Soak them in warm water and rest for some weeks.",
      "out-of-scope",
    ],
    [
      "Which laptop is best for recording my songs?",
      "Anything with sixteen gigabytes of memory will manage.",
      "out-of-scope",
    ],
    [
      "How do I keep pigeons off my balcony?",
      "Hang up old compact discs, the glitter scares birds.",
      "out-of-scope",
    ],
    ["What is a good name for our jazz band?", "How about The Midnight Otters?", "out-of-scope"],
    [
      "Can you teach me to read sheet music?",
      "Start with the treble clef: every good boy deserves football.",
      "out-of-scope",
    ],
    ["How long do I boil an egg?", "Six minutes for a soft yolk, ten for a hard one.", "out-of-scope"],
    [
      "Is it normal that my cat hides when visitors come?",
      "Cats are shy of strangers, give her a cardboard box.",
      "out-of-scope",
    ],
    ["Thanks, the horn arrived in perfect shape!", "Lovely to hear. Enjoy playing it!"],
  ],
};
