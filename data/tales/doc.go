// Package tales makes small stories in English and Chinese, with questions, answers and headlines:
// data for every task, with no download.
package tales
