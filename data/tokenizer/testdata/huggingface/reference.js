// Writes tokenizers.json.gz, small tokenizers of the kinds in kinds.js, and reference.json, the ids that
// Hugging Face's own library, in Rust, makes of the texts in texts.js.
//
//   npm install @anush008/tokenizers@0.6.0   # bindings of tokenizers 0.22.2
//   node reference.js [DIR]   # DIR: also writes each tokenizer.json and all its ids there
const fs = require('fs');
const path = require('path');
const crypto = require('crypto');
const zlib = require('zlib');
const { Tokenizer } = require('@anush008/tokenizers');
const { texts } = require('./texts.js');
const { kinds } = require('./kinds.js');

const count = 5000, withNames = 500, block = 50, shown = 12;

// learn returns the count most frequent merges of words, which are lists of symbols, one after the other.
function learn(words, count) {
  const merges = [];
  while (merges.length < count) {
    const counts = new Map();
    for (const w of words) for (let i = 1; i < w.length; i++) {
      const key = w[i - 1] + ' ' + w[i];
      counts.set(key, (counts.get(key) || 0) + 1);
    }
    let best = null;
    for (const [key, n] of counts) if (best === null || n > counts.get(best) || n === counts.get(best) && key < best) best = key;
    if (best === null) break;
    const [left, right] = best.split(' ');
    merges.push([left, right]);
    for (const w of words) for (let i = 1; i < w.length; i++) if (w[i - 1] === left && w[i] === right) w.splice(i - 1, 2, left + right);
  }
  return merges;
}

// GPT-2's character for each byte.
const letters = [];
for (let b = 0, next = 256; b < 256; b++) letters.push(String.fromCodePoint(b >= 33 && b <= 126 || b >= 161 && b <= 172 || b >= 174 ? b : next++));

function model(names, merges, unknown) {
  const vocab = {};
  for (const name of [...names, ...merges.map((m) => m.join(''))]) if (!(name in vocab)) vocab[name] = Object.keys(vocab).length;
  return { type: 'BPE', dropout: null, unk_token: unknown, continuing_subword_prefix: null, end_of_word_suffix: null, vocab, merges };
}

function models() {
  const some = texts(1500, 7, []);
  const words = some.flatMap((text) => text.match(/ ?\p{L}+|\p{N}+| ?[^\s\p{L}\p{N}]+|\s+/gu) || []);
  const bytes = learn(words.map((w) => [...Buffer.from(w)].map((b) => letters[b])), 500);
  const parts = some.flatMap((text) => ('▁' + text.replaceAll(' ', '▁')).split(/(?=▁)/u));
  const seen = new Map();
  for (const c of some.join('').replaceAll(' ', '▁')) seen.set(c, (seen.get(c) || 0) + 1);
  const chars = [...seen.keys()].filter((c) => seen.get(c) > 3 && c.trim() !== '').sort();
  const known = new Set(chars);
  const pieces = learn(parts.flatMap((p) => [...p].reduce((runs, c) => {
    if (known.has(c)) runs[runs.length - 1].push(c); else runs.push([]);
    return runs;
  }, [[]])), 500);
  const fallback = letters.map((_, b) => '<0x' + b.toString(16).toUpperCase().padStart(2, '0') + '>');
  return {
    bytes: model(letters, bytes, null),
    pieces: model(['<unk>', '<s>', '</s>', ...fallback, ...chars], pieces, '<unk>'),
  };
}

function build(kind, all) {
  const base = all[kind.model];
  const n = Object.keys(base.vocab).length;
  const post = typeof kind.post_processor === 'function' ? kind.post_processor(n) : kind.post_processor;
  return {
    version: '1.0', truncation: null, padding: null, added_tokens: kind.added ? kind.added(n) : [], normalizer: kind.normalizer || null,
    pre_tokenizer: kind.pre_tokenizer, post_processor: post, decoder: kind.decoder,
    model: { ...base, fuse_unk: kind.fuse || false, byte_fallback: kind.fallback || false, ignore_merges: kind.ignore || false },
  };
}

const digest = (text) => crypto.createHash('sha256').update(text).digest('hex').slice(0, 12);
const inBlocks = (lines) => {
  const sums = [];
  for (let i = 0; i < lines.length; i += block) sums.push(digest(lines.slice(i, i + block).join('\n')));
  return sums;
};

async function encode(tokenizer, all, after) {
  const lines = [];
  for (const text of all) lines.push((await tokenizer.encode(text)).getIds().slice(0, -after || undefined).join(' '));
  return lines;
}

async function main() {
  const all = models();
  const plain = texts(count, 1, []);
  const reference = { texts: digest(plain.join('\0')), block, kinds: {} };
  const files = { models: all, kinds: {} };
  for (const [name, kind] of Object.entries(kinds)) {
    const file = build(kind, all);
    const tokenizer = Tokenizer.fromString(JSON.stringify(file));
    const lines = await encode(tokenizer, plain, kind.after || 0);
    const entry = { ids: lines.slice(0, shown).join('\n').split('\n'), blocks: inBlocks(lines) };
    if (kind.names) {
      entry.names = kind.names;
      entry.named = await encode(tokenizer, texts(withNames, 2, kind.names), kind.after || 0);
      entry.namedBlocks = inBlocks(entry.named);
      entry.named = entry.named.slice(0, shown);
    }
    reference.kinds[name] = entry;
    const { type, vocab, merges, ...settings } = file.model;
    files.kinds[name] = { ...file, model: { use: kind.model, ...settings } };
    if (process.argv[2]) fs.writeFileSync(path.join(process.argv[2], name + '.txt'), lines.join('\n'));
    if (process.argv[2]) fs.writeFileSync(path.join(process.argv[2], name + '.json'), JSON.stringify(file));
  }
  fs.writeFileSync(path.join(__dirname, 'reference.json'), JSON.stringify(reference, null, 1) + '\n');
  fs.writeFileSync(path.join(__dirname, 'tokenizers.json.gz'), zlib.gzipSync(JSON.stringify(files), { level: 9 }));
}

main();
