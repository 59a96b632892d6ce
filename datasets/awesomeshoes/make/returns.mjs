// Return rules R12-R18. Sections that share a rule differ in what the answer must say ("R12 past": too late).
// "careful" sections get no cheerful opener.
export default {
  R12: {
    topic: "returns",
    product: "any",
    asks: `
How long do I have to return something?
What's your return period?
whats the deadline for sending shoes back
Is it 14 or 28 days for returns?
How many days after delivery can I still bring back the {p}?
I'm off travelling tomorrow. By when do I have to return the {p} I just got?
return window??
Does the return period start when I order or when they arrive?
If I buy {p} as a birthday present for next month, will there still be time to return them?
I want to try the {p} at home before deciding. How long can I think about it?
@Caller wants to know the time limit on returning {p}.
Until when can I return an order that came this morning?
do i have to decide on the {p} quickly or is there a bit of time
Ordering three pairs and keeping one. How long before the others have to go back?
My parcel arrives while I'm on holiday for two weeks. Does that cut into my return time?
An old page of yours mentions a shorter return period. What is it now?
can u tell me how long returns are open for pls
I'm a slow decider. What's the latest I can return {p}?
`,
    followUps: `
And how long do I have to send them back?
Ok. What's the time limit for returning them if they don't fit?
great, and how many days for returns?
if it doesn't work out, how long can I return them?
`,
    answers: `
Priya: You can return items within 60 days of delivery.
Tom: Returns are open for 60 days from delivery.
Marta: Items can be returned within 60 days of delivery.
Dev: You've got 60 days from delivery to send them back.
Aoife: There's plenty of time: you have 60 days from the day of delivery.
Henrik: Returns: within 60 days of delivery.
Lucy: No need to rush, you can return items within 60 days of delivery.
Samuel: You may return items within 60 days of delivery.
`,
  },
  "R12 within": {
    topic: "returns",
    product: "any",
    asks: `
My {p} arrived 45 days ago. Can I still send them back?
I've had the {p} for six weeks in the cupboard, never used. Too late?
got these {p} 40 days ago, still returnable?
It has been a month and a half since delivery. Is a return still possible?
They came 52 days ago. I hope I'm not too late?
Bought {p} at the start of last month and they've been in the box 35 days. May I return them?
I was in hospital for five weeks and never opened my parcel. Can it still go back?
Delivered 50 days back. does the return still work
Seven weeks since my {p} turned up. Am I still ok for a return?
@Caller received {p} 38 days ago and asks whether a return is still possible.
I forgot all about this parcel, it's been about 48 days. Return still on?
Been away for work, the {c} {p} have sat here 42 days. Can I return?
`,
    answers: `
Priya: Yes, you're still in time: items can be returned within 60 days of delivery.
Tom: Yes. Returns are open for 60 days from delivery.
Marta: Yes, that is still possible, as items can be returned within 60 days of delivery.
Dev: Yep, you're fine, you've got 60 days from delivery.
Aoife: You are in time, don't worry: you have 60 days from the day of delivery.
Henrik: Yes. Returns: within 60 days of delivery.
Lucy: Yes, you can still return them, because you have 60 days from delivery.
Samuel: Yes indeed, you may return items within 60 days of delivery.
`,
  },
  "R12 past": {
    topic: "returns",
    product: "any",
    careful: true,
    asks: `
I got my {p} four months ago, can I return them?
it's been 75 days since delivery, any chance of a return?
Found a pair of {p} from last autumn, still new. Can they go back?
My order was delivered 90 days ago. Will you take it back anyway?
Half a year ago I bought {p} and never put them on. Refund?
I missed the return date by three weeks, could you make an exception?
its 70 days.. pls be nice and let me return them
Christmas present from last year, still sealed. Can I return it in March of the year after?
@Caller wants to return {p} bought eleven weeks ago, says she forgot.
Delivery was 100 days ago because I was abroad. Is there any flexibility?
Can I send back the {c} {p} from last summer?
my return is 5 days late, does that matter
`,
    answers: `
Priya: I'm sorry, that is too late. We can only take items back within 60 days of delivery.
Tom: That's too late, sorry. Returns close 60 days after delivery.
Marta: I am sorry, but items can only be returned within 60 days of delivery.
Dev: Sorry, that one's too late, returns close 60 days after delivery.
Aoife: I'm so sorry, that's past the 60 days from delivery, so we can't take them back.
Henrik: Too late, I'm afraid. Returns: within 60 days of delivery.
Lucy: I'm sorry, I know that's disappointing, but returns close 60 days after delivery.
Samuel: I regret that this is too late, as items may only be returned within 60 days of delivery.
`,
  },
  R13: {
    topic: "returns",
    product: "any",
    asks: `
Can I try the {p} on at home and still return them?
I walked around the living room in the {p} for ten minutes. Can they go back?
tried them on carpet only, is that ok for a return?
What condition do the shoes have to be in for a return?
Do they need to be brand new to send back?
If I wear the {p} indoors to check the fit, do I lose my right to return?
I tried the {p} on with socks once. Still returnable?
@Caller tried {p} on in the hallway, wants to know if return is still allowed.
Can I test the {p} in the house for an evening before I decide?
My daughter put them on and ran up and down the stairs inside. Fine for a return?
How "unused" is unused when you return shoes?
does trying them on count as wearing
I only wore them on the rug in front of the mirror. ok to return?
`,
    followUps: `
Am I allowed to try them on first?
And can I try them on at home?
do they have to be in a certain condition?
`,
    answers: `
Priya: Trying them on indoors is fine. They just need to be unworn outdoors to go back.
Tom: Trying on indoors is fine. They must be unworn outside.
Marta: Returned items must be unworn. Trying them on indoors is fine, wearing them outdoors is not.
Dev: Trying on indoors is totally fine, they just have to be unworn outside.
Aoife: Try them on indoors all you like, as long as they stay unworn outdoors.
Henrik: Items must be unworn. Indoors is fine, outdoors is not.
Lucy: Of course you can try them on indoors. They only need to be unworn outdoors.
Samuel: Trying on indoors is quite all right, provided the shoes are unworn outdoors.
`,
  },
  "R13 worn": {
    topic: "returns",
    product: "any",
    careful: true,
    asks: `
I wore the {p} to work twice. Can I return them?
They rubbed on my first walk in the park. I want to send them back.
wore them once outside, only 20 min, return ok?
I cleaned the soles, you can't even tell I wore the {p}. Can I return them?
Took the {p:boot} on a hike and don't like them. Refund please.
ive used the {p} for a week and changed my mind
The soles have a little dirt from the driveway. Will you accept the return?
@Caller wore {p} to a concert, now wants to send them back.
My son wore his {p:kids} to school for two days and says they pinch. Return?
Can I return shoes that I have been jogging in?
i went to the shop and back in them, thats all. can i return
Wore them to a wedding on Saturday, they're gorgeous but I don't need them any more. Can they go back?
It rained when I had the {c} {p} on, but they're dry now. Return possible?
`,
    answers: `
Priya: I'm sorry, returned items must be unworn, and worn outdoors means we can't take them back.
Tom: Sorry, no. Returns must be unworn, and outdoors counts as worn.
Marta: I am sorry, but returned items must be unworn. Shoes worn outdoors cannot be returned.
Dev: Sorry, returns have to be unworn, so once they've been outdoors we can't take them.
Aoife: I'm sorry, but they need to be unworn, so we can't take them back after wear outdoors.
Henrik: Items must be unworn. Worn outdoors, they cannot be returned.
Lucy: I'm sorry they didn't work out. Returns must be unworn, so after wear outdoors we can't accept them.
Samuel: I regret to say returned items must be unworn, and these have been worn outdoors.
`,
  },
  R14: {
    topic: "returns",
    product: "any",
    careful: true,
    asks: `
I bought {p} in the final sale. Can I return them?
The {p} were marked final sale but they're too small. Swap?
final sale {p} dont fit, what can i do
Can final sale items be exchanged for another size?
My receipt says "final sale", does that really mean no returns?
Ordered final sale shoes by accident. Can you take them back?
Do you make exceptions on final sale if the shoes are still in the box?
I'd like my money back for a final sale pair, delivered yesterday.
what does final sale mean exactly
Got the {c} {p} for 60% off in final sale. I want a different colour.
If I return final sale boots the same day, surely that's fine?
@Caller has final sale {p}, one size too big, asks for exchange.
Are final sale shoes returnable in a store at least?
Can I get store credit for final sale {p}?
im still in the return window but its a final sale pair, ok?
Thinking about a final sale pair. What happens if it doesn't fit?
The final sale {p} look different from the photo and I don't like them.
Wife hates the final sale sandals I got her. Options?
You let my friend return a final sale pair last year. Can I too?
Is there any way round the final sale rule? I've never worn them.
bought 2 pairs, 1 normal 1 final sale. can i send back both?
Can a final sale pair be swapped for the same shoe in {s}?
The label on the lid says FINAL SALE, I didn't notice it online. Return?
My mother gave me {p} from your final sale, can I exchange them?
`,
    followUps: `
And if they're from the final sale?
One pair is a final sale item. Same thing?
what about final sale shoes?
`,
    answers: `
Priya: I'm sorry, final sale items cannot be returned or exchanged.
Tom: No, sorry. Final sale items can't be returned or exchanged.
Marta: I am sorry, but final sale items cannot be returned or exchanged.
Dev: Sorry, final sale items can't be returned or exchanged.
Aoife: I'm sorry, but final sale items cannot be returned or exchanged.
Henrik: Final sale items cannot be returned or exchanged.
Lucy: I'm sorry to disappoint you. Final sale items cannot be returned or exchanged.
Samuel: I regret that final sale items cannot be returned or exchanged.
`,
  },
  R15: {
    topic: "returns",
    product: "any",
    asks: `
What do I need to make a return?
Do I need the receipt to return {p}?
lost my receipt, can i still return
I threw away the paperwork. How do I return the {p}?
Can I return without any proof that I bought them?
What counts as proof of purchase?
I paid cash in your shop and can't find the slip. Return possible?
Is an order confirmation email enough to bring the shoes back?
no receipt!! help
Where do I find what I need to start a return?
My ex ordered the {p}. I don't have anything on paper. Can I return them?
@Caller has no receipt for {p}, wants to return in store.
Do I have to bring anything besides the shoes?
Which details should I have ready for the return desk?
I'd like to return a pair but the email with the order is gone from my inbox.
can my husband return my shoes for me, what does he need to bring
Is a photo of the receipt ok?
Will you look me up by name if I don't have the receipt?
The bag with the receipt went in the bin. What now?
what papers do you want for returning {c} {p}
Do you take returns on trust? I've been a customer for years.
My cat shredded the receipt, honestly. Can I return the {p}?
Do I have to have the shop receipt if I bought online?
I want to start a return. What info do you need from me?
`,
    followUps: `
What do I have to bring?
And if I can't find the receipt?
do i need any proof that i bought them?
`,
    answers: `
Priya: For a return we need proof of purchase: your order number or receipt.
Tom: Proof of purchase, so your order number or receipt.
Marta: A return requires proof of purchase, that is the order number or receipt.
Dev: Just proof of purchase, so your order number or receipt.
Aoife: All we need is proof of purchase: the order number or receipt will do.
Henrik: Proof of purchase is needed: order number or receipt.
Lucy: We do need proof of purchase, and either the order number or receipt is fine.
Samuel: We ask for proof of purchase, which may be the order number or receipt.
`,
  },
  R16: {
    topic: "returns",
    product: "any",
    asks: `
How do I send the {p} back by post?
Do I have to pay for return postage?
is posting back free or not
Where do I get a label for my return parcel?
How much does it cost to mail back one pair?
I live miles from a store. Can I post my return?
Which courier do I use to send shoes back?
return by mail - how does it work?
Do I need to buy stamps for the return?
There was no label in my parcel. How do I return the {p} then?
@Caller lives rurally, wants to return by post and asks about cost.
Who pays for the postage if the {p} don't suit me?
Can I post back two pairs in one go, and is it free?
my printer's at work, is there a label somewhere i can print
I'd like to mail the {c} {p} back. What are the steps?
Post office queue or pick-up? How do postal returns go with you?
Will the return shipping be taken off my refund?
sending back {p}, free?
`,
    followUps: `
Is the postage free?
And how do I send them back by post?
do i pay for the parcel?
`,
    answers: `
Priya: Returns by post are free. Just use the prepaid label from our website.
Tom: Post is free. Print the prepaid label from our website.
Marta: Returns by post are free of charge with the prepaid label from our website.
Dev: It's free by post, just print the prepaid label from our website.
Aoife: Posting it back is free with the prepaid label from our website.
Henrik: Post returns are free with the prepaid label from our website.
Lucy: Posting them costs you nothing: the prepaid label is on our website.
Samuel: Returns by post are free; kindly use the prepaid label from our website.
`,
  },
  R17: {
    topic: "returns",
    product: "any",
    asks: `
Can I bring the {p} back to a store?
Do I need to book to return something in the shop?
can i just walk in with my return
How do returns in the store work?
I'd rather hand the shoes back in person. Do I have to call first?
If I come to the shop with my {p}, how long will it take?
store return - appointment or no?
Bought online, can I return at your shop in town?
I have ten minutes in my lunch break. Can I return the {p} at a shop?
@Caller prefers to return in person and asks whether to make a booking.
Who checks the shoes when I return them at the store?
Is there a special time for returns at the shop?
Is it possible to return {c} {p} at the counter
Do I get an answer straight away if I return in store?
going past your store tmrw, can i drop the shoes off?
My mum can't do the post. May she bring the {p} to the shop?
Should I reserve a slot for an in-store return?
Will the shop take back what I ordered on the web?
`,
    followUps: `
Can I do that in a shop instead?
Do I need to book a time at the store?
and if i'd rather go to a store?
`,
    answers: `
Priya: You can return in any store with no appointment. The staff check the shoes on the spot.
Tom: Walk in, no appointment. Staff check the shoes on the spot.
Marta: Returns in a store need no appointment. The staff will check the shoes on the spot.
Dev: Just walk in, no appointment, and the staff check the shoes on the spot.
Aoife: Pop into a store, no appointment at all, and the staff check the shoes on the spot.
Henrik: Store returns: no appointment. Staff check the shoes on the spot.
Lucy: Yes, just come by. There is no appointment to make, and the staff check the shoes on the spot.
Samuel: You are welcome in any store, no appointment required; the staff check the shoes on the spot.
`,
  },
  R18: {
    topic: "returns",
    product: "any",
    asks: `
Do I need the shoe box for a return?
How should I pack the {p}?
can i stick the label straight on the shoebox
I tore the lid of the box. Does that matter for the return?
Is it OK to send the {p} back in a plastic bag?
Do I have to keep the packaging?
which box do i use to send {p} back
Can I put two pairs in one big parcel without their boxes?
The box looked so nice I kept it. Can I return the shoes without it?
@Caller asks how to wrap {p} for the post.
Should the shoe box go inside something else or is it fine as it is?
My kid drew on the box of the {p}. Can it still be used for the return?
What's the right way to package a return?
do you want the tissue paper and box back as well
Sending {p} back tonight, how do I box them up?
Can the {c} {p} travel in just their own box?
I've recycled the outer carton. What do I pack them in?
Does the box have to come back too?
`,
    followUps: `
How should I pack them?
And do I need the shoe box?
does the box have to go back as well?
`,
    answers: `
Priya: Please send the shoes in their original box, inside another parcel.
Tom: Original box, inside another parcel.
Marta: Please return the shoes in their original box, placed inside another parcel.
Dev: Pop them in their original box and put that inside another parcel.
Aoife: Put the shoes in their original box, and the box inside another parcel.
Henrik: Use the original box, inside another parcel.
Lucy: It helps us if the shoes are in their original box, inside another parcel.
Samuel: Kindly place the shoes in their original box, and that inside another parcel.
`,
  },
};
