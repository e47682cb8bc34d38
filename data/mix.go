package data

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"euryale/data/record"
	"euryale/data/task"
	"euryale/data/tokenizer"
)

// mixName is data.name of a mixture.
const mixName = "mix"

// mixPart is a part of data.mix: a corpus of pairs or summaries.
type mixPart struct {
	Config         // of the corpus by itself
	tag    string  // names the part: the token before its sources is task.TagToken
	weight float64 // share of the batches, by that of all parts
}

var tagPattern = regexp.MustCompile(`^[\pL\pN][\pL\pN_.-]*$`)

// mixParts returns the parts of data.mix. What is not set of a part is as in c, except for its name, task and columns.
func (c Config) mixParts() (parts []mixPart, err error) {
	for spec := range strings.SplitSeq(c.Mix, ";") {
		words := strings.Fields(spec)
		if len(words) == 0 {
			continue
		}
		p, err := c.mixPart(words)
		if err != nil {
			return nil, fmt.Errorf("data.mix, part %q: %w", strings.TrimSpace(spec), err)
		}
		if slices.ContainsFunc(parts, func(q mixPart) bool { return q.tag == p.tag }) {
			return nil, fmt.Errorf("data.mix, part %q: another part has the tag %s too", strings.TrimSpace(spec), p.tag)
		}
		parts = append(parts, p)
	}
	if len(parts) < 2 {
		return nil, fmt.Errorf("data.mix is %q: it must have at least two parts, as in \"tatoeba tag=en-zh; tatoeba tag=zh-en source=2 target=1\"", c.Mix)
	}
	return parts, nil
}

// mixPart returns the part that words describe: a corpus, then settings.
func (c Config) mixPart(words []string) (mixPart, error) {
	p := mixPart{Config: c, weight: 1}
	p.Mix, p.Name, p.Task, p.Source, p.Target, p.Key = "", words[0], "", "", "", ""
	keys := map[string]*string{"task": &p.Task, "source": &p.Source, "target": &p.Target, "key": &p.Key, "tag": &p.tag,
		"source_script": &p.SourceScript, "target_script": &p.TargetScript}
	for _, word := range words[1:] {
		key, value, _ := strings.Cut(word, "=")
		field := keys[key]
		var err error
		switch {
		case key == "weight":
			if p.weight, err = strconv.ParseFloat(value, 64); err != nil || !(p.weight > 0 && p.weight < 1e9) {
				return p, fmt.Errorf("weight is %q: it must be a number above 0", value)
			}
		case field == nil || value == "":
			return p, fmt.Errorf("%q is no setting of a part: there are tag=NAME, weight=X, task=pairs|summary, source=, target=, key=, source_script= and target_script=; a path may have no spaces", word)
		default:
			*field = value
		}
	}
	if registry[p.Name].config.Task == "" {
		setDefault(&p.Task, "pairs")
	}
	if !tagPattern.MatchString(p.tag) {
		return p, fmt.Errorf("tag is %q: each part needs a tag of its own of letters, digits, - _ and ., as tag=en-zh", p.tag)
	}
	var err error
	if p.Config, err = p.resolve(); err == nil && p.Task != "pairs" && p.Task != "summary" {
		err = fmt.Errorf("its data.task is %s: the parts of a mixture are pairs or summaries", p.Task)
	}
	return p, err
}

// task returns the configuration of the part's task.
func (p mixPart) task() task.Config {
	c := p.Config.task()
	c.Tag = p.tag
	return c
}

// checkMix checks data.mix.
func (c Config) checkMix() error {
	if c.Mix == "" {
		return nil
	}
	if c.Task != "pairs" && c.Task != "summary" {
		return fmt.Errorf("data.task is %s, and data.mix is for pairs and summaries", c.Task)
	}
	_, err := c.mixParts()
	return err
}

// newMixture returns the format of a mixture.
func newMixture(c Config, tk tokenizer.Tokenizer) (*task.Format, error) {
	parts, err := c.mixParts()
	if err != nil {
		return nil, err
	}
	var configs []task.Config
	for _, p := range parts {
		configs = append(configs, p.task())
	}
	return task.NewMixture(configs, tk)
}

// read reads and filters the rows of a part.
func (p *mixPart) read(opts Options) (*task.Rows, Info, error) {
	path, c, origin, err := p.locate(opts)
	if err != nil {
		return nil, origin, err
	}
	s, c, err := openSet(path, c)
	if err != nil {
		return nil, origin, err
	}
	if s != nil && s.Layout.Kind != record.Pairs {
		return nil, origin, fmt.Errorf("%s has %v, and the parts of a mixture are pairs or summaries", path, s.Layout.Kind)
	}
	t, c, err := readTable(path, s, c)
	if err != nil {
		return nil, origin, err
	}
	p.Config = c
	rows, info, err := readRows(t, c, p.task())
	info.setOrigin(origin)
	return rows, info, err
}

// openMix opens the parts of a mixture, with one tokenizer for all.
func openMix(c Config, tk tokenizer.Config, known tokenizer.Tokenizer, opts Options) (*Corpus, error) {
	parts, err := c.mixParts()
	if err != nil {
		return nil, err
	}
	tables, infos := make([]*task.Rows, len(parts)), make([]Info, len(parts))
	for i := range parts {
		if tables[i], infos[i], err = parts[i].read(opts); err != nil {
			return nil, fmt.Errorf("part %s (%s): %w", parts[i].tag, parts[i].Name, err)
		}
	}
	tok, err := rowsTokenizer(tables, tk, known, opts)
	if err != nil {
		return nil, err
	}
	m := &mixture{}
	for i, p := range parts {
		of, err := encodeRows(tables[i], p.Config, p.task(), tok, &infos[i])
		if err != nil {
			return nil, fmt.Errorf("part %s (%s): %w", p.tag, p.Name, err)
		}
		m.parts, m.tags, m.weights = append(m.parts, of), append(m.tags, p.tag), append(m.weights, p.weight)
	}
	info := sumInfo(parts, infos)
	info.Notes = append(info.Notes, leaks(parts, tables)...)
	return &Corpus{c, tok, info, m}, nil
}

// sumInfo describes a mixture by the descriptions of its parts.
func sumInfo(parts []mixPart, infos []Info) Info {
	sum := Info{Name: mixName}
	var sources, licences, shares []string
	all := 0.0
	for _, p := range parts {
		all += p.weight
	}
	for i, p := range parts {
		of := infos[i]
		sum.Bytes, sum.Train, sum.Valid, sum.Test = sum.Bytes+of.Bytes, sum.Train+of.Train, sum.Valid+of.Valid, sum.Test+of.Test
		if !slices.Contains(sources, of.Source) {
			sources = append(sources, of.Source)
		}
		if licence := cmp.Or(of.Licence, "unknown"); !slices.Contains(licences, licence) {
			licences = append(licences, licence)
		}
		shares = append(shares, fmt.Sprintf("%s from %s (%.0f%% of the batches, %d tokens to train on)", p.tag, p.Name, 100*p.weight/all, of.Train))
		for _, d := range of.Dropped {
			sum.Dropped = append(sum.Dropped, task.Count{Name: p.tag + "/" + d.Name, N: d.N})
		}
		for _, note := range of.Notes {
			sum.Notes = append(sum.Notes, p.tag+": "+note)
		}
	}
	sum.Source, sum.Records = strings.Join(sources, "; "), strings.Join(shares, ", ")
	if sum.Licence = strings.Join(licences, "; "); sum.Licence == "unknown" {
		sum.Licence = ""
	}
	return sum
}
