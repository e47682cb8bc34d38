package runfile

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
)

// KindBytes is the number of bytes at the start of a file that Kind needs.
const KindBytes = 262

// magics are what files of models, of tokenizers and of archives begin with.
var magics = []struct {
	at          int
	bytes, kind string
}{
	{0, "PK\x03\x04", "a zip archive, as PyTorch writes its checkpoints"},
	{0, "\x80\x02}q", "a pickle of Python, as PyTorch wrote its checkpoints"},
	{0, "\x80\x02\x8a\x0a", "a pickle of Python, as PyTorch wrote its checkpoints"},
	{0, "\x80\x04\x95", "a pickle of Python"},
	{0, "GGUF", "a GGUF file of llama.cpp"},
	{0, "ggml", "a GGML file of llama.cpp"},
	{0, "\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras writes its weights"},
	{0, "\x93NUMPY", "a NumPy array"},
	{0, "\n\x0e\n\x05<unk>", "a SentencePiece model"},
	{0, "PAR1", "a Parquet file"},
	{0, "\x1f\x8b", "a gzip file"},
	{0, "\x28\xb5\x2f\xfd", "a zstd file"},
	{0, "24ka", "a model of llama2.c"}, // 0x616b3432, little-endian
	{0, "version https://git-lfs.", "a pointer of Git LFS in place of the file: download the file itself, with git lfs pull"},
	{257, "ustar", "a tar archive"},
}

// Kind returns in words the format of a file that begins with head, or "" if it is not one of the
// formats in which models and their tokenizers are exchanged.
func Kind(head []byte) string {
	for _, m := range magics {
		if len(head) > m.at && bytes.HasPrefix(head[m.at:], []byte(m.bytes)) {
			return m.kind
		}
	}
	if len(head) > 9 && binary.LittleEndian.Uint64(head) <= maxHeader && head[8] == '{' {
		return "a safetensors file, which has weights"
	}
	return ""
}

// KindOf is Kind of the file at path; "" if it cannot be read.
func KindOf(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, KindBytes))
	if err != nil {
		return ""
	}
	return Kind(head)
}
