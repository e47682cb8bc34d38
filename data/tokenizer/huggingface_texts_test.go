package tokenizer

import "strings"

// What testdata/huggingface/texts.js puts together.
var (
	textScripts = [][2]rune{
		{0x61, 0x7a}, {0x41, 0x5a}, {0xc0, 0x17f}, {0x391, 0x3c9}, {0x410, 0x44f}, {0x531, 0x586}, {0x5d0, 0x5ea}, {0x621, 0x652},
		{0x904, 0x94d}, {0x985, 0x9cd}, {0xb85, 0xbcd}, {0xe01, 0xe4e}, {0x1000, 0x1049}, {0x10d0, 0x10fa}, {0x1200, 0x1248},
		{0x1780, 0x17d2}, {0x3041, 0x3096}, {0x30a1, 0x30fc}, {0x4e00, 0x9fa5}, {0xac00, 0xd7a3}, {0x10330, 0x1034a}, {0x20000, 0x2a6d6},
	}
	textParts = [][]string{
		{" ", " ", " ", " ", "  ", "   ", "\t", "\n", "\n\n", "\r\n", "\r\n\r\n", " \n", "\n ", " \n \n  ", "\u00a0", "\u3000", "\u2028", "\u0085", "\u2003 "},
		{"0", "7", "42", "2024", "31337", "1234567", "٣٤٥", "१२", "²", "½", "Ⅷ", "１２３", "3.14", "1,000"},
		{"'s", "'S", "'t", "'RE", "'ll", "'Ve", "'d", "'m", "’s", "'", ".", ",", "!?", "...", "。", "，", "「", "」", "!", "//", "/", "$", "+=", "<", ">", "#", "_",
			"€", "«»", "—", "¿", `\`, `"`, "`", "~", "°", "▁", "()", "{}", ";\n", ".\n\n", "/\n", "=\r\n"},
		{"😀", "👩‍👩‍👧‍👦", "🏳️‍🌈", "🇨🇳", "👍🏽", "❤️", "©", "∑", "→", "\u0000", "\u0007", "\u007f", "\u200b", "\ufeff", "\u200d", "\u00ad", "\ufffd", "\U0001d400"},
		{"e\u0301", "n\u0303", "A\u030a", "\u0301", "ﬁ", "ﬀ", "Å", "Ω", "가", "Ǆ", "ǅ", "İ", "ß", "ſ", "ʰ", "ა\u0308", "क्षि", "㍿"},
		{"the", " the", " and", " of", " in", "The", " dog", " ran", "ing", " token", "HTTPServer", "camelCase", "iPhone", " I", " you", " we", "foo", " x1", "привет", " мир", "你好", "世界", "こんにちは", "العربية", "हिन्दी", "ไทย", "한국어"},
	}
)

// randomTexts returns the texts of testdata/huggingface/texts.js.
func randomTexts(count int, seed uint32, names []string) []string {
	below := func(n int) int {
		seed = seed*1664525 + 1013904223
		return int(seed>>8) % n
	}
	pick := func(list []string) string { return list[below(len(list))] }
	choices := 8
	if len(names) > 0 {
		choices = 9
	}
	all := make([]string, count)
	for i := range all {
		var text strings.Builder
		script := textScripts[below(len(textScripts))]
		for n := below(12); n >= 0; n-- {
			switch what := below(choices); what {
			case 0, 1:
				block := script
				if below(3) == 0 {
					block = textScripts[below(len(textScripts))]
				}
				for k := below(6); k >= 0; k-- {
					text.WriteRune(block[0] + rune(below(int(block[1]-block[0]+1))))
				}
			case 8:
				text.WriteString(pick(names))
			default:
				text.WriteString(pick(textParts[what-2]))
			}
		}
		all[i] = text.String()
	}
	return all
}
