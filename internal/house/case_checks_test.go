package house

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"euryale/data"
	"euryale/data/tokenizer"
	"euryale/training"
)

// checks return what is wrong with what the programs do in each folder, or nil.
var checks = map[string]func(f *folder) error{
	"01-llama2c-tokenizer-answers":   checkLlamaAnswers,
	"02-llama2c-tokenizer-chunks":    checkLlamaChunks,
	"03-llama2c-tokenizer-mask":      checkLlamaMask,
	"04-seed-minus-one":              checkSeed,
	"06-beam-min-tokens-stop":        checkMinTokens,
	"07-accumulate-mean-of-means":    checkAccumulate,
	"08-two-runs-one-directory":      checkThreeRuns,
	"12-ctrl-c-at-interactive":       checkCtrlC,
	"13-symlinked-text-directory":    checkSymlinks,
	"14-utf16-trained-silently":      checkUTF16,
	"15-bom-in-text":                 checkMark,
	"16-first-row-begins-with-hash":  checkHashRow,
	"17-one-bad-prompt-ends-all":     checkBadPrompt,
	"19-wrong-line-of-toml":          checkTOML,
	"22-trains-on-its-own-samples":   checkOwnSamples,
	"23-describe-crashes-for-memory": checkMemory,
	"30-gap-padded-vocabulary":       checkPadded,
	"31-gap-sharded":                 checkSharded,
	"32-gap-endoftext-in-text":       checkEndOfText,
}

const tok512 = "../../models/tok512.bin"

func checkLlamaAnswers(f *folder) error {
	r := f.run("train", "-data", "pairs.tsv", "-task", "pairs", "-model", "gpt", "-tokenizer", tok512, "-layers", "1", "-heads", "2", "-dim", "48",
		"-context", "48", "-batch", "16", "-steps", "300", "-lr", "5e-3", "-eval-every", "300", "-out", "run")
	g := f.run("generate", "-run", "run", "-prompt", "dog cat", "-temperature", "0", "-format", "json")
	return errors.Join(want(r.code == 0, "a run", r.all),
		want(strings.Contains(g.out, `"text":"very `) && !strings.Contains(g.out, "<s>"), `an answer like "very dog cat"`, g.all))
}

func checkLlamaChunks(f *folder) error {
	text := strings.Repeat("the little dog ran to the big tree and saw a bird.\n", 44000)
	path := filepath.Join(f.dir, "big.txt")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		return err
	}
	corpus, err := data.Open(data.Config{Name: path}, tokenizer.Config{Kind: filepath.Join(f.dir, tok512)}, nil, data.Options{Cache: f.dir})
	if err != nil {
		return err
	}
	defer corpus.Close()
	train, err := corpus.Text("train", 0)
	valid, err2 := corpus.Text("valid", 0)
	cut := len(train)
	return errors.Join(err, err2, want(train+valid == text, "the text itself", fmt.Sprintf("%d times <s>", strings.Count(train+valid, "<s>"))),
		want(math.Abs(float64(cut)-0.9*float64(len(text))) < 100, "90% for training", cut))
}

func checkLlamaMask(f *folder) error {
	if err := os.WriteFile(filepath.Join(f.dir, "sm.txt"), []byte(strings.Repeat("the little dog ran to the big tree.\n", 1700)), 0o666); err != nil {
		return err
	}
	r := f.run("train", "-data", "sm.txt", "-task", "mask", "-model", "encoder", "-set", "model.causal=false", "-set", "model.hidden=64", "-set", "model.max_len=64",
		"-tokenizer", tok512, "-layers", "1", "-heads", "2", "-dim", "32", "-context", "32", "-batch", "8", "-steps", "40", "-eval-every", "40", "-out", "run")
	g := f.run("generate", "-run", "run", "-prompt", "the little <|mask|> ran to the <|mask|> tree")
	text := strings.TrimSuffix(g.out, "\n")
	ok := strings.HasPrefix(text, "the little") && strings.Contains(text, " ran to the") && strings.HasSuffix(text, " tree") &&
		!strings.Contains(text, "<s>") && !strings.Contains(text, "  ")
	return errors.Join(want(r.code == 0, "a run", r.all), want(ok, "the prompt with two words restored", g.all))
}

