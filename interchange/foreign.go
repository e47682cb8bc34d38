package interchange

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"euryale/internal/runfile"
)

// conversion is a command that writes a directory of transformers anew, with safetensors.
const conversion = `python3 -c "import transformers as t; [c.from_pretrained('%[1]s').save_pretrained('%[1]s-converted') for c in (t.AutoModelForCausalLM, t.AutoTokenizer)]"`

// foreign returns an error if path is a file of another program that is recognised and cannot be
// read, such as a checkpoint of PyTorch.
func foreign(path string) error {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	kind := runfile.KindOf(path)
	if kind == "" || strings.Contains(kind, "safetensors") || strings.Contains(kind, "llama2.c") {
		return nil
	}
	dir := filepath.Dir(path)
	if _, err := os.Stat(filepath.Join(dir, configFile)); err == nil && filepath.Ext(path) != ".safetensors" {
		return fmt.Errorf("it is %s, and safetensors is needed: convert the directory with "+conversion, kind, dir)
	}
	return fmt.Errorf("it is %s, and safetensors is needed, beside a config.json of transformers: save the model there with save_pretrained", kind)
}

// otherWeights are names of weights that transformers, or Meta's Llama, has in other formats.
var otherWeights = []string{"pytorch_model.bin", "pytorch_model.bin.index.json", "pytorch_model*.bin", "consolidated.*.pth", "tf_model.h5", "flax_model.msgpack", "*.gguf"}

// noSafetensors returns an error if the directory has weights in another format only.
func noSafetensors(dir string) error {
	for _, pattern := range otherWeights {
		if found, err := filepath.Glob(filepath.Join(dir, pattern)); err == nil && len(found) > 0 {
			return fmt.Errorf("%s has its weights in %s, and safetensors is needed: convert it with "+conversion, dir, filepath.Base(found[0]), filepath.Clean(dir))
		}
	}
	return nil
}

// sentencePiece returns advice for a directory whose tokenizer is a model of SentencePiece alone.
func sentencePiece(dir string) string {
	if _, err := os.Stat(filepath.Join(dir, "tokenizer.json")); err == nil {
		return ""
	}
	if _, err := os.Stat(filepath.Join(dir, "tokenizer.model")); err != nil {
		return ""
	}
	return fmt.Sprintf(", or write tokenizer.json of its tokenizer.model: python3 -c \"import transformers as t; t.AutoTokenizer.from_pretrained('%[1]s').save_pretrained('%[1]s')\"", filepath.Clean(dir))
}
