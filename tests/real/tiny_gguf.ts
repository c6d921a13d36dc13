/**
 * Makes a model that a real llama-server loads in a second: half a megabyte of random weights. It answers
 * nonsense, which is enough for protocols, streams, metrics and load.
 *
 * @module
 */

/** The sizes of the network. */
const WIDTH = 64;
const HIDDEN = 128;
const LAYERS = 16;
const HEADS = 4;

/** The longest context that llama-server accepts for it. */
const CONTEXT_TOKENS = 4096;

/** The token that begins a call of a tool; see {@link CHAT_TEMPLATE}. */
const TOOL_CALL = "<tool_call>";

/**
 * Writes the messages as most models expect them, and calls of tools as Hermes and Qwen do. Only an answer
 * for which there are tools begins after `!`.
 */
const CHAT_TEMPLATE = `{%- if tools %}<|im_start|>system
# Tools
<tools>
{%- for tool in tools %}
{{ tool | tojson }}
{%- endfor %}
</tools><|im_end|>
{% endif %}
{%- for message in messages %}
{%- if message.role == "tool" %}<|im_start|>user
<tool_response>
{{ message.content }}
</tool_response><|im_end|>
{% else %}<|im_start|>{{ message.role }}
{{ message.content or "" }}
{%- for call in message.tool_calls or [] %}
<tool_call>
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
</tool_call>
{%- endfor %}<|im_end|>
{% endif %}
{%- endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant{{ "!" if tools else "\\n" }}{% endif %}`;

/** Value types, token types and tensors of the format: ggml, docs/gguf.md. */
const UINT32 = 4;
const FLOAT32 = 6;
const STRING = 8;
const ARRAY = 9;
const INT32 = 5;
const TOKEN = { normal: 1, unknown: 2, control: 3, defined: 4, byte: 6 } as const;
const ALIGNMENT = 32;

/** Bytes that grow; all numbers are little-endian. */
class Bytes {
  readonly #parts: Uint8Array<ArrayBuffer>[] = [];
  length = 0;

  add(part: Uint8Array<ArrayBuffer>): this {
    this.#parts.push(part);
    this.length += part.length;
    return this;
  }
  uint32(value: number): this {
    return this.add(new Uint8Array(Uint32Array.of(value).buffer));
  }
  uint64(value: number): this {
    return this.add(new Uint8Array(BigUint64Array.of(BigInt(value)).buffer));
  }
  floats(values: Float32Array<ArrayBuffer>): this {
    return this.add(new Uint8Array(values.buffer));
  }
  text(value: string): this {
    const bytes = new TextEncoder().encode(value);
    return this.uint64(bytes.length).add(bytes);
  }
  align(): this {
    return this.add(new Uint8Array((ALIGNMENT - this.length % ALIGNMENT) % ALIGNMENT));
  }
  async whole(): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await new Blob(this.#parts).arrayBuffer());
  }
}

interface Token {
  readonly text: string;
  readonly score: number;
  readonly type: number;
}

/** Every byte is a token, and so are some letters: any text can be read and written. */
function tokens(): Token[] {
  const letters = [..."abcdefghijklmnopqrstuvwxyz"];
  const space = "\u2581";
  const pieces = [space, ...letters.map((letter) => space + letter), ...letters];
  pieces.push(...letters.map((letter) => letter.toUpperCase()), ..."0123456789.,!?");
  return [
    { text: "<unk>", score: 0, type: TOKEN.unknown },
    { text: "<s>", score: 0, type: TOKEN.control },
    { text: "</s>", score: 0, type: TOKEN.control },
    ...Array.from({ length: 256 }, (_, byte) => ({
      text: `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`,
      score: 0,
      type: TOKEN.byte,
    })),
    ...pieces.map((text, i) => ({ text, score: -i, type: TOKEN.normal })),
    { text: TOOL_CALL, score: 0, type: TOKEN.defined },
  ];
}

/** The names and sizes of the tensors of a model of the architecture `llama`. */
function shapes(vocabulary: number): [name: string, ...sizes: number[]][] {
  const layer = (n: number): [string, ...number[]][] => [
    [`blk.${n}.attn_norm.weight`, WIDTH],
    [`blk.${n}.attn_q.weight`, WIDTH, WIDTH],
    [`blk.${n}.attn_k.weight`, WIDTH, WIDTH],
    [`blk.${n}.attn_v.weight`, WIDTH, WIDTH],
    [`blk.${n}.attn_output.weight`, WIDTH, WIDTH],
    [`blk.${n}.ffn_norm.weight`, WIDTH],
    [`blk.${n}.ffn_gate.weight`, WIDTH, HIDDEN],
    [`blk.${n}.ffn_up.weight`, WIDTH, HIDDEN],
    [`blk.${n}.ffn_down.weight`, HIDDEN, WIDTH],
  ];
  return [
    ["token_embd.weight", WIDTH, vocabulary],
    ["output_norm.weight", WIDTH],
    ["output.weight", WIDTH, vocabulary],
    ...Array.from({ length: LAYERS }, (_, n) => layer(n)).flat(),
  ];
}

