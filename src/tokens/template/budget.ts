import * as jinja from "@huggingface/jinja";
import { LorafitError } from "../../errors.ts";

/**
 * Limits of one rendering, beside what the conversation itself needs. Templates come with a model's files and are untrusted. Counts
 * instead of a clock make the outcome independent of the machine's speed; 30,000 steps take less than a second.
 */
const BASE_STEPS = 30_000;
const STEPS_PER_MESSAGE = 2_000;
const BASE_CHARACTERS = 1 << 18;
const COPIES_OF_CONTENT = 4;
const MAX_ITEMS = 1 << 14;
const MAX_TEMPLATE = 1 << 17;
/** Lists up to this length are read at no cost: a template reads `messages` many times. */
const SHORT_LIST = 1 << 10;

/** A value of the interpreter: a text, a number, a list of values, a map of values. */
interface Value {
  readonly value: unknown;
}
interface Node {
  readonly type: string;
}
/** What is used of jinja's interpreter, whose published types do not resolve from ES modules. */
interface InterpreterClass {
  new (
    environment: object,
  ): {
    evaluate(node: Node | undefined, environment: object): Value;
    run(program: object): Value;
  };
}
const Interpreter = jinja.Interpreter as unknown as InterpreterClass;
const Environment = jinja.Environment as unknown as new () => { set(name: string, value: unknown): void };

interface Limits {
  readonly steps: number;
  readonly characters: number;
  readonly items: number;
}

/** Interpreter that counts steps and the sizes of values. */
class BoundedInterpreter extends Interpreter {
  readonly #limits: Limits;
  #steps = 0;
  /** Values within a list or a map; a part that occurs twice counts twice, because output repeats it. */
  #sizes = new WeakMap<object, number>();

  constructor(environment: object, limits: Limits) {
    super(environment);
    this.#limits = limits;
  }

  override evaluate(node: Node | undefined, environment: object): Value {
    this.#spend(1);
    const result = super.evaluate(node, environment);
    // Only an assignment can change a value that has been counted.
    if (node?.type === "Set") this.#sizes = new WeakMap();
    const { value } = result;
    if (Array.isArray(value) && value.length > SHORT_LIST) this.#spend(value.length / 4);
    this.#spend(this.#sizeOf(result) / 1024);
    return result;
  }

  #spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps > this.#limits.steps) throw beyond(`takes more than ${this.#limits.steps} steps`);
  }

  #sizeOf({ value }: Value): number {
    const { characters, items } = this.#limits;
    if (typeof value === "string") {
      if (value.length > characters) throw beyond(`makes a text of more than ${characters} characters`);
      return value.length;
    }
    const parts = Array.isArray(value) ? value : value instanceof Map ? [...value.values()] : undefined;
    if (parts === undefined) return 1;
    const known = this.#sizes.get(value as object);
    if (known !== undefined) return known;
    // A value that contains itself is met again while it is counted.
    this.#sizes.set(value as object, 1);
    let size = 1;
    for (const part of parts as Value[]) size += this.#sizeOf(part);
    if (parts.length > items || size > characters) throw beyond("makes a value that is too large");
    this.#sizes.set(value as object, size);
    return size;
  }
}

const beyond = (what: string): LorafitError =>
  new LorafitError("data", `the chat template ${what}`, {
    hint: "it is damaged or made to do harm: take another base, or correct chat_template",
  });

/** Python's range, within the limit of a list. */
function range(start: number, stop?: number, step = 1): number[] {
  const [from, to] = typeof stop === "number" ? [start, stop] : [0, start];
  const count = Math.max(0, Math.ceil((to - from) / step));
  if (!(count <= MAX_ITEMS)) throw beyond(`counts to ${count}`);
  return Array.from({ length: count }, (_, i) => from + i * step);
}

const GLOBALS: Readonly<Record<string, unknown>> = {
  ...{ true: true, false: false, none: null, True: true, False: false, None: null },
  raise_exception(message: string): never {
    throw new Error(message);
  },
  range,
};

/** Variables of a template; the limits grow with the messages. */
export interface TemplateVariables {
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly [name: string]: unknown;
}

/**
 * Compiles a Jinja template as transformers does, with the spaces around its blocks trimmed.
 * @throws Error, as the compiled function does, for what is wrong with the template or its use; data error beyond a limit
 */
export function compileTemplate(source: string): (variables: TemplateVariables) => string {
  if (source.length > MAX_TEMPLATE) throw beyond(`is longer than ${MAX_TEMPLATE} characters`);
  const program = jinja.parse(jinja.tokenize(source, { lstrip_blocks: true, trim_blocks: true }));
  return (variables) => {
    const environment = new Environment();
    for (const [name, value] of Object.entries({ ...GLOBALS, ...variables })) environment.set(name, value);
    const { messages } = variables;
    const content = messages.reduce((sum, message) => sum + message.content.length, 0);
    const limits: Limits = {
      steps: BASE_STEPS + STEPS_PER_MESSAGE * messages.length,
      characters: BASE_CHARACTERS + COPIES_OF_CONTENT * content,
      items: MAX_ITEMS + messages.length,
    };
    return String(new BoundedInterpreter(environment, limits).run(program).value);
  };
}
