/**
 * Finds the members of a JSON object in its bytes, in one pass and without building values: the body of a
 * request may have 20 MB of images before its `model`. It accepts what `JSON.parse` accepts for UTF-8
 * without a byte order mark, except objects that two readers may understand differently: those with two
 * members of one name. The file is long because it is the whole grammar of JSON.
 *
 * @module
 */
import { sequenceLength } from "./utf8.ts";

/** The place of a member in the body, in bytes: from `start`, the quote of its name, to `end`. */
export interface JsonMember {
  readonly start: number;
  readonly valueStart: number;
  readonly end: number;
}

/** A body that is one JSON object. */
export interface ScannedJson {
  readonly members: ReadonlyMap<string, JsonMember>;
  /** The offset of the brace that ends the object. */
  readonly close: number;
  readonly model: string | undefined;
  /** True if `stream` is `true`. */
  readonly stream: boolean;
}

/** The limits of a body, beyond its size. */
export const JSON_LIMITS = { depth: 200, members: 1000, nameBytes: 4096 } as const;

/** The states between two tokens, and inside of each kind of token. */
const State = {
  start: 0,
  firstName: 1,
  name: 2,
  colon: 3,
  firstItem: 4,
  value: 5,
  next: 6,
  end: 7,
  string: 8,
  escape: 9,
  hex: 10,
  sequence: 11,
  literal: 12,
  minus: 13,
  zero: 14,
  integer: 15,
  point: 16,
  fraction: 17,
  e: 18,
  exponentSign: 19,
  exponent: 20,
} as const;
type State = typeof State[keyof typeof State];

const byte = (character: string) => character.charCodeAt(0);
const QUOTE = byte('"'), BACKSLASH = byte("\\"), COMMA = byte(","), COLON = byte(":");
const OPEN_BRACE = byte("{"),
  CLOSE_BRACE = byte("}"),
  OPEN_BRACKET = byte("["),
  CLOSE_BRACKET = byte("]");
const SPACE = byte(" "), TAB = byte("\t"), LF = byte("\n"), CR = byte("\r"), MINUS = byte("-");
const PLUS = byte("+"),
  POINT = byte("."),
  ZERO = byte("0"),
  NINE = byte("9"),
  E = byte("e"),
  U = byte("u");
const ESCAPES = [...'"\\/bfnrt'].map(byte);
const LITERALS = ["true", "false", "null"];

/** 1 for the ASCII characters that a string contains unescaped. */
const PLAIN = Uint8Array.from(
  { length: 256 },
  (_, c) => c >= SPACE && c < 0x80 && c !== QUOTE && c !== BACKSLASH ? 1 : 0,
);

/** 1 for the characters behind the backslash of an escape of two characters. */
const IS_ESCAPE = Uint8Array.from({ length: 256 }, (_, c) => ESCAPES.includes(c) ? 1 : 0);

const BAD_UTF8 = "it is not valid UTF-8";

const decoder = new TextDecoder();
const NO_BYTES = new Uint8Array();

/**
 * Scans a body in pieces of any size.
 *
 * @example
 * ```ts
 * import { JsonScan } from "./json_scan.ts";
 * const scan = new JsonScan();
 * for (const piece of ['{"mod', 'el": "eye"}']) scan.push(new TextEncoder().encode(piece));
 * const scanned = scan.end();
 * "problem" in scanned ? scanned.problem : scanned.model; // "eye"
 * ```
 */
export class JsonScan {
  #state: State = State.start;
  /** The number of bytes before the current piece. */
  #offset = 0;
  #problem: string | undefined;
  #depth = 0;
  /** True for each open object, false for each open array. */
  readonly #isObject: boolean[] = [];
  readonly #members = new Map<string, JsonMember>();
  #model: string | undefined;
  #stream = false;
  #close = 0;

  /** The current member of the outer object. */
  #name = "";
  #start = 0;
  #valueStart = 0;

  /** The current string: whether it is a name, and its bytes if its text is needed. */
  #isName = false;
  #captureFrom = -1;
  #captured = NO_BYTES;

  /** The rest of an escape, of a literal and of a character. */
  #hexLeft = 0;
  #literal = "";
  #literalAt = 0;
  #sequence = NO_BYTES;

  /** The current piece as words, as soon as they are needed. */
  #words: Int32Array | undefined;

