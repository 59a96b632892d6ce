// Customer queries of the training period that no transcript uses: the reference against which later queries are compared.
// One wording a line, with the placeholders of the other lists.
export default `
are your {p} sized like everyone elses or do i need to adjust
A {s} in all my shoes. Also a {s} with you?
Bought {p} for the gym in {s}, fits everywhere else. Right choice with you?
Between sizes again, sneaker edition: {s} or {t}?
no halves in {p}, really? what do you advise
I take {h}. {p}: round up or down?
How big do the {p:boot} turn out compared with normal shoes?
Heel lift in my {p:boot}, did I buy too big?
boots for a skinny guy, usual {s}, what number
Will thick hiking socks fit in the {p:boot} at my usual size?
{p:sandal} for the beach, in between {s} and {t}
can sandals be had in {h} at all
My toes spread like a fan. What width do you offer?
wide fitting for {p:sneaker}??
Broad forefoot, high arch. Which of your shoes would you suggest?
Do the N shoes look different from normal ones?
Slim feet, tons of space left and right in {p:sneaker}
My heel comes out because my foot is so narrow
I have insoles made by a specialist, could they go in {p:walker}?
Shoes that take orthotics please
orthotics in sneakers, no? then what
Tape measure or ruler for foot length?
What time of day should one measure feet?
please tell me how to work out my size at home
Is there a way to measure a baby's foot for the chart?
Jogging shoes, how much space at the big toe
{p:runner}: same number as my office shoes ({s})?
Preparing for a marathon in {p:runner}. Advice on size?
Do {p:leather} mould to the foot?
tight leather, normal or not
My {p:leather} press on the instep since Monday. Will it go away?
Growing feet, 7 years old, how big do I buy {p:kids}
space for growing in children's shoes?
Nephew's birthday: size of {p:kids} for a 16 cm foot?
how many days do i have for a return
What date do I have to return {p} by if they came today?
Is there a rush with sending back {p}?
They came 33 days ago and I'd like my money back
I've sat on a parcel for 55 days...
Delivered in November, it's March. Can I return?
my return would be 2 weeks late because of covid
Is walking on laminate ok before a return?
put them on for a minute, can they still go back
Had the {p} on the balcony, does that count as outside?
I did a 5 km run in {p:runner} and hate them
Muddy soles after one walk. Return?
Clearance rack, final sale sticker, wrong fit. Anything?
final sale {p} - store credit?
can I haggle about the final sale rule
I'd like to swap a final sale pair for another colour
No paper, no email, only the shoes. Return?
What evidence of purchase do you accept?
do i need anything with me for the return
bank statement ok as a receipt?
postal return pls explain
Return shipping costs?
How do I get hold of a return label?
Who brings my return to you and what is the charge?
Drop-in returns at the shop?
Is Saturday okay for a return in the store, do I need a slot?
i want to give {p} back in person
Must the shoebox come along?
What do I wrap {p} in for the return?
my shoebox has a dent
Bigger size instead, what will it cost me?
Second swap on the same order allowed?
other colour for my {p} please, the {c} one
{s} too small, send {t}?
Any news on when refunds are paid?
refund after how many days
You have my parcel since Wednesday, now what?
I'm waiting for my money since a week
Refund to another account, can you do that?
Can I be refunded in vouchers?
paid with apple pay, where does my money go
card is cancelled. refund??
Present for me, not my size, cash possible?
gift return how is it paid
Grandpa bought me {p}. I'd like the money
{p:boot} from the winter sale back for cash?
I regret my winter sale boots
can winter sale boots be swapped
Sole gone after 10 days
Is a squeaking {p} a defect?
seam split!!
The lace hooks of my {p:boot} bent on the first hike. New pair?
Colour comes off my {p}, is that covered
want my card details?
password reset, can you see my old one
is it ok to mail you my card number
Any chance to get my parcel today?
when does my delivery come
Do you have gift wrapping?
My voucher won't apply
How do I reach the head office?
person please
can I ring someone
Where's your shop in York?
Do you buy used shoes?
Are there vacancies in marketing?
charged two times, fix it
My heel hurts in the morning, what is that?
I need an invoice made out to my firm
is the newsletter worth it, how do i join
waterproof spray, which one?
Do you ship to Canada?
That chap on the phone hung up on me!
`;
