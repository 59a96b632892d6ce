import type { Item, Piece } from "../review-queue.ts";
import { call, element } from "./dom.ts";
import { type Content, rowEditor } from "./row-editor.ts";

type Decision = "accept" | "reject" | "drop" | "keep" | "edit";

interface Review {
  readonly task: string;
  readonly curated: boolean;
  readonly kinds: readonly { readonly kind: string; readonly found: number; readonly open: number }[];
  readonly items: readonly Item[];
  readonly undo: number;
}

const ACTIONS: readonly { readonly decision: Decision; readonly label: string; readonly key: string }[] = [
  { decision: "accept", label: "Accept", key: "a" },
  { decision: "reject", label: "Reject", key: "r" },
  { decision: "edit", label: "Edit", key: "e" },
  { decision: "drop", label: "Drop the row", key: "d" },
  { decision: "keep", label: "Keep the row", key: "k" },
];

const root = document.getElementById("page")!;
const state = {
  review: undefined as Review | undefined,
  kind: undefined as string | undefined,
  at: 0,
  editing: false,
  busy: false,
  by: localStorage.getItem("by") ?? "",
  reason: "",
  status: "",
  failed: false,
};

const shown = (): readonly Item[] =>
  (state.review?.items ?? []).filter(({ kind }) => state.kind === undefined || kind === state.kind);

async function load(): Promise<void> {
  state.review = await call<Review>("/api/review");
  state.at = Math.max(0, Math.min(state.at, shown().length - 1));
}

/** Runs a request, shows its outcome, and reads the queue again. */
async function act(work: () => Promise<string>): Promise<void> {
  if (state.busy) return;
  state.busy = true;
  draw();
  try {
    state.status = await work();
    state.failed = false;
    await load();
  } catch (error) {
    state.status = (error as Error).message;
    state.failed = true;
  }
  state.busy = false;
  draw();
}

function decide(items: readonly Item[], decision: Decision, content?: Content): void {
  if (items.length === 0) return;
  if (state.by.trim() === "") {
    state.status = "Write your name first: every decision carries it.";
    state.failed = true;
    draw();
    document.getElementById("by")?.focus();
    return;
  }
  void act(async () => {
    const { by, reason } = state;
    await call("/api/review/decide", { ids: items.map(({ id }) => id), decision, by, reason, content });
    state.editing = false;
    state.reason = "";
    if (items.length === 1) nextOpen();
    return `${items.length === 1 ? items[0]!.place || items[0]!.kind : `${items.length} findings`}: ${decision}`;
  });
}

/** Moves to the next undecided finding of the list. */
function nextOpen(): void {
  const list = shown();
  const next = list.findIndex(({ decision }, i) => i > state.at && decision === null);
  if (next >= 0) state.at = next;
}

const undo = (): void =>
  void act(async () => {
    const { undone } = await call<{ undone: number }>("/api/review/undo", {});
    return `taken back: ${undone === 1 ? "one decision" : `${undone} decisions`}`;
  });

const curate = (): void =>
  void act(async () => {
    await call("/api/curate", {});
    return "curated again: the clean set has your decisions";
  });

function move(step: number): void {
  state.at = Math.max(0, Math.min(state.at + step, shown().length - 1));
  state.editing = false;
  draw();
}

function start(decision: Decision, item: Item): void {
  if (decision !== "edit") {
    decide([item], decision);
    return;
  }
  state.editing = true;
  draw();
  root.querySelector("textarea")?.focus();
}

document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  const writes = target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
  if (writes || event.ctrlKey || event.metaKey || event.altKey) return;
  const item = shown()[state.at];
  const action = ACTIONS.find((entry) => entry.key === key);
  if (key === "j" || key === "ArrowDown") move(1);
  else if (key === "ArrowUp") move(-1);
  else if (key === "u") undo();
  else if (action !== undefined && item !== undefined) start(action.decision, item);
  else return;
  event.preventDefault();
});

const pieces = (list: readonly Piece[]): (Node | string)[] =>
  list.map(({ text, only }) => (only ? element("mark", {}, text) : text));

function kindsList({ kinds, items }: Review): HTMLElement {
  const choose = (kind: string | undefined) => () => {
    state.kind = kind;
    state.at = 0;
    state.editing = false;
    draw();
  };
  const entry = (kind: string | undefined, label: string, count: string): HTMLElement =>
    element(
      "li",
      {},
      element(
        "button",
        { id: `kind-${label}`, "aria-pressed": String(state.kind === kind), onclick: choose(kind) },
        element("span", {}, label),
        element("span", { class: "soft" }, count),
      ),
    );
  const open = items.filter(({ decision }) => decision === null).length;
  return element(
    "ul",
    { class: "kinds", "aria-label": "Kinds of findings" },
    entry(undefined, "all", `${open} open`),
    kinds.map(({ kind, found, open }) => entry(kind, kind, `${found} found, ${open} open`)),
  );
}

