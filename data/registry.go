package data

import (
	"maps"
	"slices"
)

// entry is a named corpus that is downloaded or provided by the user.
type entry struct {
	file    string // name of the file in the cache
	source  string // author and place of publication
	url     string // download address of the file; empty if the table must be made from the source
	licence string
	size    int64  // bytes
	sha256  string // hexadecimal
	about   string // the columns, for users who make the table
	config  Config // default task and columns
}

// registry lists the named corpora that are neither generated nor part of a Go installation. The
// checksums are of the files that this project's results were measured on; that of char-rnn's
// input.txt is also in TensorFlow Datasets' url_checksums/tiny_shakespeare.txt.
var registry = map[string]entry{
	"tinyshakespeare": {
		file:    "tinyshakespeare.txt",
		source:  "Shakespeare's plays, excerpts, from github.com/karpathy/char-rnn",
		url:     "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
		licence: "public domain",
		size:    1115394,
		sha256:  "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
	},
	"tang": {
		file:    "tang_jueju.tsv",
		source:  "Tang quatrains, from github.com/chinese-poetry/chinese-poetry",
		licence: "text public domain, collection MIT",
		size:    1727601,
		sha256:  "3bb06af98c14a1acc4c44cdca26041bce3ae2bde96a18aa6bbe002f0fb43d235",
		about:   "form, title, author, text",
		config:  Config{Source: "1,2", Target: "4"},
	},
	"tatoeba": {
		file:    "tatoeba_en_zh.tsv",
		source:  "English–Chinese sentence pairs, from tatoeba.org/downloads",
		licence: "CC-BY 2.0 FR, attribution in each row",
		size:    2792648,
		sha256:  "cde0e4ccac19c98fc9ffdf5ebdea031cce847015d6328f747e205e2e97cdecb2",
		about:   "English, Chinese, ids and authors",
		config:  Config{Task: "pairs", Source: "1", Target: "2"},
	},
	"kdconv": {
		file:    "dialogue_zh_kdconv.tsv",
		source:  "Chinese dialogues, from github.com/thu-coai/KdConv",
		licence: "Apache-2.0",
		size:    1563769,
		sha256:  "c9c49eb8ce078ad5eef580a790a5f9d36cb03dd0e8c935e57ec36a4cb086d19a",
		about:   "dialogue, turn, speaker, text",
		config:  Config{Task: "dialogue"},
	},
	"coffee": {
		file:    "dialogue_en_coffee.tsv",
		source:  "coffee-ordering dialogues of Taskmaster-4, from github.com/google-research-datasets/Taskmaster",
		licence: "CC-BY 4.0",
		size:    937482,
		sha256:  "caf421d2cb26575dd52d4397e90c39e2a9c1d2474a3fa7da78e7941bd958c98d",
		about:   "dialogue, turn, speaker, text",
		config:  Config{Task: "dialogue", Reply: "assistant"},
	},
	"debian": {
		file:    "summary_en_debian.tsv",
		source:  "descriptions of Debian packages, from the archive's Packages and Translation-en files",
		licence: "each text under its package's free licence",
		size:    4480332,
		sha256:  "ee645dbbeeb170e3b3a832556783d8efdd7a20b313aac5f8fea4fab5b184739b",
		about:   "split, package, source, long description, short description",
		config:  Config{Task: "summary", Source: "4", Target: "5", Key: "3"},
	},
}

// Names returns the sorted names of all named corpora.
func Names() []string {
	names := slices.AppendSeq([]string{"opticks"}, maps.Keys(generators))
	names = slices.AppendSeq(names, maps.Keys(registry))
	slices.Sort(names)
	return names
}

// namedDefaults fills in the task and the columns of a named corpus.
func (c Config) namedDefaults() Config {
	e := registry[c.Name].config
	if c.Name == "copy" || c.Name == "reverse" {
		e.Task = "pairs"
	}
	if e.Task != "" && c.Task == "" {
		c.Task = e.Task
	}
	if c.Source == "" && c.Target == "" {
		c.Source, c.Target = e.Source, e.Target
	}
	if c.Task == e.Task || e.Task == "" {
		setDefault(&c.Key, e.Key)
		setDefault(&c.Reply, e.Reply)
	}
	return c
}
