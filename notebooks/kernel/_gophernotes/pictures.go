package main

import (
	"encoding/base64"
	"reflect"
)

// A value with SVG() string is shown as an HTML image, and so is display.SVG: a notebook that is
// not trusted shows no SVG elements, and nbconvert removes them, but both show images. A value that
// also has HTML() string keeps its own HTML.
func init() {
	autoRenderers["SVGer"] = func(d Data, i interface{}) Data {
		svg, isSVG := i.(SVGer)
		if _, hasHTML := i.(HTMLer); isSVG && !hasHTML {
			d.Data = ensure(d.Data)
			d.Data[MIMETypeHTML] = svgImage(svg.SVG())
		}
		return d
	}
	display.Binds["SVG"] = reflect.ValueOf(func(svg string) Data {
		return Data{Data: MIMEMap{MIMETypeHTML: svgImage(svg)}}
	})
}

// svgImage returns an HTML image of an SVG.
func svgImage(svg string) string {
	return `<img src="data:image/svg+xml;base64,` + base64.StdEncoding.EncodeToString([]byte(svg)) + `">`
}