func checkSeed(f *folder) error {
	for _, args := range [][]string{{"-seed", "-1"}, {"-data", "tales", "-set", "data.seed=-1"}} {
		r := f.small(append([]string{"-data", "plain.txt", "-steps", "20", "-eval-every", "20", "-out", "run"}, args...)...)
		if r.code != 0 {
			continue // refused
		}
		g, again := f.run("generate", "-run", "run", "-prompt", "the", "-tokens", "5"), f.run("train", "-resume", "run", "-steps", "25")
		if err := errors.Join(want(g.code == 0, "a text", g.all), want(again.code == 0, "a resumed run", again.all), os.RemoveAll(filepath.Join(f.dir, "run"))); err != nil {
			return err
		}
	}
	return nil
}

func checkMinTokens(f *folder) error {
	f.run("train", "-data", "abc.txt", "-model", "ngram", "-out", "run")
	for _, how := range [][]string{{"-temperature", "0"}, {"-beam", "2"}} {
		g := f.run("generate", append(how, "-run", "run", "-prompt", "a", "-tokens", "30", "-min-tokens", "10", "-stop", "c", "-format", "json")...)
		if err := want(strings.Contains(g.out, `"text":"bcabcabcab"`), "bcabcabcab", g.all); err != nil {
			return err
		}
	}
	return nil
}

// given are batches made by hand.
type given []data.Batch

func (g given) Batch(n int, b *data.Batch) error { *b = g[n%len(g)]; return nil }
func (g given) Len() int                         { return len(g) }

func checkAccumulate(*folder) error {
	long, short := data.Batch{B: 1, T: 8}, data.Batch{B: 1, T: 8}
	for i := range 8 {
		long.Tokens, long.Targets = append(long.Tokens, 1), append(long.Targets, 2)
		if i == 0 {
			short.Tokens, short.Targets = append(short.Tokens, 3), append(short.Targets, 4)
		} else {
			short.Tokens, short.Targets = append(short.Tokens, -1), append(short.Targets, -1)
		}
	}
	whole := data.Batch{B: 2, T: 8, Tokens: append(append([]int{}, long.Tokens...), short.Tokens...), Targets: append(append([]int{}, long.Targets...), short.Targets...)}
	update := func(accumulate int, batches given) (training.Step, error) {
		c, err := training.Parse("", []string{"model.layers=1", "model.heads=1", "model.dim=8", "model.context=8", "training.shards=1",
			fmt.Sprintf("training.batch=%d", batches[0].B), fmt.Sprintf("training.accumulate=%d", accumulate)})
		if err != nil {
			return training.Step{}, err
		}
		c.Model.Common().Vocab = 6
		r, err := training.NewOn(c, batches)
		if err != nil {
			return training.Step{}, err
		}
		return r.Update()
	}
	one, err := update(1, given{whole})
	two, err2 := update(2, given{long, short})
	near := func(x, y float64) bool { return math.Abs(x-y) < 1e-5 }
	return errors.Join(err, err2, want(near(one.Loss, two.Loss) && near(one.GradNorm, two.GradNorm), fmt.Sprintf("loss %.6f, norm %.6f", one.Loss, one.GradNorm),
		fmt.Sprintf("%.6f, %.6f", two.Loss, two.GradNorm)))
}

func checkThreeRuns(f *folder) error {
	var wait sync.WaitGroup
	for i := range 3 {
		wait.Go(func() { f.small("-data", "plain.txt", "-steps", "60", "-eval-every", "30", "-seed", fmt.Sprint(i+1)) })
	}
	wait.Wait()
	complete, _ := filepath.Glob(filepath.Join(f.dir, "runs", "*", "weights.safetensors"))
	return want(len(complete) == 3, "three runs in three directories", complete)
}

