/**
 * Marks a control token within content as plain text: before a token of one character, else behind its first character. A
 * noncharacter of Unicode, which no text may hold and no vocabulary has.
 */
export const GUARD = "\ufdd0";

/**
 * A conversation as a chat template writes it. Control tokens of the template's own markup are recognised when it is
 * encoded; those within the messages' content carry GUARD and are encoded as plain text.
 */
export class RenderedChat {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }

  /** For people: what the model reads, without marks. */
  toString(): string {
    return withoutGuards(this.markup);
  }
}

export const withoutGuards = (text: string): string => text.replaceAll(GUARD, "");
