// Package view computes what a model does with a text: attention maps, the logit lens, direct logit
// attribution, gates, saliency, ablations, activation patching, scores of heads, probes, and the texts
// that excite a unit. A view is a function that returns a Figure, whose grids hold the values and
// whose method SVG draws them; package inspect/page shows the same figures as a web page.
//
// A view that a model cannot have returns an *Unfit error, which says why.
package view
