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
Ordering for my whole team, can everybody just state their normal sneaker number?
I only know my American number, 9. What would that be in {p:sneaker}?
feet in the middle of two numbers, sneakers again
Do you plan {h} in sneakers some day? What do I do now?
Winter boots for my dad, how do they turn out in size?
{p:boot} loose at the ankle, one down maybe?
never know with boots. normal size {s}
sandals slip off my heel in {t}, pinch in {s}...
my girlfriend takes {h}, getting her {p:sandal}
The straps of the {p:sandal} fit but the length is between sizes
Which models come as W?
I've hallux valgus. Anything broad at the front?
pinky toe goes numb in {p:sneaker}, fits in length
ladies' shoes for very slim feet?
Too much air at the sides of my {p:walker}
thin feet long toes, help
Do {p:walker} have an insole that comes out?
I need shoes for my carbon inserts
Do orthotics mean one size more?
No idea about my size since my feet swelled
Where do I put the pencil when I trace my foot?
length in cm vs your chart, how do I take it
my left foot measures longer, which one counts
Toenails hurt after every long run
{p:runner} for a beginner, usual {s}
room at the toe in running shoes, yes or no
Interval training in {p:runner} - tight or loose fit?
leather pair is quite firm across the top
Will {p:leather} be comfortable from the first day?
My {p:leather} pinch. Patience or return?
child between two sizes, 8 years
How often should I check my kid's toe space?
pip sneakers for my godchild, buy with reserve?
return within how long pls
I can't come by before next month, is the return still ok then?
When does the clock start for returning things?
37 days passed, unopened box, return possible?
I was ill for weeks, parcel came 41 days ago
Returned to the wrong shop and lost time, it's 80 days now
a year old but unworn, money back?
bought in autumn, never worn, can I hand it in
Tags still on, only tried in the bedroom. Ok?
is one lap round the flat wearing them?
Wore them on the bus once
dog walk, twice, not for me after all. return
They have been in the gym with me three times
Bargain bin shoes do not fit
FINAL SALE on the invoice, but they hurt
Do final sale goods have any return right at all?
a friend gave me her final sale pair, swap possible?
paid in cash without a receipt
i have a photo of my order page, enough?
Is the delivery note what you want for a return?
label missing
sending back from the countryside
do I need to weigh the parcel, and who pays
one parcel for two returns, ok and free?
walk in return monday?
Do shops take parcels from the web shop?
Which counter do returns go to?
Are returns checked while I wait?
shoe carton lost, what now
tape on the shoebox, problem?
double boxing needed?
Need {t} not {s}
colour swap
exchange twice?
My wife wants the {p} I ordered in {c}
swap costs
refund still not there after a week
how do i know the refund is on its way
When do you transfer the money for {p}?
Refund speed?
Give me the money on my other card please
I want the refund in cash
paid with two cards, who gets what
Refund to my partner possible?
I got {p} from my colleagues for my farewell. Refund?
gift, duplicate, wants going back
No receipt as it was a present, will I get cash?
sale boots january too wide
Can I hand back {p:boot} I found in the winter sale?
The winter sale boots aren't warm enough, refund me
holes after one month
My {p} came with different soles
stitching loose, will you repair it
a stone cut my {p}, the rubber came off as well
left shoe dyed my carpet blue
is it normal that you ask for card data by phone
i can send you my pin
Take my card number and sort it
I'd prefer to talk
supervisor please
my cousin works for you, can you reach him
whats your fax number
Two parcels, one arrived
Do you sponsor marathons?
`;
