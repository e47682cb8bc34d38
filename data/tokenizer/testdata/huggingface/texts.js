// The texts on which the tokenizers are compared. huggingface_texts_test.go makes the same ones.

// Blocks of 20 scripts: first and last code point.
const scripts = [
  [0x61, 0x7a], [0x41, 0x5a], [0xc0, 0x17f], [0x391, 0x3c9], [0x410, 0x44f], [0x531, 0x586], [0x5d0, 0x5ea], [0x621, 0x652],
  [0x904, 0x94d], [0x985, 0x9cd], [0xb85, 0xbcd], [0xe01, 0xe4e], [0x1000, 0x1049], [0x10d0, 0x10fa], [0x1200, 0x1248],
  [0x1780, 0x17d2], [0x3041, 0x3096], [0x30a1, 0x30fc], [0x4e00, 0x9fa5], [0xac00, 0xd7a3], [0x10330, 0x1034a], [0x20000, 0x2a6d6],
];
const spaces = [' ', ' ', ' ', ' ', '  ', '   ', '\t', '\n', '\n\n', '\r\n', '\r\n\r\n', ' \n', '\n ', ' \n \n  ', '\u00a0', '\u3000', '\u2028', '\u0085', '\u2003 '];
const digits = ['0', '7', '42', '2024', '31337', '1234567', '٣٤٥', '१२', '²', '½', 'Ⅷ', '１２３', '3.14', '1,000'];
const marks = ["'s", "'S", "'t", "'RE", "'ll", "'Ve", "'d", "'m", '’s', "'", '.', ',', '!?', '...', '。', '，', '「', '」', '!', '//', '/', '$', '+=', '<', '>', '#', '_',
  '€', '«»', '—', '¿', '\\', '"', '`', '~', '°', '▁', '()', '{}', ';\n', '.\n\n', '/\n', '=\r\n'];
const symbols = ['😀', '👩‍👩‍👧‍👦', '🏳️‍🌈', '🇨🇳', '👍🏽', '❤️', '©', '∑', '→', '\u0000', '\u0007', '\u007f', '\u200b', '\ufeff', '\u200d', '\u00ad', '\ufffd', '\u{1d400}'];
const combined = ['e\u0301', 'n\u0303', 'A\u030a', '\u0301', 'ﬁ', 'ﬀ', 'Å', 'Ω', '가', 'Ǆ', 'ǅ', 'İ', 'ß', 'ſ', 'ʰ', 'ა\u0308', 'क्षि', '㍿'];
const words = ['the', ' the', ' and', ' of', ' in', 'The', ' dog', ' ran', 'ing', ' token', 'HTTPServer', 'camelCase', 'iPhone', ' I', ' you', ' we', 'foo', ' x1', 'привет', ' мир', '你好', '世界', 'こんにちは', 'العربية', 'हिन्दी', 'ไทย', '한국어'];

// random returns a function that returns a number below n: the upper bits of a linear congruential generator.
function random(seed) {
  let x = seed >>> 0;
  return (n) => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    return (x >>> 8) % n;
  };
}

// texts returns count texts. names, which may be empty, are put between the parts of some.
function texts(count, seed, names) {
  const below = random(seed);
  const pick = (list) => list[below(list.length)];
  const all = [];
  for (let i = 0; i < count; i++) {
    let text = '';
    const script = pick(scripts);
    for (let n = below(12); n >= 0; n--) {
      switch (below(names.length > 0 ? 9 : 8)) {
        case 0: case 1: {
          const [first, last] = below(3) > 0 ? script : pick(scripts);
          for (let k = below(6); k >= 0; k--) text += String.fromCodePoint(first + below(last - first + 1));
          break;
        }
        case 2: text += pick(spaces); break;
        case 3: text += pick(digits); break;
        case 4: text += pick(marks); break;
        case 5: text += pick(symbols); break;
        case 6: text += pick(combined); break;
        case 7: text += pick(words); break;
        case 8: text += pick(names); break;
      }
    }
    all.push(text);
  }
  return all;
}

module.exports = { texts };
