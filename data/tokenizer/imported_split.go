package tokenizer

import (
	"unicode"
	"unicode/utf8"
)

// metaspace is SentencePiece's character for a space.
const metaspace = "▁"

// readPreTokenizer adds the steps that split a text into words.
func (i *importer) readPreTokenizer() {
	i.readSplitter(i.file.PreTokenizer)
	m := i.encoder.model
	if m.byteLevel && m.space != "" {
		i.refuse("pre_tokenizer ByteLevel with %q for a space", m.space)
	}
	m.fallback = m.fallback && !m.byteLevel // a byte is a character of its own
}

func (i *importer) readSplitter(s *hfStep) {
	if s == nil {
		return
	}
	switch s.Type {
	case "Sequence":
		for at := range s.PreTokenizers {
			i.readSplitter(&s.PreTokenizers[at])
		}
	case "ByteLevel":
		i.readByteLevel(s)
	case "Metaspace":
		i.readMetaspace(s)
	case "Digits":
		behavior := "Contiguous"
		if s.IndividualDigits {
			behavior = "Isolated"
		}
		i.addSplitter(splitAt(findRunes(unicode.IsNumber), behavior, false))
	case "Punctuation":
		behavior := s.Behavior
		if behavior == "" {
			behavior = "Isolated"
		}
		if behaviors[behavior] == nil {
			i.refuse("pre_tokenizer Punctuation with behavior %q", behavior)
			return
		}
		i.addSplitter(splitAt(findRunes(isPunctuation), behavior, false))
	case "Split":
		i.readSplit(s)
	case "Whitespace", "WhitespaceSplit", "BertPreTokenizer", "CharDelimiterSplit":
		i.refuse("pre_tokenizer %s: decoding could not restore the spaces that it drops", s.Type)
	default:
		i.refuse("pre_tokenizer %q", s.Type)
	}
}

// addSplitter adds a step; after ByteLevel it splits the characters in which bytes are written.
func (i *importer) addSplitter(split splitter) {
	if i.encoder.model.byteLevel {
		split = splitLetters(split)
	}
	i.encoder.split = append(i.encoder.split, split)
}

func (i *importer) readByteLevel(s *hfStep) {
	e := i.encoder
	switch {
	case e.model.byteLevel:
		i.refuse("a second pre_tokenizer ByteLevel")
	case s.AddPrefixSpace != nil && !*s.AddPrefixSpace:
	case len(e.split) > 0:
		i.refuse("pre_tokenizer ByteLevel with add_prefix_space after another step")
	default:
		e.space = spaceUnless
	}
	if s.UseRegex == nil || *s.UseRegex {
		i.addSplitter(splitByNext(wordEnd))
	}
	e.model.byteLevel = true
}

// replacement returns the character of a Metaspace for a space.
func (s *hfStep) replacement() string {
	if s.Replacement == "" {
		return metaspace
	}
	return s.Replacement
}

func (i *importer) readMetaspace(s *hfStep) {
	e := i.encoder
	space := s.replacement()
	switch {
	case utf8.RuneCountInString(space) != 1:
		i.refuse("pre_tokenizer Metaspace with replacement %q", space)
		return
	case len(e.split) > 0 || e.space != spaceNever:
		i.refuse("pre_tokenizer Metaspace after another step, or after normalizer Prepend")
		return
	}
	e.model.space = space
	switch s.PrependScheme {
	case "always", "first":
		e.space = spaceUnless
	case "":
		if s.AddPrefixSpace == nil || *s.AddPrefixSpace {
			e.space = spaceUnless
		}
	case "never":
	default:
		i.refuse("pre_tokenizer Metaspace with prepend_scheme %q", s.PrependScheme)
	}
	i.addSplitter(splitMetaspace(space, s.Split == nil || *s.Split))
}

// readSplit adds a Split: one of wordPatterns, or any other pattern.
func (i *importer) readSplit(s *hfStep) {
	if s.Pattern.Regex != nil {
		next, known := wordPatterns[*s.Pattern.Regex]
		// Such a pattern matches all of the text: nothing is between the matches.
		if known && (s.Behavior == "Isolated" && !s.Invert || s.Behavior == "Removed" && s.Invert) {
			i.addSplitter(splitByNext(next))
			return
		}
	}
	if behaviors[s.Behavior] == nil {
		i.refuse("pre_tokenizer Split with behavior %q: decoding could not restore what it drops", s.Behavior)
		return
	}
	if find := i.finder("pre_tokenizer Split", s); find != nil {
		i.addSplitter(splitAt(find, s.Behavior, s.Invert))
	}
}
