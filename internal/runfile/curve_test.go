package runfile

import (
	"bytes"
	"encoding/xml"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// exampleLosses returns noisy losses that fall from 4.2 towards 1.5.
func exampleLosses() (train, valid []Point) {
	rng := rand.New(rand.NewPCG(3, 4))
	for step := 0; step <= 2000; step += 2 {
		loss := 1.5 + 2.7*math.Exp(-float64(step)/400)
		train = append(train, Point{step, loss + 0.12*rng.NormFloat64()})
		if step%200 == 0 {
			valid = append(valid, Point{step, loss + 0.1})
		}
	}
	return train, valid
}

func TestCurve(t *testing.T) {
	dir := t.TempDir()
	train, valid := exampleLosses()
	warning, err := Curve(dir, "gpt on <Opticks> & more", train, valid)
	require.NoError(t, err)
	assert.Empty(t, warning)

	svg, err := os.ReadFile(filepath.Join(dir, "loss.svg"))
	require.NoError(t, err)
	texts := svgTexts(t, svg)
	for _, want := range []string{"gpt on <Opticks> & more", "step", "loss (nats per token)", "training, smoothed", "validation"} {
		assert.Contains(t, texts, want)
	}
	f, err := os.Open(filepath.Join(dir, "loss.png"))
	require.NoError(t, err)
	defer f.Close()
	img, err := png.Decode(f)
	require.NoError(t, err)
	assert.Equal(t, 8*curveDPI, img.Bounds().Dx())
	assert.Equal(t, 5*curveDPI, img.Bounds().Dy())
}

// svgTexts returns the text elements of an SVG, which must be well formed.
func svgTexts(t *testing.T, svg []byte) (texts []string) {
	t.Helper()
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := d.Token()
		if err == io.EOF {
			return texts
		}
		require.NoError(t, err)
		if s, ok := token.(xml.CharData); ok && strings.TrimSpace(string(s)) != "" {
			texts = append(texts, string(s))
		}
	}
}

// A Chinese title is one text in the SVG and is drawn in the PNG; the warning names characters that
// are boxes.
func TestCurveChineseTitle(t *testing.T) {
	dir := t.TempDir()
	train, valid := exampleLosses()
	for title, want := range map[string]string{
		"唐诗 GPT 训练损失": "",
		"𠀀 字":         `loss.png shows "𠀀" of its title as boxes; loss.svg has them as text`,
	} {
		warning, err := Curve(dir, title, train, valid)
		require.NoError(t, err)
		assert.Equal(t, want, warning)
		svg, err := os.ReadFile(filepath.Join(dir, "loss.svg"))
		require.NoError(t, err)
		assert.Contains(t, svgTexts(t, svg), title)
		assert.Contains(t, string(svg), "'Noto Sans CJK SC'")
	}
}

