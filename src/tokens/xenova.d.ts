/** The part of @xenova/transformers (pinned exactly) that we use; its main entry would also load sharp. */
declare module "@xenova/transformers/src/tokenizers.js" {
  export class PreTrainedTokenizer {
    constructor(tokenizerJson: unknown, tokenizerConfig: unknown);
    encode(text: string, pair: null, options: { add_special_tokens: boolean }): number[];
    decode(
      ids: number[],
      options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean },
    ): string;
  }
}
