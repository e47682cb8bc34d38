package view

// outputsAtOnce is the number of outputs whose gradients one run computes.
const outputsAtOnce = 8

// GradientInput returns gradient × input (Shrikumar et al. 2016, https://arxiv.org/abs/1605.01713) of each
// output: for every token, the sum over the columns of its embedding times the output's gradient with
// respect to them. The gradient is Gorgonia's symbolic one. A row for each output.
func GradientInput(t *Text, outputs ...Output) (*Figure, error) {
	rows, err := t.outputAxis(outputs)
	if err != nil {
		return nil, err
	}
	d, err := t.differentiate(min(len(outputs), outputsAtOnce), false)
	if err != nil {
		return nil, err
	}
	text, source := t.saliencyGrids(d.embeddings, rows)
	for at := 0; at < len(outputs); at += outputsAtOnce {
		chunk := outputs[at:min(at+outputsAtOnce, len(outputs))]
		if err := d.run(chunk); err != nil {
			return nil, err
		}
		for b := range chunk {
			for _, e := range d.embeddings {
				g := text
				if e.source {
					g = source
				}
				x, dx := d.rows(e, b)
				for i := range x {
					g.Values[(at+b)*len(g.Cols.Labels)+i] += dot(x[i], dx[i])
				}
			}
		}
	}
	f := figureOf("gradient", text, source)
	for _, g := range f.Grids {
		if err := finite("gradient × input", g.Values); err != nil {
			return nil, err
		}
	}
	return f, nil
}