func TestCurveLeavesOutWhatIsNotFinite(t *testing.T) {
	dir := t.TempDir()
	warning, err := Curve(dir, "", []Point{{0, 3}, {1, math.NaN()}, {2, math.Inf(1)}, {3, 2}}, nil)
	require.NoError(t, err)
	assert.Equal(t, "2 losses that are not finite are not drawn", warning)
	_, err = Curve(dir, "", []Point{{0, math.NaN()}}, nil)
	assert.ErrorContains(t, err, "no finite loss")
	_, err = Curve(dir, "one point\x00\xff\n", nil, []Point{{0, 3}})
	assert.NoError(t, err)
	svg, err := os.ReadFile(filepath.Join(dir, "loss.svg"))
	require.NoError(t, err)
	assert.Contains(t, svgTexts(t, svg), "one point \uFFFD ")
	_, err = Curve(filepath.Join(dir, "missing"), "x", []Point{{0, 3}}, nil)
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// By hand: the mean of three points, of one at the beginning, of two at the end.
func TestSmooth(t *testing.T) {
	points := plotter.XYs{{X: 0, Y: 4}, {X: 1, Y: 2}, {X: 2, Y: 0}, {X: 3, Y: 7}}
	assert.Equal(t, plotter.XYs{{X: 0, Y: 4}, {X: 1, Y: 2}, {X: 2, Y: 3}, {X: 3, Y: 3.5}}, smooth(points, 1))
	assert.Equal(t, points, smooth(points, 0))
}

func TestThin(t *testing.T) {
	var points plotter.XYs
	for i, y := range []float64{3, 1, 2, 5, 5, 6, 4, 4, 4} {
		points = append(points, plotter.XY{X: float64(i), Y: y})
	}
	assert.Equal(t, points, thin(points, 5))
	got := thin(points, 3)
	assert.Equal(t, plotter.XYs{{X: 0, Y: 3}, {X: 1, Y: 1}, {X: 3, Y: 5}, {X: 5, Y: 6}, {X: 6, Y: 4}, {X: 6, Y: 4}}, got)
}

func TestRoundTicks(t *testing.T) {
	for _, tt := range []struct {
		low, high float64
		want      string
	}{
		{0, 2000, "0 500 1000 1500 2000"},
		{1.2, 4.3, "1.5 2 2.5 3 3.5 4"},
		{0, 1e6, "0 200000 400000 600000 800000 1000000"},
		{-1, 1, "-1 -0.5 0 0.5 1"},
	} {
		var labels []string
		for _, tick := range roundTicks(tt.low, tt.high) {
			labels = append(labels, tick.Label)
		}
		assert.Equal(t, tt.want, strings.Join(labels, " "))
	}
}

func TestStepTicks(t *testing.T) {
	for _, tt := range []struct {
		low, high float64
		want      string
	}{
		{49, 51, "49 50 51"},
		{0, 2000, "0 500 1000 1500 2000"},
		{0, 4e5, "0 100k 200k 300k 400k"},
		{0, 2e6, "0 0.5M 1M 1.5M 2M"},
	} {
		var labels []string
		for _, tick := range stepTicks(tt.low, tt.high) {
			labels = append(labels, tick.Label)
		}
		assert.Equal(t, tt.want, strings.Join(labels, " "))
	}
}

// No dot of a curve is in the rows of the legend, wherever the curves go; a name of any length
// fits into the picture.
func TestLegendIsBelowTheCurves(t *testing.T) {
	for name, at := range map[string]func(x float64) float64{
		"falling": func(x float64) float64 { return -x }, "rising": func(x float64) float64 { return x }, "flat": func(float64) float64 { return 0 },
	} {
		var train, valid plotter.XYs
		for i := range 200 {
			train = append(train, plotter.XY{X: float64(i), Y: at(float64(i))})
			valid = append(valid, plotter.XY{X: float64(i), Y: at(float64(i)) + 20})
		}
		p, err := lossPlot(train, valid)
		require.NoError(t, err)
		with, without := vgimg.New(curveWidth, curveHeight), vgimg.New(curveWidth, curveHeight)
		p.drawInside(draw.New(with))
		p.legend = nil
		p.drawInside(draw.New(without))
		below := int((curveHeight - curveMargin - legendRow).Dots(without.DPI()))
		white, differ := true, 0
		size := without.Image().Bounds().Max
		for y := range size.Y {
			for x := range size.X {
				a, b := with.Image().At(x, y), without.Image().At(x, y)
				if a != b {
					differ++
					assert.GreaterOrEqual(t, y, below-2, name)
				}
				r, g, bl, _ := b.RGBA()
				white = white && (y < below+4 || r+g+bl == 3*0xffff)
			}
		}
		assert.True(t, white, "%s: nothing but the legend is there", name)
		assert.Greater(t, differ, 500, name)
	}
	p, err := lossPlot(nil, plotter.XYs{{X: 1, Y: 1}})
	require.NoError(t, err)
	assert.Equal(t, "gpt-opticks-1", p.fit("gpt-opticks-1"))
	size := p.Title.TextStyle.Font.Size
	long := strings.Repeat("gpt-", 32)
	assert.Equal(t, long, p.fit(long), "in a smaller font")
	assert.Less(t, p.Title.TextStyle.Font.Size, size)
	cut := p.fit(strings.Repeat("唐诗-gpt-", 100))
	assert.True(t, strings.HasSuffix(cut, "…"))
	assert.LessOrEqual(t, p.Title.TextStyle.Width(cut), curveWidth)
}
