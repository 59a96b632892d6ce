// What customers ask in an ordinary month, in words that neither transcripts nor cases use: the reference and the query logs
// are drawn from these. One wording a line, with the placeholders of the other lists.
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
my mum is a {s} in everything, would the {p:sneaker} be fine for her
Ordered {s} from three shops and all were fine. Yours the same?
is {s} really {s} in {p:sneaker}?
They say the {p:sneaker} come up small - true?
Which number do you suggest in {p:sneaker}, I'm boringly average at {s}
Am a solid {s}. {p:sneaker} in the basket. Anything to watch out for?
Where would an UK {s} land in {p:sneaker}
{h} in running club, what about {p:sneaker} please
Stuck between the {s} and the {t} in {p:sneaker}, coin toss?
one foot says {s}, the other {t}, {p:sneaker}
Half numbers sold out or do they not exist? ({h})
Planning {p:boot} for Norway, regular shoes are {s}
do {p:boot} come up big or is that a myth
My toes float in the {p:boot}. Ordered my usual {s}
I'd wear the {p:boot} with thin stockings. Still the advice to go smaller?
{p:boot} for a lad who is {s} in trainers - number?
What's the story with boot sizes in your shop
winter's coming, {p:boot}, {s} or less
{p:sandal} in {h}?
my sandal size is never there, I'm a {h}
Sandal for pool side, {s} short, {t} long
Would you size {p:sandal} up or down from {h}?
got a bunion, need broad {p:sneaker}
Is W the same as extra wide elsewhere?
my feet are as wide as planks lol
Swollen feet after work, what fits
Do {p:walker} also come with more room across the ball of the foot?
Side of the {p:sneaker} bulges out over my little toe
Nurse here, on my feet all day, broad ones. Which model?
I slide forward in {p:sneaker}, feet like rulers
Anything in N for a lady of 80?
is there a slimmer version of {p:leather}
Bony heel, thin foot, what do you have
My podiatrist made inserts, thick ones. Which of your shoes?
{p:walker} and orthotics, does the size change?
Can the sole inside the {p:walker} be lifted out
Fallen arches. I use supports. What should I look at?
how to measure the foot with no printer
chart says 26.4 cm, do I count the nail?
Do I wear socks while measuring?
measured both feet and they differ by 8 mm
your size chart in inches please
At night or in the morning - when do I draw round my foot
{p:runner} for parkrun, normally {s}
black toenails from running, am I buying too short
How snug for {p:runner}
Does a {s} in office shoes mean {t} in {p:runner}?
I jog twice a week. Any sizing trick for {p:runner}?
{p:runner} touching my toe when going downhill
Will the {p:leather} give a bit over the summer
{p:leather} for a wedding on Saturday, stiff as a board
Is a tight instep on {p:leather} something that passes
{p:leather} size {s}: snug all round. Keep?
do leather soles stretch too
How much spare room for a toddler in {p:kids}
kids shoes, thumb test or what
My daughter goes up a size every three months. {p:kids} how big?
twins, both 17 cm feet, {p:kids} number?
He can feel the front of the {p:kids} with his toes
School starts in two weeks, {p:kids}, leave how much?
Do I have a month for returns or longer?
I'm moving house and can't post a return for weeks, ok?
What counts, the day I send it or the day you get it?
return deadline for an order placed at new year
Opened the parcel only today, it sat at the neighbour's for 20 days
day 58 today, is it worth going to the post?
They turned up 9 days ago, not keen. Options?
Got them in Jan, changed my mind in March
61 days. One. Day. Surely that's fine
how strict are you about the return limit
three months late, unworn though
been 4 months, box never opened, help
wore {p} to the letterbox and back. Return?
Kid ran through the garden in the {p:kids}, still ok to return?
tried {p} with socks on the carpet
Slight crease in the toe from trying on, will you refuse?
i walked to work in them ONE time
Would you notice if they were worn for an hour outside?
Treadmill only, never outdoors. Counts as worn?
Price tag cut off but never used
Sale of the sale, red sticker. Return?
is outlet the same as final sale
it didn't say final sale when i paid
Swap a final sale {p} for one size up?
Final sale but you sent the wrong colour
last chance items, refund or no
receipt thrown out with the bag
found the order mail, is that proof enough
My bank app shows the payment. Will that do for a return?
paid by voucher, got no slip, want to return
Do I need the number of the order or is my name enough?
guest checkout, no account, how do I prove it
What does it cost me to post {p} back
printing the label at the library, where is it on the page
Can the postman collect the return?
parcel shop or post office for returns?
lost your prepaid sticker, send me another?
return from the islands, still free?
Is there a QR code instead of a label
how do I send two pairs in one go
do I have to book to return in the shop
nearest shop does returns?
bring {p} back to any store or only where bought
Will the till staff look at the shoes first?
I'm outside your store, can I return now
queue for returns long at weekends?
The carton got wet, is that a reason to refuse me
used the shoe box for cat. return possible
send back in original box or does any do
Can I put the label straight on the shoe box?
Box of the {p} is torn at one corner
want {t} rather than {s}, how
{p} in {c} instead, please, same size
Is changing the size free of charge?
exchange for a totally different model?
swapped once, want to swap again
How many times may I exchange
Partner prefers {c}. Exchange {p}?
does the exchange pair ship before you get mine
where's my money
refund pending since monday
It's day 6 since you got the shoes. No refund
returned {p} on the 3rd, nothing on my account
How quick are refunds normally?
will I get a mail once refunded
bank says no refund came in
can the refund go on a gift card instead of my card
My old account is closed. Where does the refund land
i paid with paypal, refund to bank?
half paid by voucher, half by card, refund how
Please refund to my husband's card
cash refund in store possible
Gift from my boss, wrong size
Birthday present, do I get money or a card?
Aunt sent me {p}, would rather have the cash
how do gift returns work without telling the giver
secret santa shoes, return?
returning a present bought online by my sister
{p:boot} from the winter sale don't fit, want my money
Winter sale - exchange only, right?
bought boots in january reduced, can I change them
wrong size winter sale boots
got {p:boot} half price in winter, refund?
{p} broke after a week
Heel of my {p:leather} came loose
eyelet tore out
the {p} squeak like mad, faulty?
Insole peeling off the {p}. Do you replace them?
zip stuck on my {p:boot}
two left shoes in the box!!
Is a hole after six weeks under warranty
glue showing all over my new {p}
My {p:walker} let water in. Repair?
{c} dye on my socks from {p}
sole of {p:runner} worn flat after 200 km
do you need my cvv
shall I send the card number for the refund here
forgot my password, can you tell me it
somebody called asking for my pin, was that you?
Here's my login, check it yourself
Is it safe to give you my card in the chat
how long is shipping
my order is stuck in customs
tracking doesn't move
Is express delivery a thing
change delivery address please
parcel left in the rain
got someone else's parcel
cancel my order pls
Do you have student discount
black friday?
discount code expired yesterday, can you still accept it
can I pay in rates
why was my card declined
invoice missing in the parcel
vat number on the invoice
Do you take amex
are your shoes vegan
how do I clean suede
which polish for {p:leather}
what are the {p} made of
where do you produce
When are {p} in {c} back
any shop in Leeds
opening hours on sunday?
is there parking at the store
do you repair shoes from other brands
can I sell your shoes in my shop
i want to work for you
press enquiry, who do I write to
let me talk to somebody
human pls
This bot is useless. A person!
I want to complain about your driver
who is your manager
my lawyer will write to you
your shoe gave me a blister that is infected, what do I do
My ankle is swollen, doctor or not?
knee pain since the new shoes
The other shop is cheaper, match it?
bought at another store, can you refund me
Can you recommend trousers that go with {p}
gift card balance?
my gift card code is scratched off
newsletter, stop it
delete my account
app crashes at checkout
do you know a good pizza place
write me a poem on shoes
who won yesterday
are you a robot
test
hello?
???
ok thanks
`;
