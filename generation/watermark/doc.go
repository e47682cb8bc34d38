// Package watermark holds the keys of watermarks, the pseudorandom numbers that follow from them, and the
// tests that find a watermark in a text. Two methods are known: a green list (Kirchenbauer et al. 2023,
// https://arxiv.org/abs/2301.10226) and tournament sampling (SynthID-Text; Dathathri et al. 2024,
// https://doi.org/10.1038/s41586-024-08025-4). Package generation has the processor that marks texts.
package watermark