  /** The first problem, as a sentence about the body. Later pieces are ignored then. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Scans the next piece. */
  push(piece: Uint8Array<ArrayBuffer>): void {
    this.#words = undefined;
    for (let i = 0; i < piece.length && this.#problem === undefined;) i = this.#scan(piece, i);
    if (this.#captureFrom >= 0) {
      this.#capture(piece, piece.length);
      this.#captureFrom = 0;
    }
    this.#offset += piece.length;
  }

  /** Returns what was found, after the last piece. */
  end(): ScannedJson | { readonly problem: string } {
    if (this.#problem !== undefined) return { problem: this.#problem };
    if (this.#state === State.start) return { problem: "it is empty" };
    if (this.#state !== State.end) return { problem: "it ends too early: it is not complete JSON" };
    return {
      members: this.#members,
      close: this.#close,
      model: this.#model,
      stream: this.#stream,
    };
  }

  /** Scans one token, or the part of it that the piece contains, and returns the index behind it. */
  #scan(piece: Uint8Array, i: number): number {
    switch (this.#state) {
      case State.string:
        return this.#scanString(piece, i);
      case State.escape:
        return this.#scanEscape(piece, i);
      case State.hex:
        return this.#scanHex(piece, i);
      case State.sequence:
        return this.#scanSequence(piece, i);
      case State.literal:
        return this.#scanLiteral(piece, i);
      default:
        return this.#state >= State.minus
          ? this.#scanNumber(piece, i)
          : this.#scanBetween(piece, i);
    }
  }

  /** Skips white space and punctuation, and starts what is behind them. */
  #scanBetween(piece: Uint8Array, from: number): number {
    for (let i = from; i < piece.length; i++) {
      const c = piece[i]!;
      if (c === SPACE || c === LF || c === CR || c === TAB) continue;
      switch (this.#state) {
        case State.start:
          return c === OPEN_BRACE ? this.#open(i, true) : this.#fail(i, "it is not a JSON object");
        case State.firstName:
          if (c === CLOSE_BRACE) return this.#closeOne(i);
          return c === QUOTE ? this.#openName(piece, i) : this.#fail(i);
        case State.name:
          return c === QUOTE ? this.#openName(piece, i) : this.#fail(i);
        case State.colon:
          if (c !== COLON) return this.#fail(i);
          this.#state = State.value;
          break;
        case State.firstItem:
          return c === CLOSE_BRACKET ? this.#closeOne(i) : this.#openValue(piece, i);
        case State.value:
          return this.#openValue(piece, i);
        case State.next: {
          const isObject = this.#isObject[this.#depth] === true;
          if (c === (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) return this.#closeOne(i);
          if (c !== COMMA) return this.#fail(i);
          this.#state = isObject ? State.name : State.value;
          break;
        }
        default:
          return this.#fail(i, "there is something behind the JSON object");
      }
    }
    return piece.length;
  }

  #openValue(piece: Uint8Array, i: number): number {
    const c = piece[i]!;
    // The name is that of the outer object, so nothing is nested in it.
    const isModel = this.#name === "model";
    if (this.#depth === 1) this.#valueStart = this.#offset + i;
    if (isModel && c !== QUOTE) return this.#fail(i, "`model` is not a string");
    if (c === QUOTE) {
      this.#isName = false;
      this.#captureFrom = isModel ? i : -1;
      this.#state = State.string;
      return this.#scanString(piece, i + 1);
    }
    if (c === OPEN_BRACE) return this.#open(i, true);
    if (c === OPEN_BRACKET) return this.#open(i, false);
    if (c === MINUS || c >= ZERO && c <= NINE) {
      this.#state = c === MINUS ? State.minus : c === ZERO ? State.zero : State.integer;
      return this.#scanNumber(piece, i + 1);
    }
    const literal = LITERALS.find((word) => byte(word) === c);
    if (literal === undefined) return this.#fail(i);
    this.#literal = literal;
    this.#literalAt = 1;
    this.#state = State.literal;
    return i + 1;
  }

  #openName(piece: Uint8Array, i: number): number {
    this.#isName = true;
    if (this.#depth === 1) {
      if (this.#members.size === JSON_LIMITS.members) {
        return this.#fail(i, `it has more than ${JSON_LIMITS.members} parameters`);
      }
      this.#start = this.#offset + i;
      this.#captureFrom = i;
    }
    this.#state = State.string;
    return this.#scanString(piece, i + 1);
  }

  #open(i: number, isObject: boolean): number {
    if (this.#depth === JSON_LIMITS.depth) {
      return this.#fail(i, `it is nested more than ${JSON_LIMITS.depth} levels deep`);
    }
    this.#isObject[++this.#depth] = isObject;
    this.#state = isObject ? State.firstName : State.firstItem;
    return i + 1;
  }

  #closeOne(i: number): number {
    this.#depth--;
    if (this.#depth === 0) {
      this.#close = this.#offset + i;
      this.#state = State.end;
    } else {
      this.#endValue(i + 1);
    }
    return i + 1;
  }

