// Rule R26: questions outside fit and returns, and customers who ask for a person. Both go to a human colleague.
export default {
  R26: {
    topic: "other",
    product: "any",
    careful: true,
    asks: `
Where is my order? It was due on Tuesday.
tracking hasnt moved in 4 days
My parcel says delivered but there's nothing at my door.
Can I change the delivery address of my order?
How much is shipping to Ireland?
Do you deliver on Saturdays?
Could you send my order to a pick-up point instead?
The courier was rude and threw my parcel over the fence.
I'd like to cancel my order from this morning.
Half of my order is missing, when does the rest come?
Are you hiring at the moment?
Who do I send my CV to for a summer job?
Do you take interns in the design department?
My payment was declined three times, why?
I was charged twice for one order.
Do you accept Klarna?
Can I pay in instalments?
The discount code SPRING doesn't work.
do u have a student discount
When is your next sale?
Can I get a better price if I buy ten pairs?
Is there a loyalty programme? How many points do I have?
Can you match the price of another shop?
What time does your shop in the centre close?
Are you open on bank holidays?
where is the nearest store to the station
Is there parking by your shop?
Your sales assistant ignored me for half an hour.
I want to complain about the lady at the till.
One of your staff was wonderful, who do I tell?
I'm going to sue you over this.
Can you tell me my rights under consumer law?
My lawyer wants a written statement from you.
I slipped in your shop and hurt my back. Who is liable?
I twisted my ankle yesterday, should I see a doctor?
What helps against plantar fasciitis?
Which cream is good for blisters?
Can running cure my knee pain?
Is it a fungus if my toenail turns yellow?
I bought boots from another brand, can you take them back?
How do I return my Nikes to the place next door?
Does the other shoe shop in town stock these?
Do you think brand X is better than you?
Can you tell me who makes your soles?
Are your shoes vegan?
Where are your shoes produced, and are workers paid fairly?
How do I clean suede?
can i put my sneakers in the washing machine
Which polish do I use on black leather?
When will the Ridge boots be back in stock?
Do you have the Breeze sandals in yellow anywhere?
Will you ever do the Cloud sneakers in purple again?
Do you sell socks?
Can you design custom shoes with our company logo?
We'd like to place a wholesale order for our hotel staff.
I'm a blogger, would you sponsor me?
Can our football club get a donation?
I'm a journalist writing about shoe returns. Who can I talk to?
Please delete my account and all my data.
How do I unsubscribe from your newsletter?
I can't log in to your website.
The app crashes every time I open my basket.
My gift card code says invalid.
I need an invoice with VAT for my company.
Do I have to pay customs when ordering from Switzerland?
What's the weather like tomorrow?
Can you recommend a good pizza place nearby?
Help me with my maths homework, please.
Tell me a joke!
Who won the match last night?
Write me a poem about shoes.
What do you think about the election?
Can you book me a taxi to your store?
How do I invest in your company?
Do you rent out shoes for a film shoot?
I found a wallet in your shop, what should I do?
my neighbour accepted my parcel and denies it
@Caller asks where his order is, expected yesterday.
@Caller would like to know the opening hours over Easter.
@Caller is a supplier and wishes to speak with purchasing.
@Caller's credit card was charged a wrong amount.
Is my bank statement wrong or did you charge me customs fees?
Can you lend me a shoehorn?
What's the name of the song in your advert?
`,
    followUps: `
By the way, where is my other order?
ok thanks. do you have a discount code for me?
And are you open on Sunday?
One more thing, I was charged twice for that order.
Do you also have jobs going?
`,
    answers: `
Priya: I can only help with fit and returns, so I'm handing you over to a human colleague.
Tom: That's outside fit and returns. I'm passing you to a human colleague.
Marta: This is outside fit and returns, so I am handing you over to a human colleague.
Dev: That's not something I can do here, but a human colleague can. I'm passing you over.
Aoife: I only look after fit and returns, so I'll hand you over to a human colleague.
Henrik: Outside fit and returns. I am handing you over to a human colleague.
Lucy: I'm not able to help with that myself, so I'm handing you over to a human colleague.
Samuel: I deal with fit and returns only, so allow me to hand you over to a human colleague.
`,
  },
  "R26 person": {
    topic: "other",
    product: "any",
    careful: true,
    asks: `
Can I speak to a real person please?
agent pls
I don't want a chat, I want a human.
Please put me through to someone.
Are you a robot? I'd like to talk to somebody real.
Is there anyone I can phone?
let me talk to your manager
I've explained this three times. Give me a person.
human!!!
Could someone call me back?
My grandmother doesn't like typing, can she talk to somebody?
I'd feel better discussing my return with an actual person.
@Caller insists on speaking to the supervisor.
this isnt helping, is there a person i can talk to
Can I have a member of staff, it's complicated.
`,
    followUps: `
I'd rather speak to a person, please.
hmm can i talk to somebody real about this
`,
    answers: `
Priya: Of course, I'm handing you over to a human colleague.
Tom: Sure. I'm passing you to a human colleague.
Marta: Certainly, I am handing you over to a human colleague.
Dev: Sure thing, I'm passing you over to a human colleague.
Aoife: Of course you can, I'll hand you over to a human colleague.
Henrik: Yes. I am handing you over to a human colleague.
Lucy: Of course, I understand. I'm handing you over to a human colleague.
Samuel: By all means, allow me to hand you over to a human colleague.
`,
  },
};
