package task

// encodedTurn is a turn as tokens.
type encodedTurn struct {
	role int // an index of Format.roles
	ids  []int
}

// learned tells whether the model is asked for turn i of a dialogue: it answers something, and its
// speaker is one to imitate.
func (f *Format) learned(turns []encodedTurn, i int) bool {
	return i > 0 && (f.reply < 0 || turns[i].role == f.reply)
}

// dialogueSamples lays out a dialogue for the model's shape. Every learned turn is asked for once.
func (f *Format) dialogueSamples(turns []encodedTurn) []Sample {
	if f.config.Encoder {
		return f.replySamples(turns)
	}
	var samples []Sample
	for next := 0; next < len(turns); {
		begin := next
		for begin > 0 && f.turnsSize(turns[begin-1:next]) <= f.Limit/2 {
			begin--
		}
		end := next + 1
		for end < len(turns) && f.turnsSize(turns[begin:end+1]) <= f.Limit+1 {
			end++
		}
		if s := f.windowSample(turns, begin, next, end); asks(s.Targets) {
			samples = append(samples, s)
		}
		next = end
	}
	return samples
}

// replySamples has one sample for each learned turn: the source is what was said before, cut from
// the left by whole turns.
func (f *Format) replySamples(turns []encodedTurn) []Sample {
	var samples []Sample
	for i, t := range turns {
		if f.learned(turns, i) {
			samples = append(samples, f.answerSample(f.history(turns[:i]), f.roles[t.role].token, t.ids))
		}
	}
	return samples
}

// windowSample is turns begin to end as one sequence; those from next on are asked for if they are
// to be learned, those before are there as context.
func (f *Format) windowSample(turns []encodedTurn, begin, next, end int) Sample {
	var s Sample
	for i := begin; i < end; i++ {
		all := f.turnTokens(turns[i])
		cut := len(all) < len(turns[i].ids)+2
		for k, id := range all {
			target := -1
			if k+1 < len(all) && i >= next && f.learned(turns, i) && !(cut && k+2 == len(all)) {
				target = all[k+1]
			}
			s.Tokens, s.Targets = append(s.Tokens, id), append(s.Targets, target)
		}
		s.Cut = s.Cut || cut
	}
	n := len(s.Tokens) - 1 // nothing follows the last end
	s.Tokens, s.Targets = s.Tokens[:n], s.Targets[:n]
	return s
}

// turnTokens is role, text, end. A turn is cut so that two fit into the context.
func (f *Format) turnTokens(t encodedTurn) []int {
	ids := t.ids
	if room := f.turnRoom(); room > 0 && len(ids)+2 > room {
		ids = ids[:max(0, room-2)]
	}
	all := append([]int{f.roles[t.role].token}, ids...)
	return append(all, f.end)
}

// turnRoom is how many tokens a turn may take, 0 for any number.
func (f *Format) turnRoom() int {
	room := f.Limit
	if most := f.config.MaxSource; most > 0 && (room == 0 || most < room) {
		room = most
	}
	return room / 2
}

// turnsSize counts the tokens of turns.
func (f *Format) turnsSize(turns []encodedTurn) int {
	n := 0
	for _, t := range turns {
		n += len(f.turnTokens(t))
	}
	return n
}

// history is the last turns, as many whole ones as there is room for.
func (f *Format) history(turns []encodedTurn) []int {
	begin, room := len(turns), f.sourceRoom()
	for begin > 0 && (room == 0 || f.turnsSize(turns[begin-1:]) <= room) {
		begin--
	}
	var all []int
	for _, t := range turns[begin:] {
		all = append(all, f.turnTokens(t)...)
	}
	return all
}

// asks tells whether any target is asked for.
func asks(targets []int) bool {
	for _, target := range targets {
		if target >= 0 {
			return true
		}
	}
	return false
}
