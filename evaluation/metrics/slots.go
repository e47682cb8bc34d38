package metrics

import (
	"slices"
	"strings"
)

// orderWords are what an order of coffee is made of: drinks, sizes and extras. A name of two words is one
// value; what follows "=" is another spelling of it.
var orderWords = map[string]string{
	"drink": "latte|mocha|cappuccino|cortado|macchiato|americano|espresso|steamer|cold brew=coldbrew|chai|matcha|flat white|frappuccino|" +
		"drip coffee=drip|earl grey|english breakfast|oolong|herbal tea=herbal|black tea|green tea|peppermint tea|peppermint rose",
	"size": "small|medium|large|short|tall|grande|venti|single|double|triple|quadruple=quad|8 oz|12 oz|16 oz|20 oz",
	"extra": "oat=oatmilk|almond|soy|coconut|whole milk|non fat=nonfat=skim|2 milk|lactose free|half and half|vanilla|caramel|hazelnut|chocolate|" +
		"lavender|ginger|cinnamon|pumpkin|honey|sugar|sugar free|sweetener|splenda|stevia|cream|foam|decaf=decaffeinated|iced|hot",
}

// orderValues are the names of orderWords by their spellings, each as words.
var orderValues = func() map[string]string {
	all := map[string]string{}
	for slot, list := range orderWords {
		for value := range strings.SplitSeq(list, "|") {
			names := strings.Split(value, "=")
			for _, n := range names {
				all[n] = slot + ":" + names[0]
			}
		}
	}
	return all
}()

// notSizes are words after which a size is none, as in "a large variety".
var notSizes = []string{"variety", "selection", "number", "range", "while", "time", "moment"}

// OrderSlots returns the different drinks, sizes and extras that an English text names, sorted, such as
// "drink:latte", "extra:oat" and "size:large". Of spellings that overlap the longest counts, plurals count as their
// singulars.
func OrderSlots(text string) []string {
	words := Words(text)
	var found []string
	for i := 0; i < len(words); {
		value, n := orderValue(words[i:])
		if n == 0 {
			i++
			continue
		}
		i += n
		isSize := strings.HasPrefix(value, "size:") && i < len(words) && slices.Contains(notSizes, words[i])
		if !isSize && !slices.Contains(found, value) {
			found = append(found, value)
		}
	}
	slices.Sort(found)
	return found
}

// orderValue returns the value that words begin with, and the number of its words.
func orderValue(words []string) (value string, n int) {
	for n := min(3, len(words)); n > 0; n-- {
		name := strings.Join(words[:n], " ")
		for _, spelling := range []string{name, strings.TrimSuffix(name, "s"), strings.TrimSuffix(name, "es")} {
			if value, ok := orderValues[spelling]; ok {
				return value, n
			}
		}
	}
	return "", 0
}

// OrderCounts say how the values that an answer names agree with an order.
type OrderCounts struct {
	Named   int  // values that the answer names
	Right   int  // of them, those that the dialogue before or the reference names
	Wanted  int  // values that the reference repeats of the dialogue
	Said    int  // of them, those that the answer names
	Applies bool // the answer names a value, or should
	Success bool // it applies, all that is named is right, and all that is wanted is said
}

// CountOrder compares the values that an answer names with those asked for in the dialogue before it. An answer may name
// what the reference names too, as the ingredients of a drink; it must name what the reference repeats of the order.
func CountOrder(source, answer string, refs []string) (c OrderCounts) {
	asked, named := OrderSlots(source), OrderSlots(answer)
	allowed := slices.Clone(asked)
	var wanted []string
	for i, ref := range refs {
		for _, v := range OrderSlots(ref) {
			allowed = append(allowed, v)
			if i == 0 && slices.Contains(asked, v) {
				wanted = append(wanted, v)
			}
		}
	}
	c.Named, c.Wanted = len(named), len(wanted)
	for _, v := range named {
		if slices.Contains(allowed, v) {
			c.Right++
		}
	}
	for _, v := range wanted {
		if slices.Contains(named, v) {
			c.Said++
		}
	}
	c.Applies = c.Named > 0 || c.Wanted > 0
	c.Success = c.Applies && c.Right == c.Named && c.Said == c.Wanted
	return c
}
