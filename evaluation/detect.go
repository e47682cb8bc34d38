package evaluation

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"euryale/data/record"
	"euryale/data/textfile"
	"euryale/data/tokenizer"
	"euryale/evaluation/metrics"
	"euryale/generation/watermark"
	"euryale/layers/draw"
)

// DetectLevel is the p-value below which a text counts as watermarked.
const DetectLevel = 0.01

// Detected is the evidence of a watermark in each of several texts.
type Detected struct {
	Key        string            `json:"key"`        // method and parameters
	Texts      int               `json:"texts"`      // all
	Tested     int               `json:"tested"`     // those that are long enough
	TooShort   int               `json:"too_short"`  // those that are not
	Unreadable int               `json:"unreadable"` // those that the tokenizer has no tokens for
	Found      int               `json:"found"`      // those with p < DetectLevel
	Share      metrics.Share     `json:"share"`      // of them among the tested ones
	Results    []watermark.Found `json:"results"`    // of the tested texts, in their order
	Errors     []error           `json:"-"`          // of those that were not tested, which name the text
}

// Detect looks for the watermark of a key in texts, each as the tokenizer of a model splits it.
func Detect(k *watermark.Key, tk tokenizer.Tokenizer, texts []string) *Detected {
	d := &Detected{Key: k.String(), Texts: len(texts)}
	for i, text := range texts {
		found, _, err := DetectText(k, tk, text)
		short := (*watermark.TooShortError)(nil)
		switch {
		case errors.As(err, &short):
			d.TooShort++
		case err != nil:
			d.Unreadable++
		default:
			d.Tested++
			d.Results = append(d.Results, found)
			if found.P < DetectLevel {
				d.Found++
			}
		}
		if err != nil {
			d.Errors = append(d.Errors, fmt.Errorf("text %d: %w", i+1, err))
		}
	}
	d.Share = metrics.NewShare(d.Found, d.Tested)
	return d
}

// DetectText looks for the watermark of a key in a text, and returns its tokens.
func DetectText(k *watermark.Key, tk tokenizer.Tokenizer, text string) (watermark.Found, []int, error) {
	ids, err := tk.Encode(text)
	if err != nil {
		return watermark.Found{}, nil, err
	}
	found, err := k.Detect(ids)
	return found, ids, err
}

// DetectedSVG draws a text with each token shaded by its score.
func DetectedSVG(k *watermark.Key, tk tokenizer.Tokenizer, found watermark.Found, ids []int) string {
	s := draw.Shaded{Title: fmt.Sprintf("%s: z = %.2f, p = %.2g (%d of %d tokens count)", found.Method, found.Z, found.P, found.Scored, found.Tokens),
		Values: found.Each, Low: "low g-values", High: "high g-values"}
	if k.Method == watermark.GreenList {
		s.Low, s.High = "red", "green"
	}
	for _, id := range ids {
		s.Pieces = append(s.Pieces, string(tk.Piece(id)))
	}
	return s.SVG()
}

// ReadTexts reads the texts of a file: those of records (JSON Lines, CSV or Parquet, in the column "text" or a
// like name), or, with lines, the lines of a text that are not empty; else the file is one text.
func ReadTexts(path string, lines bool) (texts []string, many bool, note string, err error) {
	set, err := record.Open(path, record.Config{RunningText: true, Format: "auto", Ragged: "refuse", Invalid: "keep"}, func(string) (string, bool) { return "", false })
	if err != nil {
		return nil, false, "", err
	}
	if set != nil && !lines {
		err := set.Each(func(_ int, r record.Record) error {
			texts = append(texts, documentText(r))
			return nil
		})
		return texts, true, strings.Join(set.Notes, "; "), err
	}
	f, err := textfile.Open(path)
	if err != nil {
		return nil, false, "", err
	}
	defer f.Close()
	content, err := io.ReadAll(f)
	if err != nil {
		return nil, false, "", fmt.Errorf("%s: %w", path, err)
	}
	if !lines {
		return []string{string(content)}, false, f.Note(), nil
	}
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			texts = append(texts, line)
		}
	}
	if len(texts) == 0 {
		return nil, false, "", fmt.Errorf("%s has no lines of text", path)
	}
	return texts, true, f.Note(), nil
}

// documentText returns the text of a record: its parts that are not empty, each on a line of its own.
func documentText(r record.Record) string {
	var parts []string
	for _, part := range r.Target {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "\n")
}
