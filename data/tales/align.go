package tales

import "strings"

// Span is a part of a text, from byte From to byte To−1.
type Span struct{ From, To int }

// Overlaps reports whether two parts have a byte in common.
func (s Span) Overlaps(o Span) bool { return s.From < o.To && o.From < s.To }

// Link joins the parts of a sentence and of its translation that mean the same.
type Link struct{ En, Zh Span }

// Aligned is a sentence with its translation, and what is known of their alignment: the parts that come from
// the same slot. All else, such as an article or 的, may be aligned with anything.
type Aligned struct {
	En, Zh string
	Links  []Link
}

// Aligned returns the sentences of the tale.
func (t *Tale) Aligned() (all []Aligned) {
	for _, l := range t.plot.lines {
		if l.level > t.level {
			continue
		}
		a := Aligned{}
		var en, zh []filled
		a.En, en = fillSlots(l.en, t.en)
		a.Zh, zh = fillSlots(l.zh, t.zh)
		for _, e := range en {
			for _, z := range zh {
				if e.slot == z.slot {
					a.Links = append(a.Links, Link{e.at, z.at})
				}
			}
		}
		all = append(all, a)
	}
	return all
}

// filled is the place of a slot's value in a text.
type filled struct {
	slot string // without the marks of articles and capitals
	at   Span
}

// plainSlot returns the name of a slot without an article or a capital: "{A colour}" is filled as "{colour}".
func plainSlot(slot string) string {
	return strings.TrimPrefix(strings.ToLower(slot[:1])+slot[1:], "a ")
}
