package kernel

// builtinTiers is the built-in tier once for each instruction set there is.
func builtinTiers() []*tier {
	defer func(was bool) { hasAVX512 = was }(hasAVX512)
	var list []*tier
	if hasAVX512 {
		list = append(list, builtinTier())
	}
	hasAVX512 = false
	if hasAVX2 {
		list = append(list, builtinTier())
	}
	return list
}
