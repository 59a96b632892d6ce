/**
 * Characters that nobody sees: those that Unicode tells programs not to draw (zero-width spaces, joiners, fillers, variation selectors),
 * formats, controls other than white space, and code points that are no characters.
 */
const UNSEEN = /\p{Default_Ignorable_Code_Point}|\p{Cf}|(?!\s)\p{Cc}|\p{Noncharacter_Code_Point}/gu;

/** White space of any width; the Braille pattern without dots is drawn as a blank too. */
const BLANKS = /[\s\u2800]+/gu;

/**
 * A text as a reader sees it: composed, without characters that nobody sees, a run of blanks as one space. Two names that look the same
 * are the same.
 */
export const asSeen = (text: string): string => {
  return text.replace(UNSEEN, "").replace(BLANKS, " ").normalize("NFC").trim();
};