func checkCtrlC(f *folder) error {
	f.run("train", "-data", "abc.txt", "-model", "ngram", "-out", "run")
	c := f.command("generate", "-run", "run", "-interactive")
	in, err := c.StdinPipe()
	if err != nil {
		return err
	}
	defer in.Close()
	stderr, err := c.StderrPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	said := make([]byte, 4096)
	for seen := ""; !strings.Contains(seen, "precision:"); {
		n, err := stderr.Read(said)
		if seen += string(said[:n]); err != nil {
			return err
		}
	}
	time.Sleep(100 * time.Millisecond)
	at := time.Now()
	if err := c.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	late := time.AfterFunc(5*time.Second, func() { c.Process.Kill() })
	defer late.Stop()
	ended := c.Wait()
	return want(c.ProcessState.ExitCode() == 130 && time.Since(at) < 4*time.Second, "exit code 130 at once", fmt.Sprint(ended, " after ", time.Since(at)))
}

func checkSymlinks(f *folder) error {
	for _, dir := range []string{"dir", "mix"} {
		if err := os.MkdirAll(filepath.Join(f.dir, dir), 0o777); err != nil {
			return err
		}
	}
	plain := []byte(f.read("plain.txt"))
	err := errors.Join(os.WriteFile(filepath.Join(f.dir, "dir", "a.txt"), plain, 0o666), os.WriteFile(filepath.Join(f.dir, "mix", "b.txt"), plain, 0o666),
		os.Symlink("dir", filepath.Join(f.dir, "link")), os.Symlink("../dir", filepath.Join(f.dir, "mix", "inner")))
	if err != nil {
		return err
	}
	link, mix := f.small("-data", "link", "-check"), f.small("-data", "mix", "-check")
	return errors.Join(want(strings.Contains(link.all, " 17399 bytes"), "the directory behind the link", link.all),
		want(strings.Contains(mix.all, " 34798 bytes") || regexp.MustCompile(`inner.*link|link.*inner`).MatchString(mix.all), "both files, or a word about the link", mix.all))
}

func checkUTF16(f *folder) error {
	r := f.small("-data", "utf16le.txt", "-steps", "20", "-eval-every", "20", "-out", "run")
	return want(strings.Contains(r.all, "UTF-16"), "a word about UTF-16", r.all)
}

func checkMark(f *folder) error {
	f.small("-data", "bom.txt", "-steps", "20", "-eval-every", "20", "-out", "run")
	f.small("-data", "plain.txt", "-steps", "20", "-eval-every", "20", "-out", "run2")
	score, prompts := f.run("evaluate", "-run", "run2", "-score", "bom.txt"), f.run("generate", "-run", "run2", "-prompts", "prompts.txt", "-tokens", "3")
	return errors.Join(want(!strings.Contains(f.read("run/tokenizer.json"), "\ufeff"), "no mark in the vocabulary", "it is there"),
		want(score.code == 0, "a score", score.all), want(prompts.code == 0, "a continuation", prompts.all))
}

func checkHashRow(f *folder) error {
	r := f.run("train", "-data", "hash.tsv", "-task", "pairs", "-model", "gpt", "-layers", "1", "-heads", "2", "-dim", "32", "-context", "64", "-batch", "8",
		"-steps", "5", "-eval-every", "5", "-out", "run")
	return want(strings.Contains(f.read("run/tokenizer.json"), `"#"`) || regexp.MustCompile(`(?i)line 1.*(names|header)`).MatchString(r.all), "the row, or a word about it", r.all)
}

func checkBadPrompt(f *folder) error {
	f.run("train", "-data", "abc.txt", "-model", "ngram", "-out", "run")
	if err := os.WriteFile(filepath.Join(f.dir, "in.txt"), []byte("ab\naXb\nabc\n"), 0o666); err != nil {
		return err
	}
	file := f.run("generate", "-run", "run", "-prompts", "in.txt", "-tokens", "3", "-format", "json")
	c := f.command("generate", "-run", "run", "-interactive", "-tokens", "3")
	c.Stdin = strings.NewReader("ab\naXb\nabc\n")
	chat := f.collect(c)
	return errors.Join(want(file.code == 1 && strings.Count(file.out, "\n") == 2 && strings.Contains(file.all, "line 2"), "two answers and line 2", file.all),
		want(chat.code == 0 && strings.Count(chat.out, "\n") == 2 && strings.Contains(chat.all, `"X"`), "two answers and the error", chat.all))
}

func checkTOML(f *folder) error {
	r := f.run("train", "-config", "my.toml", "-data", "abc.txt", "-check")
	return want(r.code != 0 && strings.Contains(r.all, "my.toml") && regexp.MustCompile(`(line |:)11\b`).MatchString(r.all) && strings.Contains(r.all, "whole number"),
		"my.toml, line 11, a whole number", r.all)
}

