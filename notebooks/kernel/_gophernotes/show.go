package main

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/cosmos72/gomacro/xreflect"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
)

// Lengths at which texts of values are abridged.
const (
	longSlice = 60    // elements
	longText  = 10000 // bytes
)

// displayed is a value that has a display id: a later display of the same cell with the same id
// replaces it.
type displayed interface{ DisplayID() string }

// show publishes a value of any type: as a picture if it has a method such as SVG or HTML, else
// as text.
func (receipt *msgReceipt) show(value interface{}) error {
	data := picture(value)
	if data.Data == nil {
		data = Data{Data: MIMEMap{MIMETypeText: text(value)}}
	}
	if x, ok := value.(displayed); ok {
		data.Transient = merge(data.Transient, MIMEMap{"display_id": x.DisplayID()})
	}
	kind := "display_data"
	if id, ok := data.Transient["display_id"].(string); ok && !current.first(id) {
		kind = "update_display_data"
	}
	return receipt.Publish(kind, map[string]interface{}{
		"data": data.Data, "metadata": ensure(data.Metadata), "transient": ensure(data.Transient)})
}

// picture returns the value as data with a MIME type, or no data if it is to be shown as text.
func picture(value interface{}) Data {
	var kernel *Kernel // only methods of compiled types
	if p, ok := value.(*plot.Plot); ok && p != nil {
		writer, err := p.WriterTo(5*vg.Inch, 3*vg.Inch, "svg")
		if err != nil {
			return makeDataErr(err)
		}
		value = writer
	}
	if kernel.canAutoRender(value, nil) {
		return kernel.autoRender("", value, nil)
	}
	if writer, ok := value.(io.WriterTo); ok {
		var buf bytes.Buffer
		if _, err := writer.WriteTo(&buf); err == nil && bytes.Contains(buf.Bytes(), []byte("<svg")) {
			return Data{Data: MIMEMap{MIMETypeHTML: svgImage(buf.String())}}
		}
	}
	return Data{}
}

// plain adds the text of a value with a method String to its picture: no other values have a
// text beside their picture.
func plain(data Data, value interface{}) Data {
	if s, ok := value.(fmt.Stringer); ok && data.Data[MIMETypeText] == nil {
		data.Data = ensure(data.Data)
		data.Data[MIMETypeText] = s.String()
	}
	return data
}

// texts returns the text of the values of a cell's last expression.
func (kernel *Kernel) texts(vals []interface{}, types []xreflect.Type) string {
	var out []string
	for i, val := range vals {
		if wrap := kernel.ir.Comp.Printer(types[i]); wrap != nil {
			val = wrap(xreflect.ValueOf(val)).Interface()
		}
		out = append(out, text(val))
	}
	return strings.Join(out, " ")
}

// text returns a value as fmt.Sprint does, and abridges slices and long texts.
func text(value interface{}) string {
	switch value.(type) {
	case fmt.Formatter, fmt.Stringer, error:
		return cut(fmt.Sprint(value))
	}
	v := reflect.ValueOf(value)
	if k := v.Kind(); k != reflect.Slice && k != reflect.Array || v.Len() <= longSlice {
		return cut(fmt.Sprint(value))
	}
	var b strings.Builder
	b.WriteString("[")
	for i := 0; i < 20; i++ {
		fmt.Fprintf(&b, "%s ", text(v.Index(i).Interface()))
	}
	b.WriteString("…")
	for i := v.Len() - 3; i < v.Len(); i++ {
		fmt.Fprintf(&b, " %s", text(v.Index(i).Interface()))
	}
	fmt.Fprintf(&b, "] (%d elements)", v.Len())
	return cut(b.String())
}

// cut shortens a long text.
func cut(s string) string {
	if len(s) <= longText {
		return s
	}
	return strings.ToValidUTF8(s[:longText/2], "") + fmt.Sprintf(" … (%d bytes)", len(s))
}
