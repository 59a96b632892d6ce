// Rules on exchanges and refunds R19-R23, and those of conduct R24 and R25.
export default {
  R19: {
    topic: "exchanges",
    product: "any",
    asks: `
Can I swap my {p} for a bigger size?
What does an exchange cost?
want to change the colour of my {p}, possible?
The {p} are too small, I'd love the next size up instead.
Is swapping sizes free?
I picked the wrong colour. Can I get the {c} ones?
exchange {s} for {t} pls
How many times can I exchange?
I already exchanged once and it's still wrong. Can I exchange a second time?
@Caller wants {p} in one size smaller, asks about cost.
Would you post me a different size if I send these back?
My {p} in {c} look better online. Could I have another colour?
If the {t} doesn't fit either, can I change it again?
do you charge for an exchange or nah
How does exchanging work? Mine are a size too big.
Can I swap one pair out of an order of three?
The {p} fit but the colour doesn't suit my work trousers. Change for black?
I need a smaller size of the same shoe. What do I pay?
`,
    followUps: `
Could I swap them for another size instead?
And what does an exchange cost?
or can i just exchange them?
`,
    answers: `
Priya: Yes, the exchange is free for another size or colour, one for each order.
Tom: The exchange is free, size or colour. One for each order.
Marta: The exchange is free for another size or colour, with one exchange for each order.
Dev: Sure, the exchange is free for another size or colour, one per order.
Aoife: The exchange is free for another size or colour, one for each order.
Henrik: The exchange is free (size or colour), one for each order.
Lucy: Yes, the exchange is free, for another size or colour, one for each order.
Samuel: The exchange is free for another size or colour, one for each order.
`,
  },
  R20: {
    topic: "refunds",
    product: "any",
    asks: `
When will I get my refund?
How long do refunds take?
sent my {p} back last week, no money yet??
You got my return on Monday. When should I see the money?
How soon after my parcel arrives do you pay?
is the refund instant
Still waiting for my refund for the {p}. How long is normal?
The app says my return was received yesterday. What's next and when?
I need the money by the end of the month, how fast are refunds?
@Caller returned {p} by post, asks when the refund will be paid.
My return reached your warehouse two days ago. Refund?
Do you pay out when I post it or when it gets to you?
refund time pls
Roughly how many working days until I'm refunded?
I dropped my return at the post office today. When do I get paid back?
It's been three days since you received the {c} {p}. Should I worry?
how long between you getting the shoes and me getting my cash
Can you tell me the usual waiting time for a refund?
`,
    followUps: `
And when do I get my money?
How long does the refund take then?
ok, how fast is the refund?
`,
    answers: `
Priya: Refunds are paid within 5 business days after the return arrives at our warehouse.
Tom: 5 business days after the return reaches our warehouse.
Marta: Refunds are paid within 5 business days after the return arrives at our warehouse.
Dev: You'll have it within 5 business days after the return gets to our warehouse.
Aoife: It will be with you within 5 business days after the return arrives at our warehouse.
Henrik: Refund: within 5 business days after arrival at the warehouse.
Lucy: I know waiting is no fun. It is paid within 5 business days after the return arrives at our warehouse.
Samuel: Refunds are paid within 5 business days after the return arrives at our warehouse.
`,
  },
  R21: {
    topic: "refunds",
    product: "any",
    asks: `
Where will my refund go?
Can you refund me to a different card?
refund to my paypal instead of card pls
I paid by card but would like the refund in cash.
I closed the bank account I paid with. Where does the refund go?
Could the refund for the {p} be sent to my wife's account?
do i get the money back the same way i paid
Can I choose how I'm refunded?
Paid half with a voucher, half by card. How do you refund that?
@Caller asks to have the refund paid to a new bank account.
Can I have the refund as store credit rather than back to my bank?
My dad paid for my {p}. Can the refund come to me?
I'd like a cheque for the refund.
will it go on the card i used or where
Is it possible to transfer the refund to another person?
Refund me in cash at the shop, I ordered online with Klarna. Works?
My credit card expired last month, what happens with the refund?
can u put the refund on my new card
`,
    followUps: `
And which account does it go to?
Can you pay that to another card?
does it go back on my card?
`,
    answers: `
Priya: Refunds go back to the original payment method only.
Tom: It goes to the original payment method only.
Marta: Refunds can only be made to the original payment method.
Dev: It goes back to the original payment method, that's the only way.
Aoife: Refunds go back to the original payment method only.
Henrik: Original payment method only.
Lucy: For your safety it only goes back to the original payment method.
Samuel: Refunds go back to the original payment method only.
`,
  },
  R22: {
    topic: "refunds",
    product: "any",
    asks: `
I got the {p} as a gift. Can I return them?
My aunt gave me shoes that don't fit. How do I get a refund?
returning a present, do i get cash?
Birthday present from my boyfriend, wrong style. What happens if I send them back?
If I return a gift, will the person who bought it know or get the money?
How are gifts refunded?
gift {p} too small, refund possible?
My in-laws sent {p} for Easter. I'd rather choose something else myself.
@Caller received {p} as a present and asks how she would be refunded.
Someone bought me these and I don't like them, money back?
Secret Santa shoes!! Not my taste. What can I get for them?
I'd return the gift I got from my team at work. How do you pay it out?
Do I get money back for a present I return?
shoes were a gift from grandma, she has the bank statement. how would i be refunded
What form does the refund take when it was a gift?
The {c} {p} were a wedding gift. Can they be returned for money?
My son got two identical pairs for his birthday. Can one be refunded?
They were given to me so I never paid. Where would a refund go?
`,
    followUps: `
They were a present, by the way. How does the refund work?
And if it was a gift?
it was a gift from my sister tho, do i get the money?
`,
    answers: `
Priya: Gifts are refunded as a gift card, so you can pick something you love.
Tom: Gifts are refunded as a gift card.
Marta: Gifts are refunded in the form of a gift card.
Dev: For gifts the refund comes as a gift card.
Aoife: Gifts are refunded as a gift card, so you can treat yourself.
Henrik: Gifts: refund as a gift card.
Lucy: A gift is refunded as a gift card, so you can choose something that suits you.
Samuel: Gifts are refunded as a gift card.
`,
  },
  R23: {
    topic: "exchanges",
    product: "boot",
    careful: true,
    asks: `
I bought {p} in the winter sale. Can I get a refund?
Winter sale boots don't fit, what are my options?
got {p} half price in the winter sale, want my money back
Can boots from the winter sale be returned?
My {p} from the winter sale are too tight. Refund or swap?
Is it right that I can't get a refund on winter sale boots?
winter sale {p} - exchange ok?
I have the receipt for my winter sale {p}. Do I get the cash back?
Would you refund boots from January's winter sale?
@Caller bought {p} in the winter sale, too large, wants a refund.
The {c} {p} were in the winter sale. Could I have another size?
What's the policy on boots bought in the winter sale?
boots frm winter sale, never worn, refund?
My brother gave me {p} from the winter sale, they're too big. What now?
I know other shops refund sale boots. Do you, for the winter sale?
Snow is gone and I don't need the winter sale boots any more. Money back?
Can I swap winter sale {p} for sneakers or get the money?
Your winter sale was great but the {p} pinch. What can you do?
`,
    followUps: `
And boots from the winter sale?
They were in the winter sale, does that matter?
mine are winter sale boots, refund too?
`,
    answers: `
Priya: Boots from the winter sale can be exchanged but not refunded.
Tom: Winter sale boots can be exchanged but not refunded.
Marta: Boots bought in the winter sale can be exchanged but not refunded.
Dev: Winter sale boots can be exchanged but not refunded.
Aoife: Boots from the winter sale can be exchanged but not refunded, so let's find a size that fits.
Henrik: Winter sale boots: exchanged but not refunded.
Lucy: Boots bought in the winter sale can be exchanged but not refunded.
Samuel: Boots bought in the winter sale can be exchanged but not refunded.
`,
  },
  R24: {
    topic: "returns",
    product: "any",
    careful: true,
    asks: `
The sole of my {p} came off after two weeks.
My {p} have a hole already, what can you do?
stitching came undone on the left {p}
The heel broke on the way to work. I want a new pair!
One eyelet of the {c} {p:sneaker} ripped out when I laced them.
Can you repair my {p:boot}? The zip is stuck.
these {p:boot} are leaking, they're meant to be waterproof
The left shoe squeaks horribly since day one. Is that a defect?
My {p} arrived with a crack in the sole.
glue showing everywhere and the toe is peeling off, not impressed
The colour of the {p} rubbed off on my socks. Faulty?
Will you replace {p} that fell apart?
@Caller says sole of {p} is splitting after a month, wants a replacement.
I've got two left shoes in the box.
The buckle snapped the first time I closed it.
Insole of the {p} is coming apart, can I have a free repair
laces broke on first use, send me new ones?
My {p} smell of chemicals and made my socks yellow. Something is wrong with them.
There's a nail poking through the heel of my {p:leather}!
Air cushion popped on my {p:runner}, do I get a new pair?
the tongue ripped clean off one of my {p:sneaker}
One shoe of the pair is visibly longer than the other.
I'm so disappointed, the leather of my {p:leather} is cracking after three wears.
Velcro on my boy's {p:kids} no longer sticks, what will you do about it?
Is a loose heel on new {p} covered?
Promise me I'll get a replacement for these broken {p}.
`,
    followUps: `
Also, the stitching on one of them is coming loose.
And what if there's a defect? One sole looks unglued.
the zip on the other pair is broken btw
`,
    answers: `
Priya: I'm sorry about that. I'm handing you over to our warranty team, who look at faulty shoes.
Tom: Sorry to hear that. Our warranty team handles faulty shoes, I'm passing you over.
Marta: I am sorry about the trouble. I am handing you over to our warranty team, who deal with faulty shoes.
Dev: Oh no, sorry about that. I'm passing you to our warranty team, they look after faulty shoes.
Aoife: I'm so sorry. I'm handing you over to our warranty team, who take care of faulty shoes.
Henrik: Sorry about that. Faulty shoes go to our warranty team; I am handing you over.
Lucy: I'm sorry, that must be annoying. Our warranty team looks after faulty shoes, so I'm handing you over.
Samuel: My apologies. I am handing you over to our warranty team, who see to faulty shoes.
`,
  },
  R25: {
    topic: "refunds",
    product: "any",
    careful: true,
    asks: `
Do you need my card number for the refund?
I'll just give you my card number, ok?
shall i type my card details here so you can refund me
I forgot my password, can I tell you the old one so you can log in for me?
What's the card number you have on file for me?
Can you read my card number back to me to check it's right?
My account is locked. If I send you my password can you look up my return?
You'll want the long number on the front of my card, right?
should i email u a photo of my bank card for the refund
To speed it up, can I give you the three digits on the back?
@Caller offered to read out the card number to get the refund faster.
Is it safe to put my card number in this chat?
I can give you my login and password and you do the return for me?
Someone claiming to be from your shop asked for my card number. Should I answer?
Which card did I pay with? Tell me the number please.
Here's my account, do you need the password to see my order?
My new card has a different number, shall I write it here?
can you confirm the password i use on your site
I'd rather give you my debit card number than wait.
Do I have to send my card details with the return parcel?
Need anything else from me for the refund, card number, expiry date?
Could you store my card number so refunds go quicker?
Tell me my password please, I can't log in to print the label.
I wrote my card number on the return form, was that right?
`,
    followUps: `
Do you need my card number for that?
Shall I give you my password so you can look?
ok do i give u my card details now?
`,
    answers: `
Priya: Please never share your card number or password. We don't need them to help you.
Tom: No. Never share your card number or password, we don't need them.
Marta: Please never share your card number or password with anyone. We do not need them.
Dev: No need for that. Never share your card number or password, we don't need either.
Aoife: Please never share your card number or password, not even with us. We don't need them.
Henrik: Never share your card number or password. We do not need them.
Lucy: Thanks for offering, but please never share your card number or password. We don't need them.
Samuel: Please never share your card number or password; we have no need of them.
`,
  },
};
