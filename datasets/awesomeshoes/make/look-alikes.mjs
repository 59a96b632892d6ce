// Questions that sound outside fit and returns (work, doctors, banks, parcels, other shops, complaints) but do not:
// they are answered by the section named, never handed over.
export default `
R1 | I'm moving over from another brand where I was always a {s}. What do I take in your sneakers?
R1 | I'm applying for a job as a waiter and need sneakers. Do the {p} come in normal sizes?
R1 | My favourite shop says I'm a {s}. Would that be the same number in your {p}?
R3 | I start a new job on a building site. What size {p} should I get, usually a {s}?
R3 | Police academy tells us to bring boots. Is my everyday size right for {p}?
R5 | My doctor told me to wear roomier shoes because of my hammer toe. What fitting do you have?
R5 | Diabetic here, the clinic says nothing may press on the sides of my feet. Which fitting should I look for?
R6 | My physio says my heels slide because shoes are too broad for me. What fitting do I choose?
R7 | My surgeon gave me orthotics after the operation. Which of your shoes take them?
R7 | The health insurance paid for my custom insoles. Can I use them in {p}?
R7 | I'm a nurse on my feet for twelve hours and wear orthotics. What should I order?
R8 | The doctor measured my son's feet in inches. How do I measure for your chart?
R8 | Your app asks for my foot length. How do I get it right?
R9 | Does paying for a marathon coach mean I need bigger running shoes? What size {p} would you say?
R10 | My lawyer's office has a dress code, so I bought {p}. They're tight, is that normal for leather?
R11 | The kindergarten teacher says my boy's shoes are too small. How much room should there be?
R12 | What does the law at your company say about how long I can return things?
R12 | My parcel was delivered to my neighbour. From when do I count, and how long can I return it?
R12 | Tracking says it was delivered last week, I was away. How long is left to return it, roughly, what's your limit?
R12 | Are the staff at your shop right that there's a time limit for returns? How long is it?
R13 | My dog chewed only the paper in the box, the {p} are fine. I tried them on inside. May I return them?
R13 worn | Weather was awful and I only wore the {p} to my car outside. Can they be returned?
R14 | I used a discount code on a final sale pair. Can I return it?
R14 | Your colleague in the shop talked me into final sale {p}. Can I give them back?
R15 | My bank can show I paid you. What do I need for a return?
R15 | I deleted the app with my order in it. What do I need to return my {p}?
R16 | Which delivery company takes returns, and do I pay them?
R16 | Is the return parcel tracked and paid by you, or do I pay postage?
R17 | When your shop opens tomorrow, do I need an appointment to return {p}?
R17 | Parking by your shop is short. Do I have to book a slot for my return?
R18 | The courier crushed the outer carton. What do I put the {p} in to send them back?
R19 | Is there a payment due if I swap my {p} for a {t}?
R20 | Tracking shows my return is at your warehouse. When is the refund paid?
R20 | My bank hasn't got anything from you yet, how long does a refund take?
R20 | Rent is due on Friday. How quickly do you pay a refund once the shoes are back?
R21 | My bank sent me a new account. Where does the refund go?
R21 | My employer paid for my work shoes. Who gets the refund?
R22 | I'd like to complain about a present I got: not my style. How is a gift refunded?
R23 | A consumer website says all sales are refundable. What about winter sale boots?
R24 | I nearly had an accident when the sole of my {p} broke off. What do you do about it?
R24 | My payment went through fine but the {p} came with a torn lining.
R24 | The doctor says the lump in the sole of my {p} hurts my foot. It's a defect.
`
  .trim()
  .split("\n")
  .map((line) => line.split(" | "));
