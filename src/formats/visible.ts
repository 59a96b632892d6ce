/** Characters that nobody sees: formats such as zero-width spaces, joiners and direction marks, and variation selectors. */
const UNSEEN = /\p{Cf}|[\u{fe00}-\u{fe0f}]|[\u{e0100}-\u{e01ef}]/gu;

/** A text as a reader sees it: composed, without characters that nobody sees. Two names that look the same are the same. */
export const asSeen = (text: string): string => text.replace(UNSEEN, "").normalize("NFC").trim();
