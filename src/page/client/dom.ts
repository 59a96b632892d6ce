/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

type Child = Node | string | undefined | readonly Child[];

/**
 * An element. Texts become text nodes, never markup. A property `on` followed by an event adds a listener; true sets an empty attribute,
 * false and undefined none.
 */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string | boolean | undefined | ((event: Event) => unknown)>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (typeof value === "string") made.setAttribute(name, value);
  }
  made.append(...flat(children));
  return made;
}

function flat(children: readonly Child[]): (Node | string)[] {
  return children.flatMap((child): (Node | string)[] => {
    if (child === undefined) return [];
    return typeof child === "string" || child instanceof Node ? [child] : flat(child);
  });
}

/** JSON of the server. @throws Error with the server's line */
export async function call<T>(path: string, body?: object): Promise<T> {
  const response = await fetch(
    path,
    body === undefined
      ? {}
      : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) },
  );
  const value = (await response.json()) as T & { readonly error?: string };
  if (!response.ok) throw new Error(value.error ?? `the server answered ${response.status}`);
  return value;
}
