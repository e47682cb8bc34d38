// Package tales generates small stories in English and Chinese, with questions, answers and headlines:
// data for every task without a download.
package tales
