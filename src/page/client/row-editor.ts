import { element } from "./dom.ts";

export interface Content {
  readonly messages?: readonly { readonly role: string; readonly content: string }[];
  readonly [key: string]: unknown;
}

/** A form with one field for each text of a row. */
export function rowEditor(
  content: Content,
  save: (content: Content) => void,
  cancel: () => void,
): HTMLElement {
  const fields: { readonly name: string; readonly box: HTMLTextAreaElement }[] = [];
  const field = (name: string, text: string): HTMLElement => {
    const box = element("textarea", {});
    box.value = text;
    fields.push({ name, box });
    return element("label", {}, name, box);
  };
  const boxes = Array.isArray(content.messages)
    ? content.messages.map(({ role, content }) => field(role, content))
    : Object.entries(content).map(([name, text]) => field(name, String(text)));
  const edited = (): Content =>
    content.messages === undefined
      ? Object.fromEntries(fields.map(({ name, box }) => [name, box.value]))
      : { messages: content.messages.map((message, i) => ({ ...message, content: fields[i]!.box.value })) };
  return element(
    "form",
    {
      onsubmit: (event) => {
        event.preventDefault();
        save(edited());
      },
    },
    boxes,
    element(
      "div",
      { class: "actions" },
      element("button", { type: "submit", class: "first" }, "Save the corrected row"),
      element("button", { type: "button", onclick: cancel }, "Cancel"),
    ),
  );
}
