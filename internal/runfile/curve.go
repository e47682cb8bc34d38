//go:build !browser

package runfile

import (
	"bytes"
	"errors"
	"fmt"
	"image/color"
	"io"
	"math"
	"path/filepath"
	"regexp"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"euryale/internal/plottext"
)

// Point is a loss after a number of steps.
type Point struct {
	Step int
	Loss float64
}

const (
	curveWidth, curveHeight = 8 * vg.Inch, 5 * vg.Inch
	curveDPI                = 144
	curveBins               = 1000 // about the width of the picture in dots
)

// The colours are from the palette of Okabe and Ito, which colour-blind readers can distinguish.
var (
	rawColor   = color.RGBA{R: 0x56, G: 0xb4, B: 0xe9, A: 0xff}
	trainColor = color.RGBA{R: 0x00, G: 0x72, B: 0xb2, A: 0xff}
	validColor = color.RGBA{R: 0xd5, G: 0x5e, B: 0x00, A: 0xff}
	gridColor  = color.Gray{Y: 0xe6}
)

// Curve draws dir/loss.svg and dir/loss.png: the training loss, raw and smoothed, and the
// validation loss. The title may be Chinese. Points that are not finite are omitted. The warning,
// if not empty, is a line about omitted points, or about rare characters of the title that are
// boxes in the PNG (the SVG has the title as text). It is an error if no point is finite.
func Curve(dir, title string, train, valid []Point) (warning string, err error) {
	t, v := finite(train), finite(valid)
	if len(t)+len(v) == 0 {
		return "", fmt.Errorf("draw %s: no finite loss to draw", filepath.Join(dir, "loss.svg"))
	}
	var warnings []string
	if n := len(train) + len(valid) - len(t) - len(v); n > 0 {
		warnings = append(warnings, fmt.Sprintf("%d losses that are not finite are not drawn", n))
	}
	p, err := lossPlot(t, v)
	if err != nil {
		return "", fmt.Errorf("draw loss: %w", err)
	}
	handler := plottext.New()
	p.Title.TextStyle.Handler = handler
	title = p.fit(plottext.Printable(title))
	if missing := handler.Missing(title, p.Title.TextStyle.Font); missing != "" {
		warnings = append(warnings, fmt.Sprintf("loss.png shows %q of its title as boxes; loss.svg has them as text", missing))
	}
	p.Title.Text = title
	png := WriteAtomic(filepath.Join(dir, "loss.png"), func(w io.Writer) error { return writePNG(w, p) })
	handler.AsText = true
	p.Title.TextStyle.Handler = handler
	svg := WriteAtomic(filepath.Join(dir, "loss.svg"), func(w io.Writer) error { return writeSVG(w, p) })
	return strings.Join(warnings, "; "), errors.Join(png, svg)
}

// lossPlot returns the plot without its title.
func lossPlot(train, valid plotter.XYs) (*curves, error) {
	p := &curves{Plot: plot.New()}
	for _, s := range []*text.Style{&p.Title.TextStyle, &p.Legend.TextStyle,
		&p.X.Label.TextStyle, &p.Y.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label} {
		s.Font.Variant = "Sans"
	}
	p.Title.Padding = vg.Points(8)
	p.X.Label.Text, p.Y.Label.Text = "step", "loss (nats per token)"
	p.X.Label.Padding, p.Y.Label.Padding = vg.Points(4), vg.Points(4)
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.TickerFunc(stepTicks), plot.TickerFunc(roundTicks)
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = gridColor, gridColor
	p.Add(grid)
	if len(train) > 0 {
		if err := addTrain(p, train); err != nil {
			return nil, err
		}
	}
	if len(valid) > 0 {
		line, points, err := plotter.NewLinePoints(valid)
		if err != nil {
			return nil, err
		}
		line.Color, points.Color = validColor, validColor
		line.Width = vg.Points(1.5)
		points.Shape, points.Radius = draw.CircleGlyph{}, vg.Points(2.5)
		p.Add(line, points)
		p.legend = append(p.legend, legendEntry{"validation", []plot.Thumbnailer{line, points}})
	}
	return p, nil
}

