// Package questions reads questions that have a right answer, and measures how often a language model
// finds it likelier than the others: minimal pairs of sentences (Warstadt et al. 2020, BLiMP,
// https://doi.org/10.1162/tacl_a_00321; Xiang et al. 2021, CLiMP,
// https://doi.org/10.18653/v1/2021.eacl-main.242), multiple choice, and the last word of a text (Paperno et
// al. 2016, LAMBADA, https://doi.org/10.18653/v1/P16-1144).
package questions
