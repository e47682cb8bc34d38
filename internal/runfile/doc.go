// Package runfile reads and writes the files a run leaves behind: files that are
// replaced whole or not at all, tensors in the safetensors format, the records of
// metrics.jsonl, TensorBoard events and the drawn loss curve. It knows nothing of
// graphs or models.
package runfile
