/**
 * Finds where a JSON text goes wrong, and where the elements of its outermost array begin.
 *
 * `JSON.parse` is the parser; this scanner runs only after it has refused a text, or when a line number is
 * wanted for an error. It exists because the engine's own message often names no position at all
 * (`Unexpected token '}', "..." is not valid JSON`), and never says where the 812th element began.
 *
 * It walks tokens with an explicit stack of open brackets, so nesting depth costs no call stack, and accepts
 * exactly what RFC 8259 and `JSON.parse` accept.
 */

/** Where a text stops being JSON. */
export interface JsonFault {
  /** Index of the first character that cannot stand there; the text's length when it ends too early. */
  readonly offset: number;
  /** What was expected and what stands there. */
  readonly what: string;
}

type Expected =
  | 'a value'
  | "a value or ']'"
  | 'a name in double quotes'
  | "a name in double quotes or '}'"
  | "':'"
  | "',' or ']'"
  | "',' or '}'"
  | 'nothing more';

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const PLAIN_STRING_PART = /[ !#-[\]-\uffff]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const WORDS = ['true', 'false', 'null'] as const;

/**
 * Looks for the first fault of a text.
 *
 * @param text       a text that may be JSON.
 * @param onElement  called with the offset of each element of the outermost array, in order.
 * @returns          the fault, or undefined when the text is JSON.
 */
export function findJsonFault(text: string, onElement?: (offset: number) => void): JsonFault | undefined {
  return new JsonScanner(text, onElement).scan();
}

/**
 * Finds where an element of the outermost array begins.
 *
 * @param text   a text that JSON.parse accepts, whose outermost value is an array.
 * @param index  the element's index, from 0.
 * @returns      the offset of its first character, or 0 when there is no such element.
 */
export function elementOffset(text: string, index: number): number {
  let seen = 0;
  let found = 0;
  findJsonFault(text, (offset) => {
    if (seen === index) found = offset;
    seen++;
  });
  return found;
}

class JsonScanner {
  readonly #text: string;
  readonly #onElement: ((offset: number) => void) | undefined;
  readonly #open: ('[' | '{')[] = [];
  #at = 0;
  #expected: Expected = 'a value';

  constructor(text: string, onElement: ((offset: number) => void) | undefined) {
    this.#text = text;
    this.#onElement = onElement;
  }

  scan(): JsonFault | undefined {
    for (;;) {
      this.#at += this.#matchLength(SPACE);
      if (this.#at === this.#text.length && this.#expected === 'nothing more') return undefined;
      const fault = this.#takeToken();
      if (fault) return fault;
    }
  }

  #takeToken(): JsonFault | undefined {
    const char = this.#text[this.#at];
    switch (this.#expected) {
      case "a value or ']'":
        return char === ']' ? this.#close() : this.#takeValue(char);
      case 'a value':
        return this.#takeValue(char);
      case "a name in double quotes or '}'":
        return char === '}' ? this.#close() : this.#takeName(char);
      case 'a name in double quotes':
        return this.#takeName(char);
      case "':'":
        return char === ':' ? this.#step('a value') : this.#fault();
      case "',' or ']'":
        return char === ',' ? this.#step('a value') : char === ']' ? this.#close() : this.#fault();
      case "',' or '}'":
        return char === ','
          ? this.#step('a name in double quotes')
          : char === '}'
            ? this.#close()
            : this.#fault();
      case 'nothing more':
        return this.#fault();
    }
  }

  #takeValue(char: string | undefined): JsonFault | undefined {
    if (this.#open.length === 1 && this.#open[0] === '[') this.#onElement?.(this.#at);
    if (char === '[' || char === '{') {
      this.#open.push(char);
      return this.#step(char === '[' ? "a value or ']'" : "a name in double quotes or '}'");
    }
    if (char === '"') return this.#takeString() ?? this.#afterValue();
    const word = WORDS.find((candidate) => this.#text.startsWith(candidate, this.#at));
    const length = word ? word.length : this.#matchLength(NUMBER);
    if (length === 0) return this.#fault();
    this.#at += length;
    return this.#afterValue();
  }

  #takeName(char: string | undefined): JsonFault | undefined {
    if (char !== '"') return this.#fault();
    const fault = this.#takeString();
    this.#expected = "':'";
    return fault;
  }

  #takeString(): JsonFault | undefined {
    const start = this.#at++;
    for (;;) {
      this.#at += this.#matchLength(PLAIN_STRING_PART);
      const char = this.#text[this.#at];
      if (char === '"') {
        this.#at++;
        return undefined;
      }
      if (char === undefined) return { offset: start, what: 'a string that begins here is never closed' };
      const length = this.#matchLength(ESCAPE);
      if (length === 0) {
        const what =
          char === '\\' ? 'an escape that JSON does not have' : `${describe(char)} inside a string`;
        return { offset: this.#at, what };
      }
      this.#at += length;
    }
  }

  #close(): undefined {
    this.#open.pop();
    this.#at++;
    this.#afterValue();
  }

  #afterValue(): undefined {
    const open = this.#open.at(-1);
    this.#expected = open === '[' ? "',' or ']'" : open === '{' ? "',' or '}'" : 'nothing more';
  }

  #step(expected: Expected): undefined {
    this.#at++;
    this.#expected = expected;
  }

  #fault(): JsonFault {
    return { offset: this.#at, what: `expected ${this.#expected}, found ${describe(this.#text[this.#at])}` };
  }

  #matchLength(pattern: RegExp): number {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#text)?.[0].length ?? 0;
  }
}

function describe(char: string | undefined): string {
  if (char === undefined) return 'the end of the text';
  if (char === '\n' || char === '\r') return 'the end of the line';
  if (char === '\t') return 'a tab';
  return char < ' ' ? `the control character ${char.charCodeAt(0)}` : `'${char}'`;
}