  /** Ends a value before index `i`. */
  #endValue(i: number): void {
    this.#state = State.next;
    if (this.#depth > 1) return;
    const member = { start: this.#start, valueStart: this.#valueStart, end: this.#offset + i };
    this.#members.set(this.#name, member);
  }

  #scanString(piece: Uint8Array, from: number): number {
    const end = piece.length;
    for (let i = from;;) {
      // Most strings are short; long ones are scanned four bytes at a time.
      for (const near = Math.min(end, i + 16); i < near && PLAIN[piece[i]!] === 1;) i++;
      if (i < end && PLAIN[piece[i]!] === 1) i = this.#skipPlainWords(piece, i);
      if (i === end) return i;
      const c = piece[i]!;
      if (c === QUOTE) return this.#endString(piece, i + 1);
      if (c === BACKSLASH && i + 1 < end && IS_ESCAPE[piece[i + 1]!] === 1) {
        i += 2;
      } else if (c === BACKSLASH) {
        this.#state = State.escape;
        return i + 1;
      } else if (c < SPACE) {
        return this.#fail(i);
      } else {
        let length = sequenceLength(piece, i);
        if (length === 0) return this.#fail(i, BAD_UTF8);
        if (length < 0) {
          this.#sequence = piece.slice(i);
          this.#state = State.sequence;
          return end;
        }
        // In many languages, most characters are sequences.
        do i += length; while (
          i < end && piece[i]! >= 0x80 && (length = sequenceLength(piece, i)) > 0
        );
      }
    }
  }

