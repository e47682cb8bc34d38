package tokenizer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// importer reads the parts of a tokenizer.json of Hugging Face into an encoder, and collects what is not
// supported.
type importer struct {
	file     *hfFile
	encoder  *importedEncoder
	problems []string
	replaced bool // Prepend was followed by the normalizer that replaces spaces
}

func (i *importer) refuse(format string, args ...any) {
	if problem := fmt.Sprintf(format, args...); !slices.Contains(i.problems, problem) {
		i.problems = append(i.problems, problem)
	}
}

// newImported returns the encoder of a file, without the pieces of its model. What is not supported is
// one error.
func newImported(f *hfFile) (*importedEncoder, error) {
	e := &importedEncoder{begin: -1, model: &importedModel{unknown: noPiece}}
	i := &importer{file: f, encoder: e}
	i.readModel()
	i.readNormalizer(f.Normalizer)
	i.readPreTokenizer()
	i.readDecoder()
	i.readPostProcessor(f.PostProcessor)
	if e.space != spaceNever && e.begin < 0 {
		i.refuse("a space at the start of a text without a begin token (post_processor TemplateProcessing): decoded text would begin with it")
	}
	if e.strip && e.begin < 0 {
		i.refuse("normalizer Strip, which drops white space at the start of a text, without a begin token")
	}
	if len(i.problems) > 0 {
		return nil, errors.New("not supported: " + strings.Join(i.problems, "; "))
	}
	return e, nil
}

func (i *importer) readModel() {
	m := i.file.Model
	if m.Type != "BPE" && (m.Type != "" || m.Merges == nil) {
		i.refuse("model type %q, only BPE", m.Type)
		return
	}
	if m.Dropout != 0 {
		i.refuse("dropout %g: encoding would be random", m.Dropout)
	}
	if m.Prefix != "" || m.Suffix != "" {
		i.refuse("continuing_subword_prefix %q and end_of_word_suffix %q", m.Prefix, m.Suffix)
	}
	model := i.encoder.model
	model.fallback, model.fuse, model.ignoreMerges = m.ByteFallback, m.FuseUnknown, m.IgnoreMerges
}

// readNormalizer adds the steps of a normalizer.
func (i *importer) readNormalizer(s *hfStep) {
	if s == nil {
		return
	}
	e := i.encoder
	form, isForm := unicodeForms[s.Type]
	switch {
	case s.Type == "Sequence":
		for at := range s.Normalizers {
			i.readNormalizer(&s.Normalizers[at])
		}
	case isForm:
		e.normalize = append(e.normalize, func(text string) (string, error) { return form.String(text), nil })
	case s.Type == "Lowercase":
		e.normalize = append(e.normalize, lowercase)
	case s.Type == "Prepend":
		if s.Prepend != metaspace && s.Prepend != " " {
			i.refuse("normalizer Prepend of %q, only of %q or a space", s.Prepend, metaspace)
		}
		e.space = spaceAlways
	case s.Type == "Strip":
		if s.StripRight {
			i.refuse("normalizer Strip with strip_right: a text that is read in parts would lose the spaces between them")
		}
		e.strip = e.strip || s.StripLeft
	case s.Type == "Replace":
		if s.Pattern.String != nil && *s.Pattern.String == " " && len([]rune(s.Content)) == 1 {
			e.model.space = s.Content
		}
		if find := i.finder("normalizer Replace", s); find != nil {
			e.normalize = append(e.normalize, replacer(find, s.Content))
		}
	default:
		i.refuse("normalizer %q", s.Type)
	}
}

// finder returns the finder of a step's pattern, or nil if it is not supported.
func (i *importer) finder(what string, s *hfStep) finder {
	switch {
	case s.Pattern.String != nil && *s.Pattern.String != "":
		return findLiteral(*s.Pattern.String)
	case s.Pattern.Regex != nil:
		re, err := compileRegex(*s.Pattern.Regex)
		if err == nil {
			return findRegex(re)
		}
		i.refuse("%s by %q: %v", what, *s.Pattern.Regex, err)
	default:
		i.refuse("%s without a pattern", what)
	}
	return nil
}

// readPostProcessor reads the token that begins a text.
func (i *importer) readPostProcessor(s *hfStep) {
	if s == nil {
		return
	}
	switch s.Type {
	case "Sequence":
		for at := range s.Processors {
			i.readPostProcessor(&s.Processors[at])
		}
	case "ByteLevel": // of offsets only
	case "TemplateProcessing":
		for _, piece := range s.Single {
			if piece.SpecialToken == nil {
				break
			}
			ids := s.SpecialTokens[piece.SpecialToken.ID].IDs
			if len(ids) != 1 || ids[0] < 0 || i.encoder.begin >= 0 {
				i.refuse("post_processor TemplateProcessing with several tokens before the text")
				return
			}
			i.encoder.begin = ids[0]
		}
	case "RobertaProcessing", "BertProcessing":
		if id, ok := i.file.addedID(s.firstToken()); ok {
			i.encoder.begin = id
		} else {
			i.refuse("post_processor %s without an added token cls", s.Type)
		}
	default:
		i.refuse("post_processor %q", s.Type)
	}
}

// readDecoder checks that the decoder makes of each piece what the model makes of it.
func (i *importer) readDecoder() {
	m := i.encoder.model
	if i.file.Decoder == nil {
		if !m.byteLevel {
			i.refuse("no decoder: decoding would put spaces between tokens")
		}
		return
	}
	steps := []hfStep{*i.file.Decoder}
	if steps[0].Type == "Sequence" {
		steps = steps[0].Decoders
	}
	letters, spaces := false, false
	for _, s := range steps {
		switch {
		case s.Type == "ByteLevel" && m.byteLevel:
			letters = true
		case s.Type == "Replace" && s.Pattern.String != nil && *s.Pattern.String == m.space && s.Content == " ",
			s.Type == "Metaspace" && s.replacement() == m.space:
			spaces = true
		case s.Type == "Fuse", s.Type == "ByteFallback" && !m.byteLevel, s.Type == "Strip" && s.Content == " " && s.Stop == 0:
		default:
			i.refuse("decoder %q with this model and pre_tokenizer", s.Type)
		}
	}
	if m.byteLevel && !letters {
		i.refuse("a decoder without ByteLevel, with pre_tokenizer ByteLevel")
	}
	if m.space != "" && !spaces {
		i.refuse("a decoder that leaves %q as it is", m.space)
	}
}
