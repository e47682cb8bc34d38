package data

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"euryale/data/record"
	"euryale/data/store"
	"euryale/data/task"
	"euryale/data/textfile"
	"euryale/data/tokenizer"
)

// textParts is the dataset of running text: the first split tokens are for training, the last test
// tokens are the test part.
type textParts struct {
	tokens     *store.IDs
	split      int // tokens of the training part
	test       int // tokens of the test part
	sequential bool
	masking    *masking          // data.task "mask", or nil
	end        int               // the token that ends a document, or −1
	payload    [sha256.Size]byte // hash of the ids in a token file; zeros of those in memory
}

// openText tokenizes running text.
func openText(text textfile.Source, c Config, tk tokenizer.Config, known tokenizer.Tokenizer, opts Options) (*Corpus, error) {
	notes, err := text.Notes(c.Invalid == "refuse")
	if err != nil {
		return nil, err
	}
	job := &textJob{Config: c, tk: tk, known: known, opts: opts, text: text, limit: maxInMemory}
	return job.corpus(notes)
}

// openDocuments tokenizes the texts of records, each ended by a token.
func openDocuments(s *record.Set, c Config, tk tokenizer.Config, known tokenizer.Tokenizer, opts Options) (*Corpus, error) {
	c.Text = strings.Join(s.Layout.Target, ",")
	docs := newDocuments(s)
	if docs.parted && c.Test > 0 {
		return nil, fmt.Errorf("data.test is %v, but the records name their parts: leave data.test at 0, and measure the records of the test part with evaluate -score", c.Test)
	}
	job := &textJob{Config: c, tk: tk, known: known, opts: opts, text: textfile.Source{Files: s.Files}, docs: docs, limit: maxInMemory}
	return job.corpus(s.Notes)
}

// corpus returns the corpus of the text.
func (j *textJob) corpus(notes []string) (*Corpus, error) {
	c := j.Config
	tok, tokens, h, err := j.open()
	if err != nil {
		return nil, err
	}
	parts := &textParts{tokens: tokens, split: int(h.Split), test: int(h.Test), sequential: c.Order == "sequential", end: -1, payload: h.Payload}
	info := Info{Bytes: int64(h.Bytes), Train: parts.split, Valid: tokens.Len() - parts.split - parts.test, Test: parts.test}
	if j.docs != nil {
		_, parts.end = withEnd(tok)
		info.Records = j.docs.set.Layout.Describe(int(h.Documents))
		notes = append(slices.Clone(notes), j.docs.notes(h)...)
	}
	if c.Task == "mask" {
		tok = tokenizer.WithSpecials(tok, task.Specials(c.task(), nil)...)
		parts.masking = newMasking(tok)
	}
	info.Notes = append(notes, j.notes()...)
	info.Notes = append(info.Notes, parts.unknownWords(tok)...)
	return &Corpus{c, tok, info, parts}, nil
}

// unknownWords says which fraction of either part a word tokenizer does not know.
func (p *textParts) unknownWords(tok tokenizer.Tokenizer) []string {
	if _, ok := tokenizer.UnknownWords(tok, nil); !ok {
		return nil
	}
	percent := func(begin, end int) float64 {
		unknown := 0
		ids := make([]int, 1<<16)
		for at := begin; at < end; at += len(ids) {
			ids = ids[:min(len(ids), end-at)]
			p.tokens.Copy(ids, at)
			n, _ := tokenizer.UnknownWords(tok, ids)
			unknown += n
		}
		return 100 * float64(unknown) / float64(max(1, end-begin))
	}
	return []string{fmt.Sprintf("%.2f%% of the tokens to train on, and %.2f%% of those to validate on, are %s",
		percent(0, p.split), percent(p.split, p.tokens.Len()-p.test), tokenizer.Unknown)}
}

func (p *textParts) train(batch, context int, seed uint64) (Batcher, error) {
	newWindows := newRandomWindows
	if p.sequential {
		newWindows = newContinuingWindows
	}
	b, err := newWindows(span{p.tokens, 0, p.split}, batch, context, seed)
	return p.mask(b, seed), err
}

// part returns the tokens of a part.
func (p *textParts) part(part int) span {
	valid := p.tokens.Len() - p.test // where it ends
	ends := [...]int{task.TrainPart: p.split, task.ValidPart: valid, task.TestPart: p.tokens.Len()}
	if part == task.TrainPart {
		return span{p.tokens, 0, p.split}
	}
	return span{p.tokens, ends[part-1], ends[part]}
}

func (p *textParts) evaluate(part, batch, context int) (Batcher, error) {
	b, err := newEvaluationWindows(p.part(part), part, batch, context, p.sequential)
	return p.mask(b, 0), err
}

// mask returns b with masked tokens if data.task is "mask", else b.
func (p *textParts) mask(b Batcher, seed uint64) Batcher {
	if p.masking == nil || b == nil {
		return b
	}
	return &maskedWindows{b, *p.masking, seed}
}

func (p *textParts) examples(string) ([]task.Example, error) {
	return nil, errors.New("plain text has no examples of source and answer: use data.task pairs, dialogue or summary")
}

func (p *textParts) text(part, tokens int, tk tokenizer.Tokenizer) (string, error) {
	s := p.part(part)
	n := s.hi - s.lo
	if tokens > 0 {
		n = min(n, tokens)
	}
	ids := make([]int, n)
	p.tokens.Copy(ids, s.lo)
	if p.end < 0 {
		return tk.Decode(ids)
	}
	return decodeDocuments(ids, p.end, tk)
}

// decodeDocuments decodes documents, each on a line of its own.
func decodeDocuments(ids []int, end int, tk tokenizer.Tokenizer) (string, error) {
	var b strings.Builder
	for len(ids) > 0 {
		n := slices.Index(ids, end)
		if n < 0 {
			n = len(ids)
		}
		text, err := tk.Decode(ids[:n])
		if err != nil {
			return "", err
		}
		b.WriteString(text + "\n")
		ids = ids[min(n+1, len(ids)):]
	}
	return b.String(), nil
}

func (p *textParts) close() error { return p.tokens.Close() }
