import { describe, expect, it } from "vitest";
import { personalData } from "../../../src/data/curate/private/personal.ts";
import { privateFinders } from "../../../src/data/curate/private/private.ts";
import { secrets } from "../../../src/data/curate/private/secret.ts";
import { mask } from "../../../src/data/curate/private/spans.ts";
import { PRIVATE_MESSAGES } from "./bike-shop-private.ts";

const hide = (text: string) => mask(text, personalData(text));

describe("personal data", () => {
  it.each([
    ["Write to anna-k.o@mail.example.org, please.", "Write to [email], please."],
    ["Call 07700 900123 or +44 7700 900456.", "Call [phone] or [phone]."],
    ["(202) 555-0142 after five", "[phone] after five"],
    ["202-555-0142 works too", "[phone] works too"],
    ["Ring 0161 496 0142, 0161-496-0143 or 01 42 68 53 00.", "Ring [phone], [phone] or [phone]."],
    ["030/901820 or 0044 161 496 0142", "[phone] or [phone]"],
    ["card 4111 1111 1111 1111, exp 09/27", "card [card], exp 09/27"],
    ["Amex 378282246310005.", "Amex [card]."],
    ["to DE89 3704 0044 0532 0130 00 please", "to [iban] please"],
    ["GB82 WEST 1234 5698 7654 32", "[iban]"],
    ["Order AS-482913 is late", "Order [order] is late"],
    ["my order number: 99812345", "my order number: [order]"],
    ["I live at 221 Juniper Street, Apt 5, Fairhaven. Why?", "I live at [address]. Why?"],
    ["Lindenstraße 12a, Ulm", "[address]"],
    ["Send it to Im Winkel 4, 8001 Zürich.", "Send it to [address]."],
    ["Storgatan 12, 111 22 Stockholm", "[address]"],
    ["ul. Nowa 5, 00-950 Warszawa", "[address]"],
    ["Avenue Louise 54, 1050 Bruxelles", "[address]"],
    ["Vesterbrogade 12, 1620 København", "[address]"],
    ["01.42.68.53.00 after six", "[phone] after six"],
    ["my postcode: K1A 0B1", "my postcode: [postcode]"],
    ["Eircode D02 X285", "Eircode [postcode]"],
    ["postcode is SW1A 1AA", "postcode is [postcode]"],
    ["from 192.168.10.24 at noon", "from [ip] at noon"],
  ])("%s", (text, expected) => expect(hide(text)).toBe(expected));

  it.each([
    "I have had them for 60 days, size 38.5 or 7 1/2, for 129.95",
    "delivered on 2024-05-06 at 10:30",
    "Pack item 0042-65-118 with its charger.",
    "0042-65-118 is not what I imagined",
    "between 01.02.26 and 03.04.26, 12.05.2026",
    "Phone 14, 5000 Euros in total",
    "product no. 0412-65-1189, article number 071 2290 118",
    "ISBN 978-0-306-40615-7 or ISBN 0-306-40615-2",
    "between 01-02-2026 and 03/04/2026",
    "card 4111 1111 1111 1112 fails the check digit",
    "DE00 3704 0044 0532 0130 00 fails modulo 97",
    "version 1.2.3.4.5 of the app, 300.1.1.1",
    "the 3 Summit boots and 2 Metro sneakers",
    "12 Reasons Why this is good",
    "call 12345 or write us @home",
  ])("leaves alone: %s", (text) => expect(hide(text)).toBe(text));
});

describe("secrets", () => {
  it.each([
    ["My password is Sunflower!82, ok?", "My password is [secret], ok?"],
    ["login maria, pw: hunter-boots-9", "login maria, pw: [secret]"],
    ["The password Gr33nSandals no longer works", "The password [secret] no longer works"],
    [`key ${"sk"}-${"live_"}${"a1B2".repeat(6)} leaked`, "key [secret] leaked"],
    [`${"AKIA"}${"ABCDEFGH12345678"} in the log`, "[secret] in the log"],
  ])("%s", (text, expected) => expect(mask(text, secrets(text))).toBe(expected));

  it.each(["Never share your password or card number.", "I forgot my password again"])(
    "leaves alone: %s",
    (text) => expect(secrets(text)).toEqual([]),
  );
});

describe("what was masked", () => {
  it.each([
    ...PRIVATE_MESSAGES.map(({ text }) => text),
    "login maria, pw: hunter-boots-9, thanks",
    "My password is Sunflower!82. My order number: 99812345",
  ])("is not found again: %s", (text) => {
    const hidden = mask(hide(text), secrets(hide(text)));
    expect([...personalData(hidden), ...secrets(hidden)]).toEqual([]);
  });
});

it("contact data that the policy publishes is the shop's own, however it is written", () => {
  const finders = privateFinders({}, "Contact: 0161 496 0142, help@copperlane.example.");
  const find = (text: string) => finders["personal-data"](text).map(({ label }) => label);
  expect(find("Ring 0161-496-0142 or mail Help@copperlane.example.")).toEqual([]);
  expect(find("I am on 0161 496 0143 or me@copperlane.example.")).toEqual(["phone", "email"]);
});

describe("messages written apart from the detectors", () => {
  const finders = { "personal-data": personalData, secret: secrets } as const;
  it.each(["personal-data", "secret"] as const)("%s: recall 0.95, precision 0.9", (kind) => {
    const found = PRIVATE_MESSAGES.filter(({ text }) => finders[kind](text).length > 0);
    const planted = PRIVATE_MESSAGES.filter(({ holds }) => holds === kind);
    const missed = planted.filter((message) => !found.includes(message)).map(({ text }) => text);
    const wrong = found.filter((message) => !planted.includes(message)).map(({ text }) => text);
    expect(planted.length - missed.length, `missed ${missed}`).toBeGreaterThanOrEqual(0.95 * planted.length);
    expect(found.length - wrong.length, `wrong ${wrong}`).toBeGreaterThanOrEqual(0.9 * found.length);
  });
});