// addTrain adds the training loss as a thin raw line and a thick smoothed line, or as one line
// of a run with too few points to smooth.
func addTrain(p *curves, train plotter.XYs) error {
	raw, points, err := plotter.NewLinePoints(thin(train, curveBins))
	if err != nil {
		return err
	}
	raw.Color, raw.Width = rawColor, vg.Points(0.6)
	p.Add(raw)
	span := len(train) / 60
	if span == 0 {
		raw.Color, raw.Width = trainColor, vg.Points(1.8)
		points.Color, points.Shape, points.Radius = trainColor, draw.CircleGlyph{}, vg.Points(2)
		p.Add(points)
		p.legend = append(p.legend, legendEntry{"training", []plot.Thumbnailer{raw, points}})
		return nil
	}
	line, err := plotter.NewLine(thin(smooth(train, span), curveBins))
	if err != nil {
		return err
	}
	line.Color, line.Width = trainColor, vg.Points(1.8)
	p.Add(line)
	p.legend = append(p.legend, legendEntry{"training", []plot.Thumbnailer{raw}}, legendEntry{"training, smoothed", []plot.Thumbnailer{line}})
	return nil
}

// smooth returns the mean of each point and its n neighbours on either side, which, unlike a
// running mean, does not lag behind a falling loss. At the beginning, where the loss falls
// fastest, it uses as many neighbours after a point as there are before it; at the end it uses all
// that are left.
func smooth(points plotter.XYs, n int) plotter.XYs {
	sums := make([]float64, len(points)+1) // sums[i] is the sum of the first i losses
	for i, p := range points {
		sums[i+1] = sums[i] + p.Y
	}
	out := make(plotter.XYs, len(points))
	for i, p := range points {
		before := min(n, i)
		after := min(before, len(points)-1-i)
		out[i] = plotter.XY{X: p.X, Y: (sums[i+after+1] - sums[i-before]) / float64(before+1+after)}
	}
	return out
}

// thin returns the lowest and the highest point of each of so many equal bins, which draws the same
// picture as all points of a long run.
func thin(points plotter.XYs, bins int) plotter.XYs {
	if len(points) <= 2*bins {
		return points
	}
	out := make(plotter.XYs, 0, 2*bins)
	for b := range bins {
		low := b * len(points) / bins
		high := low
		for i := low; i < (b+1)*len(points)/bins; i++ {
			if points[i].Y < points[low].Y {
				low = i
			}
			if points[i].Y > points[high].Y {
				high = i
			}
		}
		out = append(out, points[min(low, high)], points[max(low, high)])
	}
	return out
}

func finite(points []Point) plotter.XYs {
	var out plotter.XYs
	for _, p := range points {
		if !math.IsNaN(p.Loss) && !math.IsInf(p.Loss, 0) {
			out = append(out, plotter.XY{X: float64(p.Step), Y: p.Loss})
		}
	}
	return out
}

func writePNG(w io.Writer, p *curves) error {
	c := vgimg.NewWith(vgimg.UseWH(curveWidth, curveHeight), vgimg.UseDPI(curveDPI))
	p.drawInside(draw.New(c))
	_, err := vgimg.PngCanvas{Canvas: c}.WriteTo(w)
	return err
}

// svgFamily matches the font of a text element. It cannot match in a text, where quotes are escaped.
var svgFamily = regexp.MustCompile(`style="font-family:([^;"]*);`)

// writeSVG writes the plot with text elements, whose fallback fonts have Chinese characters.
func writeSVG(w io.Writer, p *curves) error {
	c := vgsvg.New(curveWidth, curveHeight)
	p.drawInside(draw.New(c))
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return err
	}
	_, err := w.Write(svgFamily.ReplaceAll(b.Bytes(), []byte(`style="font-family:'$1',`+
		`'Noto Sans CJK SC','Source Han Sans SC','PingFang SC','Microsoft YaHei','WenQuanYi Micro Hei',sans-serif;`)))
	return err
}
