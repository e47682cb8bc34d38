package plottext

import (
	"image"
	"image/color"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/recorder"
	"gonum.org/v1/plot/vg/vgimg"
)

var sans12 = font.From(plot.DefaultFont, 12)

func TestMissing(t *testing.T) {
	m := New()
	assert.Empty(t, m.Missing("GPT, café: 春眠不覺曉，処処。\u3000《训练》", sans12))
	assert.Equal(t, "𠀀😀", m.Missing("𠀀a😀𠀀", sans12))
}

// A Chinese character is one em wide; characters of the plot's font have their width in it.
func TestBox(t *testing.T) {
	m := New()
	width, height, depth := m.Box("春GPT眠", sans12)
	latin, h, d := m.Plain.Box("GPT", sans12)
	assert.InDelta(t, 24+float64(latin), float64(width), 1e-9)
	assert.Equal(t, h, height)
	assert.Equal(t, d, depth)
}

// At 12 points and 72 DPI each pixel of the font is one dot, neither lost nor blurred; 中 is
// symmetric about its vertical stroke.
func TestDrawPixels(t *testing.T) {
	img := render("中", 0)
	ink := image.Rectangle{}
	var dots int
	for y := range 40 {
		for x := range 40 {
			if dark(img, x, y) {
				ink = ink.Union(image.Rect(x, y, x+1, y+1))
				dots++
			}
		}
	}
	want := 0
	pixels('中', func(x0, x1, _ int) { want += x1 - x0 })
	require.Positive(t, want)
	assert.Equal(t, want, dots)
	assert.LessOrEqual(t, ink.Dx(), 12)
	assert.GreaterOrEqual(t, ink.Dy(), 9)
	for y := ink.Min.Y; y < ink.Max.Y; y++ {
		for x := ink.Min.X; x < ink.Max.X; x++ {
			assert.Equal(t, dark(img, x, y), dark(img, ink.Min.X+ink.Max.X-1-x, y), "(%d, %d)", x, y)
		}
	}
}

// Text rotated by a quarter turn equals the rotated picture of the text.
func TestDrawTurned(t *testing.T) {
	flat, turned := render("字", 0), render("字", math.Pi/2)
	for y := range 40 {
		for x := range 40 {
			require.Equal(t, dark(flat, x, y), dark(turned, y, 39-x), "(%d, %d)", x, y)
		}
	}
}

// render returns a picture of 40 by 40 dots with s in the centre.
func render(s string, rotation float64) image.Image {
	c := vgimg.NewWith(vgimg.UseWH(40, 40), vgimg.UseDPI(72))
	sty := text.Style{Color: color.Black, Font: sans12, Rotation: rotation}
	New().Draw(c, s, sty, vg.Point{X: 20, Y: 20})
	return c.Image()
}

func dark(img image.Image, x, y int) bool {
	return color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y < 128
}

func TestAsTextIsOnePiece(t *testing.T) {
	m := New()
	m.AsText = true
	sty := text.Style{Color: color.Black, Font: sans12, XAlign: text.XCenter}
	var c recorder.Canvas
	m.Draw(&c, "唐诗 GPT", sty, vg.Point{})
	var strings []string
	for _, a := range c.Actions {
		if f, ok := a.(*recorder.FillString); ok {
			strings = append(strings, f.String)
			width, _, _ := m.Box("唐诗 GPT", sans12)
			assert.InDelta(t, -float64(width)/2, float64(f.Point.X), 1e-9)
		}
	}
	assert.Equal(t, []string{"唐诗 GPT"}, strings)
}

// A character that no font has is drawn as an empty square.
func TestBoxForMissing(t *testing.T) {
	var fills int
	box(func(x0, x1, y int) {
		assert.True(t, 0 <= x0 && x0 < x1 && x1 <= emPixels && -emPixels <= y && y < 0)
		fills += x1 - x0
	})
	assert.Equal(t, 4*10-4, fills)
}