func checkOwnSamples(f *folder) error {
	seen := map[string]bool{}
	for range 3 {
		r := f.small("-data", ".", "-steps", "20", "-eval-every", "20")
		seen[regexp.MustCompile(`text +\d+ bytes`).FindString(r.all)] = true
	}
	names, _ := filepath.Glob(filepath.Join(f.dir, "runs", "*--*"))
	return errors.Join(want(len(seen) == 1 && !seen[""], "the same bytes each time", seen), want(len(names) == 0, "names of runs", names))
}

func checkMemory(f *folder) error {
	limited := func(args string) result {
		c := exec.Command("bash", "-c", "ulimit -v 6000000; exec "+filepath.Join(f.bin, "train")+" -data plain.txt -dim 16384 -heads 16 -layers 4 "+args)
		c.Dir = f.dir
		return f.collect(c)
	}
	describe, train := limited("-describe"), limited("-out run")
	brief := func(r result) string { return r.all[:min(len(r.all), 500)] }
	return errors.Join(want(describe.code == 0 && strings.Contains(describe.out, "parameter"), "a description", brief(describe)),
		want(train.code != 0 && !strings.Contains(train.all, "goroutine"), "a line about memory", brief(train)))
}

// generated returns the tokens that a run generates after "a".
func (f *folder) generated() (tokens []int, err error) {
	g := f.run("generate", "-run", "run", "-prompt", "a", "-tokens", "500", "-temperature", "5", "-top-p", "0", "-format", "json")
	var r struct{ Tokens []int }
	if err := json.Unmarshal([]byte(g.out), &r); err != nil {
		return nil, fmt.Errorf("%w: %s", err, g.all)
	}
	return r.Tokens, want(g.code == 0 && len(r.Tokens) > 0, "a text", g.all)
}

func checkPadded(f *folder) error {
	r := f.run("train", "-import", "padded", "-out", "run")
	if err := want(r.code == 0 && strings.Contains(r.all, "padded from 260 ids to 320"), "a run", r.all); err != nil {
		return err
	}
	tokens, err := f.generated()
	for _, id := range tokens {
		err = errors.Join(err, want(id < 260, "ids below 260", id))
	}
	e := f.run("train", "-export", "run", "-out", "again")
	return errors.Join(err, want(e.code == 0, "an export", e.all), want(regexp.MustCompile(`"vocab_size": 260\b`).MatchString(f.read("again/config.json")), "260 ids", f.read("again/config.json")))
}

func checkSharded(f *folder) error {
	r := f.run("train", "-import", "sharded", "-out", "run")
	if err := want(r.code == 0, "a run", r.all); err != nil {
		return err
	}
	_, err := f.generated()
	return err
}

func checkEndOfText(f *folder) error {
	tk, err := tokenizer.Load(filepath.Join(f.dir, "eot.json"))
	if err != nil {
		return err
	}
	tokens := func(parse bool) int {
		parts, names := []string{f.read("eot.txt")}, 0
		if parse {
			parts = strings.Split(parts[0], "<|endoftext|>")
			names = len(parts) - 1
			for i := range parts[1:] { // the token's rstrip flag
				parts[i+1] = strings.TrimLeft(parts[i+1], " ")
			}
		}
		for _, part := range parts {
			ids, encodeErr := tk.Encode(part)
			err = errors.Join(err, encodeErr)
			names += len(ids)
		}
		return names
	}
	for how, n := range map[string]int{"plain": tokens(false), "parse": tokens(true)} {
		r := f.small("-data", "eot.txt", "-tokenizer", "eot.json", "-set", "tokenizer.specials="+how, "-check")
		var bytes, train, valid int
		_, scanErr := fmt.Sscanf(regexp.MustCompile(`text +\d+ bytes.*`).FindString(r.all), "text %d bytes: %d tokens to train on, %d to validate on", &bytes, &train, &valid)
		err = errors.Join(err, scanErr, want(train+valid == n, fmt.Sprintf("%d tokens with specials = %q", n, how), r.all))
	}
	return err
}