/** Returns random weights: numbers of a normal distribution, always the same for a seed. */
function weights(seed: number): () => number {
  let state = seed >>> 0;
  const uniform = () => {
    // Mulberry32.
    state = state + 0x6D2B79F5 | 0;
    let mixed = Math.imul(state ^ state >>> 15, state | 1);
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61);
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
  // Box and Muller.
  return () => 0.08 * Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** The tensors at the end of each half of a layer. Small ones let the next token follow from the last one. */
const LAST_STEP = /attn_output|ffn_down/;

/** The tokens that follow others; all else is left to chance. */
const FOLLOWS: readonly (readonly [last: string, next: string])[] = [
  ["!", TOOL_CALL],
  [TOOL_CALL, "<0x0A>"],
  ["<0x3E>", "</s>"], // `>`, the last character of a call
];

/**
 * Returns a whole file of the format GGUF 3. Two seeds make two models.
 *
 * @example
 * ```ts ignore
 * await Deno.writeFile("tiny.gguf", await tinyGguf("tiny", 1));
 * ```
 */
export async function tinyGguf(name: string, seed: number): Promise<Uint8Array<ArrayBuffer>> {
  const vocabulary = tokens();
  const values: [key: string, type: number, write: (bytes: Bytes) => void][] = [];
  const text = (key: string, value: string) =>
    values.push([key, STRING, (bytes) => bytes.text(value)]);
  const number = (key: string, value: number) =>
    values.push([key, UINT32, (bytes) => bytes.uint32(value)]);
  const list = (key: string, type: number, write: (bytes: Bytes, token: Token) => void) =>
    values.push([key, ARRAY, (bytes) => {
      bytes.uint32(type).uint64(vocabulary.length);
      for (const token of vocabulary) write(bytes, token);
    }]);
  text("general.architecture", "llama");
  text("general.name", name);
  number("llama.context_length", CONTEXT_TOKENS);
  number("llama.embedding_length", WIDTH);
  number("llama.block_count", LAYERS);
  number("llama.feed_forward_length", HIDDEN);
  number("llama.attention.head_count", HEADS);
  number("llama.attention.head_count_kv", HEADS);
  number("llama.rope.dimension_count", WIDTH / HEADS);
  number("llama.vocab_size", vocabulary.length);
  values.push(["llama.attention.layer_norm_rms_epsilon", FLOAT32, (bytes) => {
    bytes.floats(Float32Array.of(1e-5));
  }]);
  text("tokenizer.ggml.model", "llama");
  text("tokenizer.chat_template", CHAT_TEMPLATE);
  list("tokenizer.ggml.tokens", STRING, (bytes, token) => bytes.text(token.text));
  list("tokenizer.ggml.scores", FLOAT32, (bytes, token) => {
    bytes.floats(Float32Array.of(token.score));
  });
  list("tokenizer.ggml.token_type", INT32, (bytes, token) => bytes.uint32(token.type));
  number("tokenizer.ggml.unknown_token_id", 0);
  number("tokenizer.ggml.bos_token_id", 1);
  number("tokenizer.ggml.eos_token_id", 2);

  const tensors = shapes(vocabulary.length);
  const file = new Bytes().add(new TextEncoder().encode("GGUF")).uint32(3)
    .uint64(tensors.length).uint64(values.length);
  for (const [key, type, write] of values) write(file.text(key).uint32(type));
  const data = new Bytes();
  const weight = weights(seed);
  let embeddings = new Float32Array(0);
  for (const [tensor, ...sizes] of tensors) {
    file.text(tensor).uint32(sizes.length);
    for (const size of sizes) file.uint64(size);
    file.uint32(0).uint64(data.length); // 0: float32
    const count = sizes.reduce((product, size) => product * size);
    const isNorm = tensor.includes("norm");
    const floats = Float32Array.from({ length: count }, () => isNorm ? 1 : weight());
    if (LAST_STEP.test(tensor)) floats.forEach((value, i) => floats[i] = value / 100);
    if (tensor === "token_embd.weight") embeddings = embed(vocabulary, floats);
    if (tensor === "output.weight") decide(vocabulary, embeddings, floats);
    data.floats(floats).align();
  }
  return file.align().add(await data.whole()).whole();
}

/** Makes the first number of all embeddings the same, for {@link decide}. Returns them. */
function embed(vocabulary: readonly Token[], embeddings: Float32Array<ArrayBuffer>) {
  for (const token of vocabulary.keys()) embeddings[token * WIDTH] = 0.3;
  return embeddings;
}

/**
 * Changes the weights of the output, so that some tokens follow others and unprintable ones never come: the
 * first chunk of a stream would be empty, and llama.cpp then leaves out `message_start`.
 */
function decide(
  vocabulary: readonly Token[],
  embeddings: Float32Array<ArrayBuffer>,
  output: Float32Array<ArrayBuffer>,
): void {
  for (const [last, next] of FOLLOWS) {
    const find = (token: string) => WIDTH * vocabulary.findIndex(({ text }) => text === token);
    const row = embeddings.subarray(find(last), find(last) + WIDTH).map((value) => 3 * value);
    output.set(row, find(next));
  }
  for (const [token, { text, type }] of vocabulary.entries()) {
    const byte = type === TOKEN.byte ? Number(text.slice(1, -1)) : undefined;
    const isPrinted = byte === undefined
      ? text !== "<unk>" && text !== "<s>"
      : byte === 10 || byte >= 32 && byte < 127;
    output[token * WIDTH] = isPrinted ? 0 : -9;
  }
}
