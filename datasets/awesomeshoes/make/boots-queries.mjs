// Queries of a later month, in the form of the other lists: a new line of boots that the policy does not mention, and returns
// under a rule that changed in the meantime: 90 days instead of 60, and a restocking fee after day 30.
export const bootsLine = `
do the {p:new} run large like the other boots
{p:new}: my usual {s} or one half down?
Saw the Polar line in the window. How do the {p:new} fit?
What size in the new {p:new}, I have {s} in {p:boot}
are {p:new} insulated boots cut roomier for thick socks
{p:new} with two pairs of socks, {s} or {t}?
Is there a wide version of the {p:new}?
polar boots for wide feet??
Narrow heel, will it lift in {p:new}?
My feet are N width. {p:new} any good?
{p:new} in {h} - do they come in halves
Are there kids' sizes in the Polar line?
{p:new} for my son, he grows so fast, how much room
size chart for the polar boots is missing
can't find {p:new} on your size chart
The felt liner in the {p:new}, does it pack down so that I should buy tight?
Take the liner out of the {p:new}: will they get bigger?
do {p:new} need breaking in
Shaft of the {p:new} too tight round my calf
Calf width of {p:new}?
how high is the shaft on {p:new}
I have strong calves, will the {p:new} close?
Can I wear my orthotics in {p:new}?
{p:new} - insole removable?
Are the {p:new} the same last as the {p:boot}?
between {s} and {t} in {p:new}
{s} in {p:boot} was perfect, is it {s} in {p:new} too?
got {p:new} in {s}, toes touch. size up?
ordered two sizes of {p:new}, {s} feels long, {t} is huge
Ladies' {p:new}: sized like the men's?
UK or EU numbers on the {p:new}?
polar boots come up small or big??
Does the crampon rim on {p:new} change the size
Snow boots from your new line, normal {s}, which number
the polar boots pinch over the instep, will the membrane stretch
{p:new} feel loose at the ankle even laced tight
How warm are the {p:new}, and does the size depend on the lining?
Would you go up for {p:new} with heated insoles?
heated socks and {p:new} - size?
wife's {p:new} too long, half down next time?
are {p:new} ok to return after one walk in snow
Wore {p:new} once in the slush, can they go back?
{p:new} didn't fit, want the other height instead
swap {p:new} {s} for {t}
Exchange {p:new} for {p:boot}?
liner of my {p:new} is torn, brand new
zip on the {p:new} jams since day one
{p:new} leak at the seam. On the first snow!
crampon rim on my {p:new} came off
Are the new polar boots part of the winter sale?
Polar line pre-order, can I still change the size?
Pre-ordered {p:new} in {s}, make it {t} please
My {p:new} in {c} look different from the picture. Return?
gift: {p:new}, wrong size
when will {p:new} in {s} be back
`;

export const changedRule = `
heard it's 90 days now for returns, right?
Your site says 90 days, your mail says 60. Which one?
Is the 90 day return for old orders too?
75 days since {p} came, ok under the new 90 days?
what is this restocking fee
How much is the restocking fee on {p}?
why was 5 taken off my refund, restocking??
Do I pay the restocking fee if I return in the shop?
Restocking fee after 30 days - from order or delivery?
can you waive the restocking fee, I was ill
no restocking fee for exchanges I hope
restocking charge on faulty shoes as well?
Got only part of my money back. Is that the new fee?
90 days minus a fee or 60 days without, explain
they told me in the store the return period is 90 days
Bought before the change. 60 or 90 days?
day 85, still good to send back {p}?
do gifts get 90 days too
fee for late returns, since when
I returned after 40 days and you kept a fee. Not nice
Is the fee per pair or per parcel
new return terms please, short version
does the 90 days rule cover {p:new}
final sale also 90 days?
When is a return free of the restocking fee?
`;
