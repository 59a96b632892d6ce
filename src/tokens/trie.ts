interface Node<T> {
  readonly next: Map<number, Node<T>>;
  value?: T;
}

/** Texts by their beginnings, in UTF-16 units. */
export class Trie<T> {
  readonly #root: Node<T> = { next: new Map() };

  set(key: string, value: T): void {
    let node = this.#root;
    for (let i = 0; i < key.length; i++) {
      const unit = key.charCodeAt(i);
      let child = node.next.get(unit);
      if (child === undefined) {
        child = { next: new Map() };
        node.next.set(unit, child);
      }
      node = child;
    }
    node.value = value;
  }

  /** The end and the value of each key that the text holds at `start`, shortest first. */
  *prefixes(text: string, start: number): Generator<[number, T]> {
    let node: Node<T> | undefined = this.#root;
    for (let at = start; at < text.length; ) {
      node = node.next.get(text.charCodeAt(at++));
      if (node === undefined) return;
      if (node.value !== undefined) yield [at, node.value];
    }
  }
}
