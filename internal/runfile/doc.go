// Package runfile reads and writes the files of a run: files that are replaced atomically,
// tensors in the safetensors format, the records of metrics.jsonl, TensorBoard events, and
// pictures of the loss curve. It recognises files of other programs by their first bytes. It is
// independent of graphs and models.
package runfile
