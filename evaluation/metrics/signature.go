package metrics

import "fmt"

// BLEUSignature returns what sacreBLEU prints beside a BLEU score, so that others can compute the same
// (Post 2018, https://aclanthology.org/W18-6319): how many references a text has ("var" if the number
// varies), the tokenization, and the settings of BLEU. The version is this project's name, because its
// code computed the score.
func BLEUSignature(refs [][]string, tokenizer string) string {
	return fmt.Sprintf("nrefs:%s|case:mixed|eff:no|tok:%s|smooth:exp|version:euryale", references(refs), tokenizer)
}

// ChrFSignature returns what sacreBLEU prints beside a chrF2 score.
func ChrFSignature(refs [][]string) string {
	return fmt.Sprintf("nrefs:%s|case:mixed|eff:yes|nc:%d|nw:0|space:no|version:euryale", references(refs), chrfChars)
}

// references returns the number of references of each text, or "var".
func references(refs [][]string) string {
	for _, r := range refs {
		if len(r) != len(refs[0]) {
			return "var"
		}
	}
	if len(refs) == 0 {
		return "0"
	}
	return fmt.Sprint(len(refs[0]))
}