  /**
   * Skips plain characters, most of them in words of four. For each byte that is not plain, at least one
   * of the three terms has the highest bit of the byte set: below a space the first, at a quote or a
   * backslash another, and beyond ASCII the second or third. A borrow between bytes can only mark more
   * bytes behind such a byte.
   */
  #skipPlainWords(piece: Uint8Array, from: number): number {
    const lead = -piece.byteOffset & 3;
    if (this.#words === undefined) {
      const count = Math.max(0, piece.length - lead) >> 2;
      this.#words = new Int32Array(piece.buffer, piece.byteOffset + lead, count);
    }
    const words = this.#words;
    let i = from;
    while (i < piece.length && (i - lead & 3) !== 0 && PLAIN[piece[i]!] === 1) i++;
    if ((i - lead & 3) === 0) {
      let k = (i - lead) >> 2;
      for (; k < words.length; k++) {
        const word = words[k]!;
        const quotes = word ^ 0x22222222, backslashes = word ^ 0x5c5c5c5c;
        const marks = word - 0x20202020 | quotes - 0x01010101 | backslashes - 0x01010101;
        if ((marks & 0x80808080) !== 0) break;
      }
      i = lead + 4 * k;
    }
    while (i < piece.length && PLAIN[piece[i]!] === 1) i++;
    return i;
  }

  #endString(piece: Uint8Array, end: number): number {
    if (this.#captureFrom < 0) {
      if (this.#isName) this.#state = State.colon;
      else this.#endValue(end);
      return end;
    }
    const text = this.#textOf(piece, end);
    this.#captureFrom = -1;
    this.#captured = NO_BYTES;
    if (text === undefined) return end;
    if (!this.#isName) {
      this.#model = text;
      this.#endValue(end);
    } else if (this.#members.has(text)) {
      return this.#fail(end, `${JSON.stringify(text)} appears twice`);
    } else {
      this.#name = text;
      this.#state = State.colon;
    }
    return end;
  }

  /** Returns the text of the current string, or undefined if it is too long. */
  #textOf(piece: Uint8Array, end: number): string | undefined {
    if (this.#captured.length === 0) {
      const short = shortText(piece, this.#captureFrom, end);
      if (short !== undefined) return short;
    }
    this.#capture(piece, end);
    return this.#problem === undefined ? JSON.parse(decoder.decode(this.#captured)) : undefined;
  }

  /** Adds the bytes of the current string to those of earlier pieces. */
  #capture(piece: Uint8Array, end: number): void {
    const before = this.#captured;
    const length = before.length + end - this.#captureFrom;
    if (length > JSON_LIMITS.nameBytes) {
      this.#fail(end, `a name or \`model\` has more than ${JSON_LIMITS.nameBytes} bytes`);
      return;
    }
    const more = piece.slice(this.#captureFrom, end);
    if (before.length === 0) {
      this.#captured = more;
      return;
    }
    this.#captured = new Uint8Array(length);
    this.#captured.set(before);
    this.#captured.set(more, before.length);
  }

  #scanEscape(piece: Uint8Array, i: number): number {
    const c = piece[i]!;
    if (c === U) {
      this.#hexLeft = 4;
      this.#state = State.hex;
    } else if (IS_ESCAPE[c] === 1) {
      this.#state = State.string;
    } else {
      return this.#fail(i);
    }
    return i + 1;
  }

  #scanHex(piece: Uint8Array, i: number): number {
    const c = piece[i]! | 0x20;
    const isDigit = c >= ZERO && c <= NINE && piece[i]! === c || c >= 0x61 && c <= 0x66;
    if (!isDigit) return this.#fail(i);
    if (--this.#hexLeft === 0) this.#state = State.string;
    return i + 1;
  }

  /** Scans one more byte of a character that began in an earlier piece. */
  #scanSequence(piece: Uint8Array, i: number): number {
    this.#sequence = Uint8Array.of(...this.#sequence, piece[i]!);
    const length = sequenceLength(this.#sequence, 0);
    if (length === 0) return this.#fail(i, BAD_UTF8);
    if (length > 0) this.#state = State.string;
    return i + 1;
  }

  #scanLiteral(piece: Uint8Array, i: number): number {
    if (piece[i] !== this.#literal.charCodeAt(this.#literalAt)) return this.#fail(i);
    if (++this.#literalAt === this.#literal.length) {
      if (this.#depth === 1 && this.#name === "stream") this.#stream = this.#literal === "true";
      this.#endValue(i + 1);
    }
    return i + 1;
  }

  /** Scans the digits that follow, or ends the number before another byte. */
  #scanNumber(piece: Uint8Array, from: number): number {
    let state: number = this.#state;
    for (let i = from; i < piece.length; i++) {
      const after = AFTER[state << 8 | piece[i]!]!;
      if (after === 0) {
        if (!ENDS_NUMBER.has(state)) return this.#fail(i);
        this.#endValue(i);
        return i;
      }
      state = after;
    }
    this.#state = state as State;
    return piece.length;
  }

  #fail(i: number, problem = `it is not valid JSON at byte ${this.#offset + i}`): number {
    this.#problem = problem;
    return i;
  }
}

/**
 * Returns the text of a quoted string that is short and has only plain characters, as almost all names
 * have. A decoder takes several times as long for it.
 */
function shortText(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (end - start > 64) return undefined;
  let text = "";
  for (let i = start + 1; i < end - 1; i++) {
    const c = bytes[i]!;
    if (PLAIN[c] !== 1) return undefined;
    text += String.fromCharCode(c);
  }
  return text;
}

/** The states in which a number is complete. */
const ENDS_NUMBER: ReadonlySet<number> = new Set([
  State.zero,
  State.integer,
  State.fraction,
  State.exponent,
]);

/** The state after a byte of a number, at `state * 256 + byte`; 0 if the number does not contain it. */
const AFTER = Uint8Array.from({ length: (State.exponent + 1) << 8 }, (_, at) => {
  const [state, c] = [at >> 8, at & 0xff];
  return c >= ZERO && c <= NINE ? afterDigit(state, c) : afterMark(state, c);
});

function afterDigit(state: number, digit: number): number {
  switch (state) {
    case State.minus:
      return digit === ZERO ? State.zero : State.integer;
    case State.integer:
    case State.fraction:
    case State.exponent:
      return state;
    case State.point:
      return State.fraction;
    case State.e:
    case State.exponentSign:
      return State.exponent;
    default:
      return 0;
  }
}

function afterMark(state: number, c: number): number {
  const isInteger = state === State.zero || state === State.integer;
  if (c === POINT && isInteger) return State.point;
  if ((c | 0x20) === E && (isInteger || state === State.fraction)) return State.e;
  return (c === PLUS || c === MINUS) && state === State.e ? State.exponentSign : 0;
}
