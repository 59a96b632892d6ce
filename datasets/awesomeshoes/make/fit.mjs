// Fit rules R1-R11. One customer wording a line; "@" marks a phone note. One answer a line, after the name of its agent.
// {p} product · {c} colour · {s} size · {t} the next size · {h} the half size between them.
export default {
  R1: {
    topic: "fit",
    product: "sneaker",
    asks: `
Do the {p} run small or large?
what size shd i get in the {p}, im normally a {s}
I've never bought from you before. Is your sneaker sizing normal, or do I need to adjust?
I wear a {s} in basically everything. Same for {p}?
Hi! Eyeing the {c} {p}. Do they come up small at all?
Are {p} true to size??
My husband is a {s} in most shoes and hates trying things on. Which size in the {p} for him?
Ordered sneakers online once and they were tiny, so I'm nervous. How is the sizing on {p}?
quick one - {p} size {s}, is that a real {s}
@Caller wants sneakers, normally takes a {s}, asked whether our sneakers come up big.
How do your sneakers fit compared with a regular size {s}?
i read a review saying {p} are huge. is that right? im always a {s}
Would you recommend sizing up in the {p}? I'm a solid {s}.
Thinking of getting matching {p} for me and my partner. Do we just order what we always wear?
Sizing on the {c} {p} please, usually {s}, thx
Should I go down a size in your sneakers? My last pair was a {s} and fit perfectly.
Its my first pair of {p}, do I order the number on my old trainers?
My daughter (19, size {s}) wants {p} for her birthday. Can I trust her normal size?
`,
    followUps: `
And for the {p}, same size as always?
one more thing, do the sneakers run big?
Also, what size should I take in sneakers? I'm normally {s}.
`,
    answers: `
Priya: Our sneakers run true to size, so go with your usual size.
Tom: They're true to size. Take your usual size.
Marta: Our sneakers are true to size, so I would recommend your usual size.
Dev: They're true to size, so just grab your usual size and you're set.
Aoife: They run true to size, so your usual size will be just right.
Henrik: Sneakers are true to size: order your usual size.
Lucy: You can relax, our sneakers run true to size. Your usual size is the one to pick.
Samuel: I am pleased to say our sneakers run true to size, so do order your usual size.
`,
  },
  R2: {
    topic: "fit",
    product: "sneaker",
    asks: `
I'm between a {s} and a {t}. Which one in the {p}?
Do {p} come in {h}?
im a {h}, cant find it in the dropdown for the {p}
I usually wear a half size in sneakers. What do I order from you?
Why is there no {h} in {p}? What would you pick?
Sneakers: {s} is a bit tight on me and {t} a bit roomy, help!
half sizes in the {c} {p}??
My left foot is a {s} and my right a {t}. Which pair of {p}?
Torn between {s} and {t} for the {p}, what do people normally do?
@Customer rang about sneakers, sits between {s} and {t}, wants advice on which to take.
Your site jumps from {s} straight to {t}. I take a {h} in trainers...
My wife needs a {h} in sneakers. Do I buy her the {s} or the {t}?
I tried both at a friend's house: {s} pinches, {t} slips a tiny bit. Which of the two would you go for in sneakers?
Are you ever going to stock half sizes in the {p}? until then what should i get
not sure if {s} or {t}, its for {p}, feet are somewhere in the middle
Measured my feet and I land exactly between two sizes for the {p}.
Can you order me {p} in {h} specially?
Got the {p} in my basket in two sizes, {s} and {t}. I'm a {h} really. Which do I delete?
`,
    followUps: `
What if I'm in between two sizes for the sneakers?
hm ok, and I'm a {h} really, which one then?
And do the sneakers come in half sizes?
`,
    answers: `
Priya: We don't make half sizes in sneakers, so between two sizes I'd go for the larger size.
Tom: No half sizes in sneakers. Take the larger size.
Marta: We do not make half sizes in sneakers. Between two sizes, I would recommend the larger size.
Dev: No half sizes in sneakers I'm afraid, so go with the larger size.
Aoife: We don't do half sizes in sneakers, but the larger size will see you right.
Henrik: Sneakers come without half sizes. Between two sizes: the larger size.
Lucy: We don't make half sizes in sneakers, so the larger size is the comfortable choice.
Samuel: Sadly we make no half sizes in sneakers. The larger size is the one I would advise.
`,
  },
  R3: {
    topic: "fit",
    product: "boot",
    asks: `
What size should I take in the {p}? I'm a {s} normally.
Do {p} run large?
my {s} {p} feel massive, heel slips every step. what size shoul i have got
Looking at the {c} {p} for winter. Do I order my normal size?
I've been told your boots come up big, true?
Boots in a {s}: are they roomy or snug?
How do the {p} fit? I wear a {s} in shoes.
Never owned proper boots. Same size as my trainers?
Going hiking in May and want {p}. Which size if I'm usually {s}?
@Caller asks about sizing of {p}, wears {s} in everything, worried they come up wide and long.
are boots sized same as the sneakers on ur site?
My boyfriend is a {s}. I'm getting him {p} as a surprise, what number do I click?
Should I size up in {p} to fit thick socks?
I swim in most boots. Any tips for yours?
boot sizing help pls!! usually a {s}
Is a {s} in {p} the same as a {s} in sneakers?
The reviews of {p} all say "order smaller". How much smaller?
Bought {p} two winters ago and they were loose. Was that my size or do they all come up big?
`,
    followUps: `
And in boots, same size?
What about the {p}, how do those fit?
Thanks. My brother wants boots too, what should he order, he's a {s}.
`,
    answers: `
Priya: Our boots run large, so I'd go half a size down from your usual size.
Tom: Boots come up large. Go half a size down.
Marta: Our boots run large, so I would recommend half a size down from your usual size.
Dev: Yeah, the boots run large, so pick half a size down from your usual.
Aoife: The boots run a bit large, so half a size down from your usual will fit lovely.
Henrik: Boots run large: order half a size down.
Lucy: Our boots do run large. Half a size down from your usual size should feel right.
Samuel: Our boots run rather large, so half a size down from your usual size is what I would advise.
`,
  },
  R4: {
    topic: "fit",
    product: "sandal",
    asks: `
I'm a {h} in shoes. Which size in the {p}?
Do the {p} come in half sizes?
between {s} and {t} for {p}, which one??
Sandals: {s} or {t}? I'm right in the middle.
Off to Greece in June and need {p}. I take a {h}, you only list whole numbers.
My feet swell in summer. If I'm in between, do I take the big or the little {p}?
The {c} {p} only go {s}, {t}... what about us halves?
@Customer wants sandals for holiday, wears {h}, asked whether up or down.
what do half size people do with your sandals lol
Mum is a {h} and wants {p}. Up or down?
Two pairs of {p} in my basket, {s} and {t}. I'm neither really. Which stays?
I never know with sandals whether to round up or down.
My toes hang over the front in a {s} and a {t} looks long. Which {p} would you choose?
no {h} in the {p}?
I'm a {h} in your sneakers drop down list too.. but this time its sandals, same advice?
Would you round down or up in the {p}?
Sandals for my wife, she says she is "{s} and a bit". What do I order?
Are your sandals whole sizes only, and if so where does that leave a {h}?
`,
    followUps: `
And sandals? I'm in between there too.
what about the {p}, do they do half sizes
Cool. For sandals, would I round up or down?
`,
    answers: `
Priya: Sandals come in whole sizes only, so between two sizes I'd pick the smaller size.
Tom: Sandals are whole sizes only. Take the smaller size.
Marta: Our sandals come in whole sizes only. Between two sizes, I would recommend the smaller size.
Dev: Sandals are whole sizes only, so go for the smaller size.
Aoife: The sandals come in whole sizes only, so the smaller size is the better bet.
Henrik: Sandals come in whole sizes. Between two sizes: the smaller size.
Lucy: Our sandals are whole sizes only, and the smaller size sits better on the foot.
Samuel: Sandals are made in whole sizes only, so I would advise the smaller size.
`,
  },
  R5: {
    topic: "fit",
    product: "wide",
    asks: `
I have really wide feet. Is there anything in your range for me?
Do the {p} come in wide?
my feet r like paddles lol, anything wide in a {s}?
The {p} pinch me across the toes but the length is perfect. What can I do?
What does the W mean next to the size of the {p}?
Bunions here, so I need lots of room at the front. Which shoes?
Every sneaker squeezes my little toe. Do you do wider ones?
I need a broad fitting for {p}, size {s}
@Caller has broad feet, normal sneakers press at the ball of the foot, asks for options.
are there extra width options on the {c} {p}
Wide-footed dad needs walking shoes, size {s}. What do you suggest?
The ball of my foot bulges over the sole in normal shoes. Help?
Should I go up a size in the {p} because my feet are wide?
EE width please - which of your shoes?
Pregnant and my feet have spread. Which sneakers will still fit across?
Length ok, width way too tight on the {p}. Bigger size?
Do you have wide fit in sneakers or only in walking shoes?
I usually have to buy mens shoes because womens are too narrow for me. Any wider {p}?
`,
    followUps: `
My feet are quite wide by the way, does that change things?
And what if I have broad feet?
ok and for wide feet?
`,
    answers: `
Priya: For wide feet I'd take the wide width, marked W. It comes in sneakers and walking shoes.
Tom: Pick the wide width, marked W. Sneakers and walking shoes have it.
Marta: For wide feet I would recommend the wide width, marked W, available in sneakers and walking shoes.
Dev: Go for the wide width, that's the W. We have it in sneakers and walking shoes.
Aoife: The wide width is made for you: look for the W on sneakers and walking shoes.
Henrik: Choose the wide width (W), available in sneakers and walking shoes.
Lucy: The wide width will be much kinder to your feet. It is marked W on sneakers and walking shoes.
Samuel: May I suggest the wide width, marked W, which we offer in sneakers and walking shoes.
`,
  },
  R6: {
    topic: "fit",
    product: "wide",
    asks: `
My feet are very narrow and I slide about in most shoes. What should I get?
Do you make {p} in a narrow fit?
skinny feet here, {p} in {s} too loose at the sides
What is the N version of the {p}?
The length of my {p} is right but there's loads of space either side.
I always have to pull the laces right together because my feet are so slim. Any advice?
narrow heel, narrow everything. which shoes??
@Customer reports slim feet, shoes gape at the sides, would like a recommendation.
Would a smaller size help with narrow feet in the {p}?
My teenage son has long thin feet, size {s}. What do you recommend?
Is there anything I can put in the {p}, they're a touch too wide for me
AA fitting, do you have it?
I have ballet dancer's feet, super slim. Will {p} fit me?
shoes always too wide for me... do you do slim ones
Can you make the {c} {p} a bit tighter across? Love them but they gape.
My mother has very slender feet and her shoes slop around. What would suit her?
I'm a {s} long but really thin feet, my heels lift out of {p}
What's best for a narrow foot, the N or an insole?
`,
    followUps: `
I should say my feet are really narrow. Still ok?
and for narrow feet what do you have?
Does that work for slim feet too?
`,
    answers: `
Priya: For narrow feet I'd take the narrow width, marked N, or add a thin insole.
Tom: Get the narrow width, marked N, or use a thin insole.
Marta: For narrow feet I would recommend the narrow width, marked N, or a thin insole.
Dev: Try the narrow width, that's the N, or pop in a thin insole.
Aoife: The narrow width, marked N, would be perfect, or a thin insole does the trick.
Henrik: Choose the narrow width (N) or a thin insole.
Lucy: The narrow width, marked N, should hold your foot better. A thin insole also helps.
Samuel: I would suggest the narrow width, marked N, or else a thin insole.
`,
  },
  R7: {
    topic: "fit",
    product: "walker",
    asks: `
Will my custom orthotics fit in the {p}?
I wear orthotics every day. Which of your shoes take them?
got prescription insoles, do they go in {p} or do i need a bigger size
My podiatrist made me inserts. What size {p} should I order with those?
Can the insole of the {p} be taken out?
Orthotics + {p} = possible?
I need to put my own footbeds in. Do your walking shoes have room?
@Caller uses custom orthotics, asks which shoe and which size to order.
Do I size up in walking shoes because of my orthotics?
My orthotics make every shoe too tight. Any of yours that works?
insoles from the hospital, thick ones. {p} ok?
Is there enough depth in the {p} for a full length orthotic?
I've flat feet and use custom supports. Would {p} in {s} be right?
Which shoes would you recommend for someone with orthopaedic insoles?
My dad has a raise in one shoe insert. Can he wear the {c} {p}?
are the {p} ok with orthotics, my usual size is {s}
Before I order: do custom insoles fit in walking shoes?
I'm tired of squeezing my orthotics into trainers. What do you have for me?
`,
    followUps: `
I also wear orthotics. Do they fit in the {p}?
And can I use my own insoles with those?
oh and what about custom orthotics?
`,
    answers: `
Priya: Orthotics fit in our walking shoes: take out the removable insole and order your usual size.
Tom: Walking shoes. Pull out the removable insole, put yours in, keep your usual size.
Marta: Custom orthotics fit in our walking shoes with the removable insole taken out. Please order your usual size.
Dev: Walking shoes are your friend: take out the removable insole and stick with your usual size.
Aoife: They'll fit in the walking shoes once the removable insole is out, and your usual size is fine.
Henrik: Walking shoes take orthotics: remove the removable insole, order your usual size.
Lucy: Our walking shoes have a removable insole, so your orthotics go in its place. Your usual size is right.
Samuel: Our walking shoes have a removable insole. Take it out for your orthotics and order your usual size.
`,
  },
  R8: {
    topic: "fit",
    product: "any",
    asks: `
How do I measure my feet properly?
I don't know my shoe size. How can I find out?
whats the best way to measure at home
Is there a trick to measuring feet for your size chart?
Haven't bought shoes in ten years and have no idea what size I am.
Do I measure my feet in the morning or at night?
measuring my foot, do i trace it or use a ruler or what
The size chart is in cm. How do I get that number?
@Customer unsure of size, asked how to measure at home before ordering.
How do I measure my mum's feet? She can't get to a shop.
I get a different length each time I measure. What am I doing wrong?
I keep ordering the wrong size... how should I be measuring?
US size, UK size, EU size, I'm lost. How do I find mine from scratch?
Can you explain how to use the size chart?
foot length how do i measure it
Want to order {p} but I'm not sure of my size any more since having kids.
Do you measure from the heel or the toe, and standing or sitting?
My feet grew I think, how do I check what size I am now?
`,
    followUps: `
How do I measure my feet for that?
I'm not sure what my usual size is to be honest. How do I check?
ok, and how do i measure?
`,
    answers: `
Priya: At the end of the day, stand on paper, mark heel and longest toe, and compare the length with our size chart.
Tom: End of the day, stand on paper, mark heel and longest toe, check the length on the size chart.
Marta: Please stand on paper at the end of the day, mark heel and longest toe, and compare the length with the size chart.
Dev: Easy: stand on paper at the end of the day, mark heel and longest toe, then check the size chart.
Aoife: Just stand on paper in the evening, at the end of the day, mark heel and longest toe, and look at the size chart.
Henrik: Stand on paper at the end of the day, mark heel and longest toe, compare the length with the size chart.
Lucy: It's simple: stand on paper at the end of the day, mark heel and longest toe, and match the length to the size chart.
Samuel: Kindly stand on paper at the end of the day, mark heel and longest toe, and compare with the size chart.
`,
  },
  R9: {
    topic: "fit",
    product: "runner",
    asks: `
What size should I get in the {p}? I'm normally a {s}.
How should running shoes fit?
my toes hit the front of my {p} on downhills. wrong size?
Training for a half marathon and need {p}. Do I order my everyday size?
Do I need extra room in running shoes?
Black toenails again after my long run. Should I go bigger in the {p}?
{p} size advice pls, {s} in normal shoes
How much space in front of the toes for running?
@Caller starting to run, usually {s}, asks what size of running shoe to take.
Is a {s} in {p} enough if my street shoes are {s}?
First ever 10k coming up! Which size {p} would you suggest?
running shoes, snug or loose??
My running coach says there should be space at the toe. How do I get that with {p}?
Do the {p} fit the same as your casual sneakers?
Getting {p} for my sister who jogs. She is a {s} in everyday shoes.
numb toes in my {p} after 5 km, they're my normal size
Treadmill only, so do I still need room in running shoes?
Should the {c} {p} feel tight when new? I jog twice a week.
`,
    followUps: `
And for running shoes?
What about the {p}? I run a bit.
thanks, and if i get {p} for jogging, same size?
`,
    answers: `
Priya: Running shoes need a thumb's width in front of the longest toe, so go half a size up.
Tom: You want a thumb's width at the toe. Go half a size up.
Marta: Running shoes need a thumb's width in front of the longest toe, so I would recommend half a size up.
Dev: For running you want a thumb's width at the front, so take half a size up.
Aoife: Leave a thumb's width in front of the longest toe: half a size up is just the thing for running.
Henrik: Running shoes: a thumb's width of room, so half a size up.
Lucy: Your toes need a thumb's width of room for running, so choose half a size up.
Samuel: Running shoes want a thumb's width before the longest toe, so I would advise half a size up.
`,
  },
  R10: {
    topic: "fit",
    product: "leather",
    asks: `
My new {p} feel tight. Will they stretch?
Do leather shoes give with wear?
{p} bit stiff and tight, is that normal
How tight should the {p} be when they're new?
Just unboxed the {c} {p}. They hug my foot quite firmly. Keep them?
Should I buy leather shoes a size bigger so they're comfy from day one?
I've heard leather loosens up. Is that so with yours?
Wedding in three weeks, my {p} are close fitting. Will they ease by then?
@Caller says leather pair is tight across the instep since new, asks if it gives.
Is it ok if leather shoes are a little tight at the start
How long till leather shoes soften up, they grip my feet
Which size in {p} if I want them to fit well in the long run?
new {p} = sore toes. do i wear them in or swap
Leather always goes baggy on me. How should the {p} fit on the first day?
My office shoes from you are firm round the heel. Normal for leather?
would the {p} stretch enough if they actually hurt?
First pair of real leather shoes! What should the fit feel like?
Do {p} get wider over time?
`,
    followUps: `
And how should leather shoes feel when they're new?
Do the {p} stretch at all?
ok. my leather ones are tight too, do they give?
`,
    answers: `
Priya: Leather stretches a little with wear. They should be snug at first but never painful.
Tom: Leather gives a little. Snug at first is fine, painful is not.
Marta: Leather stretches a little with wear, so the shoes should be snug at first but never painful.
Dev: Leather gives a bit with wear, so snug at first is good, painful never is.
Aoife: Leather stretches a little as you wear it, so snug at first is grand but never painful.
Henrik: Leather stretches a little. Snug at first, never painful.
Lucy: Leather eases a little with wear. Snug at first is right, but they should never be painful.
Samuel: Good leather stretches a little with wear: snug at first, but never painful.
`,
  },
  R11: {
    topic: "fit",
    product: "kids",
    asks: `
How much growing room should I leave in kids' shoes?
My son is 4 and growing like mad. Which size {p}?
do i buy my daughters shoes a size bigger so they last
What size {p} for a toddler whose foot is 14 cm?
School shoes for September: how big should I go?
My little girl's toes touch the front of her {p}. How much space should there be?
kids sizing, how much room at the toe??
My grandson is getting {p} from us. How much bigger than his foot?
@Caller buying for a six year old, asks how much space to leave at the toes.
Two sizes up for a growing boy, is that too much?
How do I know if the {p} are big enough for my niece?
She'll only wear them for one season anyway. How much bigger should I buy the {p}?
Is there a rule for how roomy children's shoes should be?
first walking shoes for the baby, how much extra
He grew out of his last pair in three months. What size do I take this time?
My twins need {p}. Do I buy exact fit or with room?
Kid says his new {p} are too big, I left a thumb of space. Too much?
what gap do you recommend between toe and end of shoe for children
`,
    followUps: `
And for my kids, how much room do I leave?
What about the {p} for my son, exact size or bigger?
also buying for my 5 year old, how much bigger?
`,
    answers: `
Priya: For children leave one centimetre of growing room in front of the toes.
Tom: Kids' shoes: one centimetre of growing room.
Marta: For children's shoes we recommend leaving one centimetre of growing room.
Dev: With kids' shoes, leave one centimetre of growing room and you're good.
Aoife: Leave one centimetre of growing room for the little one and that's plenty.
Henrik: Children's shoes: leave one centimetre of growing room.
Lucy: For children we suggest one centimetre of growing room, so little toes can move.
Samuel: For the young ones, do leave one centimetre of growing room.
`,
  },
};