function itemsList(list: readonly Item[]): HTMLElement {
  return element(
    "ul",
    { class: "items", "aria-label": "Findings in the queue" },
    list.map((item, i) =>
      element(
        "li",
        {},
        element(
          "button",
          {
            id: `item-${i}`,
            "aria-current": i === state.at ? "true" : undefined,
            onclick: () => move(i - state.at),
          },
          element("span", {}, item.place || item.kind),
          element("span", { class: item.decision === null ? "soft" : "done" }, item.decision ?? "open"),
        ),
      ),
    ),
  );
}

function detail(item: Item): HTMLElement[] {
  const { other } = item;
  const text = element(
    "div",
    { class: "sides" },
    element("section", {}, element("h3", {}, `Row ${item.place}`), element("p", {}, pieces(item.row))),
    other &&
      element(
        "section",
        {},
        element(
          "h3",
          {},
          other.rule === undefined ? `Other ${other.place}` : `Rule ${other.rule}, ${other.place}`,
        ),
        element("p", {}, pieces(other.text)),
      ),
  );
  const decided =
    item.decision === null ? [] : [`${item.decision} by ${item.by}`, ...(item.reason ? [item.reason] : [])];
  return [
    element("h2", {}, `${item.kind}: ${item.evidence || "a decision on the row"}`),
    element(
      "p",
      { class: item.severity === "error" ? "error" : "soft" },
      `${item.severity}; proposal: ${item.proposal}`,
    ),
    ...(decided.length > 0 ? [element("p", { class: "done" }, decided.join(": "))] : []),
    state.editing
      ? rowEditor(
          item.content as Content,
          (content) => decide([item], "edit", content),
          () => {
            state.editing = false;
            draw();
          },
        )
      : text,
  ];
}

function actions(item: Item): HTMLElement {
  const button = ({ decision, label, key }: (typeof ACTIONS)[number]): HTMLElement =>
    element(
      "button",
      {
        id: `do-${decision}`,
        class: decision === "accept" ? "first" : undefined,
        disabled: state.busy,
        onclick: () => start(decision, item),
      },
      label,
      element("kbd", { class: "hint", "aria-hidden": "true" }, key),
    );
  return element("div", { class: "actions" }, state.editing ? [] : ACTIONS.map(button));
}

function field(id: "by" | "reason", label: string): HTMLElement {
  const input = element("input", {
    id,
    autocomplete: "off",
    oninput: () => {
      state[id] = input.value;
      if (id === "by") localStorage.setItem("by", input.value);
    },
  });
  input.value = state[id];
  return element("label", {}, label, input);
}

function bulk(list: readonly Item[]): HTMLElement | undefined {
  const open = list.filter(({ decision }) => decision === null);
  if (state.kind === undefined || open.length < 2) return undefined;
  return element(
    "div",
    { class: "actions" },
    element("span", { class: "soft" }, `All ${open.length} open of ${state.kind}:`),
    (["accept", "reject"] as const).map((decision) =>
      element(
        "button",
        { id: `all-${decision}`, disabled: state.busy, onclick: () => decide(open, decision) },
        decision,
      ),
    ),
  );
}

function draw(): void {
  const { review } = state;
  if (review === undefined) {
    root.replaceChildren(
      element(
        "main",
        {},
        element("p", { class: state.failed ? "error" : "soft", role: "status" }, state.status),
      ),
    );
    return;
  }
  const focused = document.activeElement?.id;
  const scroll = root.querySelector(".items")?.scrollTop ?? 0;
  const list = shown();
  const item = list[state.at];
  document.title = `${review.task}: data`;
  root.replaceChildren(
    element(
      "header",
      {},
      element("h1", {}, `${review.task}: data`),
      element("button", { id: "undo", disabled: state.busy || review.undo === 0, onclick: undo }, "Undo"),
      element("button", { id: "curate", disabled: state.busy, onclick: curate }, "Curate again"),
    ),
    element(
      "main",
      {},
      element("nav", { class: "panel", "aria-label": "Review queue" }, kindsList(review), itemsList(list)),
      element(
        "section",
        { class: "panel", "aria-label": "Finding" },
        ...(item === undefined
          ? [
              element(
                "p",
                {},
                review.curated ? "Nothing waits for you here." : "Not curated yet: curate first.",
              ),
            ]
          : [...detail(item), actions(item), bulk(list)]),
        element("div", { class: "sides" }, field("by", "Your name"), field("reason", "Reason, optional")),
        element("p", { class: `status ${state.failed ? "error" : "soft"}`, role: "status" }, state.status),
      ),
    ),
  );
  root.querySelector(".items")!.scrollTop = scroll;
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

// The token leaves the address bar and the history; the cookie has it now.
history.replaceState(null, "", "/");
new EventSource("/api/changes").addEventListener("review", () => {
  // A half-written correction or name is not redrawn.
  const writes = document.activeElement instanceof HTMLInputElement;
  if (state.busy || state.editing || writes) return;
  void load().then(draw);
});
void act(async () => "");
