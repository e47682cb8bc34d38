// The pipelines of tokenizers that people have. Each is a tokenizer.json without its model.
const split = (Regex, behavior = 'Isolated', invert = false) => ({ type: 'Split', pattern: { Regex }, behavior, invert });
const byteLevel = (add_prefix_space, use_regex) => ({ type: 'ByteLevel', add_prefix_space, trim_offsets: true, use_regex });
const sequence = (...pretokenizers) => ({ type: 'Sequence', pretokenizers });
const normalizers = (...normalizers) => ({ type: 'Sequence', normalizers });
const replace = (String, content) => ({ type: 'Replace', pattern: { String }, content });
const begin = (name, id) => ({
  type: 'TemplateProcessing',
  single: [{ SpecialToken: { id: name, type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
  pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 0 } }],
  special_tokens: { [name]: { id: name, ids: [id], tokens: [name] } },
});
const contraction = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const blanks = '|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
const cl100k = contraction + '|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*' + blanks;
const qwen = contraction + '|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*' + blanks;
const upper = '[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]', lower = '[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]';
const o200k = `[^\\r\\n\\p{L}\\p{N}]?${upper}*${lower}+${contraction}?|[^\\r\\n\\p{L}\\p{N}]?${upper}+${lower}*${contraction}?` +
  '|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*' + blanks;
const deepseek = '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*' + blanks;
const possessive = "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s*[\\r\\n]|\\s+(?!\\S)|\\s";

const added = (id, content, flags = {}) => ({ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true, ...flags });
const plain = { special: false };
const llamaDecoder = { type: 'Sequence', decoders: [replace('▁', ' '), { type: 'ByteFallback' }, { type: 'Fuse' }, { type: 'Strip', content: ' ', start: 1, stop: 0 }] };
const letters = { decoder: byteLevel(true, true), post_processor: byteLevel(true, true), model: 'bytes' };
// A pipeline over SentencePiece's pieces: 0 <unk>, 1 <s>, 2 </s>.
const pieces = {
  decoder: llamaDecoder, post_processor: begin('<s>', 1), model: 'pieces', fallback: true,
  added: () => [added(0, '<unk>'), added(1, '<s>'), added(2, '</s>')],
};
const metaspace = (more) => ({ ...pieces, pre_tokenizer: { type: 'Metaspace', replacement: '▁', ...more } });
const words = (pre_tokenizer, more = {}) => ({ ...letters, pre_tokenizer, ...more });

// Names of added tokens are put into the texts of kinds with names; n is the size of the model.
exports.kinds = {
  gpt2: words(byteLevel(false, true), { added: (n) => [added(n, '<|endoftext|>')], names: ['<|endoftext|>'] }),
  llama2: { ...pieces, normalizer: normalizers({ type: 'Prepend', prepend: '▁' }, replace(' ', '▁')), pre_tokenizer: null },
  metaspaceFirst: { ...metaspace({ prepend_scheme: 'first', split: false }), names: ['<s>', '</s>'] },
  metaspaceAlways: metaspace({ add_prefix_space: true, prepend_scheme: 'always' }),
  metaspaceNever: { ...metaspace({ prepend_scheme: 'never', split: true }), names: ['</s>'] },
  gemma: {
    ...pieces, normalizer: replace(' ', '▁'), pre_tokenizer: { type: 'Split', pattern: { String: ' ' }, behavior: 'MergedWithPrevious', invert: false },
    decoder: { type: 'Sequence', decoders: [replace('▁', ' '), { type: 'ByteFallback' }, { type: 'Fuse' }] },
  },
  fusedUnknown: { ...pieces, fallback: false, fuse: true, normalizer: normalizers({ type: 'Prepend', prepend: '▁' }, replace(' ', '▁')), pre_tokenizer: null },
  unknown: { ...metaspace({ prepend_scheme: 'first' }), fallback: false },
  llama3: words(sequence(split(cl100k), byteLevel(false, false)), {
    ignore: true, added: (n) => [added(n, '<|begin|>'), added(n + 1, '<|eot|>')], names: ['<|eot|>'],
    post_processor: (n) => ({ type: 'Sequence', processors: [byteLevel(true, true), begin('<|begin|>', n)] }),
  }),
  gpt4: words(sequence(split(cl100k, 'Removed', true), byteLevel(false, false))),
  gpt4o: words(sequence(split(o200k), byteLevel(false, false))),
  possessive: words(sequence(split(possessive), byteLevel(false, false))),
  qwen: words(sequence(split(qwen), byteLevel(false, false)), {
    normalizer: { type: 'NFC' }, added: (n) => [added(n, '<|im_end|>'), added(n + 1, '<think>', plain), added(n + 2, '<think>>', plain)],
    names: ['<|im_end|>', '<think>', '<think>>'],
  }),
  starcoder: words(sequence({ type: 'Digits', individual_digits: true }, byteLevel(false, true))),
  digits: words(sequence({ type: 'Digits', individual_digits: false }, { type: 'Punctuation', behavior: 'MergedWithPrevious' }, byteLevel(false, false))),
  falcon: words(sequence({ type: 'Punctuation', behavior: 'Contiguous' }, byteLevel(false, true), { type: 'Digits', individual_digits: false }, split('[0-9][0-9][0-9]'))),
  deepseek: words(sequence(split('\\p{N}{1,3}'), split('[一-龥぀-ゟ゠-ヿ]+'), split(deepseek), byteLevel(false, false))),
  next: words(sequence(split('[\\s.]', 'MergedWithNext'), split('\\p{Lu}', 'Contiguous'), split('[a-z]+', 'MergedWithPrevious', true), byteLevel(false, false))),
  lowercase: words(byteLevel(false, true), {
    added: (n) => [added(n, '<s>')], post_processor: (n) => begin('<s>', n),
    normalizer: normalizers({ type: 'NFKC' }, { type: 'Lowercase' }, { type: 'Strip', strip_left: true, strip_right: false }, { type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' }),
  }),
  nfd: words(byteLevel(false, true), { normalizer: normalizers({ type: 'NFKD' }, { type: 'NFD' }) }),
  neox: words(byteLevel(false, true), {
    normalizer: { type: 'NFC' },
    added: (n) => [added(n, '<|endoftext|>'), added(n + 1, '  ', { ...plain, normalized: true }), added(n + 2, '   ', { ...plain, normalized: true }),
      added(n + 3, 'qux', { ...plain, single_word: true }), added(n + 4, 'e\u0301', { ...plain, normalized: true }), added(n + 5, '<left>', { ...plain, lstrip: true }),
      added(n + 6, '<right>', { ...plain, rstrip: true }), added(n + 7, '<mask>', { lstrip: true, rstrip: true })],
    names: ['<|endoftext|>', '  ', '   ', 'qux', ' qux ', 'qux', '<left>', ' <left> ', '<right>', ' <right> ', '<mask>', ' <mask> '],
  }),
  roberta: words(byteLevel(true, true), { // after is the number of tokens after a text, which are not compared
    after: 1,
    added: (n) => [added(n, '<s>'), added(n + 1, '</s>')],
    post_processor: (n) => ({ type: 'RobertaProcessing', sep: ['</s>', n + 1], cls: ['<s>', n], trim_offsets: true, add_prefix_space: true }),
  }),
};
