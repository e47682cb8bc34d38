package task

import (
	"fmt"
	"math"
	"slices"
)

// encodedTurn is a turn as tokens.
type encodedTurn struct {
	role int // an index of Format.roles
	ids  []int
}

// isTarget reports whether turn i of a dialogue is a target: it is not the first, and its speaker is
// that of data.reply, if that is set.
func (f *Format) isTarget(turns []encodedTurn, i int) bool {
	return i > 0 && (f.reply < 0 || turns[i].role == f.reply)
}

// dialogueSamples returns the samples of a dialogue, in which each target turn occurs once as a
// target. A decoder-only model gets windows of turns that fit the context, and the earlier turns that
// fit into half of it as context.
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
		if s := f.windowSample(turns, begin, next, end); hasTargets(s.Targets) {
			samples = append(samples, s)
		}
		next = end
	}
	return samples
}

// replySamples returns a sample for each target turn; its source is the last turns before it that fit.
func (f *Format) replySamples(turns []encodedTurn) []Sample {
	var samples []Sample
	for i, t := range turns {
		if f.isTarget(turns, i) {
			samples = append(samples, f.answerSample(f.history(turns[:i]), f.roles[t.role].token, t.ids))
		}
	}
	return samples
}

// windowSample returns turns begin to end−1 as one sequence. Of the turns from next on the target
// turns are targets; those before next are context only.
func (f *Format) windowSample(turns []encodedTurn, begin, next, end int) Sample {
	var s Sample
	for i := begin; i < end; i++ {
		all := f.turnTokens(turns[i])
		cut := len(all) < len(turns[i].ids)+2
		for k, id := range all {
			target := -1
			if k+1 < len(all) && i >= next && f.isTarget(turns, i) && !(cut && k+2 == len(all)) {
				target = all[k+1]
			}
			s.Tokens, s.Targets = append(s.Tokens, id), append(s.Targets, target)
		}
		s.Cut = s.Cut || cut
	}
	n := len(s.Tokens) - 1 // no token follows the last end
	s.Tokens, s.Targets = s.Tokens[:n], s.Targets[:n]
	return s
}

// turnTokens returns the role token, the text and the end token. A turn is truncated such that two fit
// into the context.
func (f *Format) turnTokens(t encodedTurn) []int {
	ids := t.ids
	if limit := f.turnLimit(); limit > 0 && len(ids)+2 > limit {
		ids = ids[:max(0, limit-2)]
	}
	all := append([]int{f.roles[t.role].token}, ids...)
	return append(all, f.end)
}

// turnLimit returns the maximal number of tokens of a turn, 0 for no limit.
func (f *Format) turnLimit() int {
	limit := f.Limit
	if most := f.config.MaxSource; most > 0 && (limit == 0 || most < limit) {
		limit = most
	}
	return limit / 2
}

// turnsSize returns the number of tokens of turns, special tokens included.
func (f *Format) turnsSize(turns []encodedTurn) int {
	n := 0
	for _, t := range turns {
		n += len(f.turnTokens(t))
	}
	return n
}

// history returns the tokens of the last turns, as many as fit whole.
func (f *Format) history(turns []encodedTurn) []int {
	return f.tokensOf(f.lastTurns(turns, f.historyLimit()))
}

// promptTurns returns the turns of a dialogue that a prompt has: the last ones that fit whole, after the
// instructions which it begins with, if they fit beside the last turn.
func (f *Format) promptTurns(turns []encodedTurn) []encodedTurn {
	n := 0
	for n < len(turns)-1 && f.instructs(turns[n].role) {
		n++
	}
	rest := f.lastTurns(turns[n:], f.historyLimit()-f.turnsSize(turns[:n]))
	if n == 0 || len(rest) == 0 {
		return f.lastTurns(turns, f.historyLimit())
	}
	return slices.Concat(turns[:n], rest)
}

// turnsNote says how many turns of a dialogue a prompt leaves out; "" if none.
func (f *Format) turnsNote(fields []string) string {
	turns, _, err := f.parseTurns(fields)
	if err != nil {
		return "" // Prompt and Source return it
	}
	read := f.promptTurns(turns)
	if len(read) == len(turns) {
		return ""
	}
	return fmt.Sprintf("the dialogue has %d turns (%d tokens), of which the model reads %d: at most %d tokens", len(turns), f.turnsSize(turns), len(read), f.historyLimit())
}

// historyLimit returns the most tokens of a history.
func (f *Format) historyLimit() int {
	if limit := f.sourceLimit(); limit > 0 {
		return limit
	}
	return math.MaxInt
}

// lastTurns returns the last turns, as many as have at most so many tokens.
func (f *Format) lastTurns(turns []encodedTurn, limit int) []encodedTurn {
	begin := len(turns)
	for begin > 0 && f.turnsSize(turns[begin-1:]) <= limit {
		begin--
	}
	return turns[begin:]
}

func (f *Format) tokensOf(turns []encodedTurn) (all []int) {
	for _, t := range turns {
		all = append(all, f.turnTokens(t)...)
	}
	return all
}

// hasTargets reports whether there is any target.
func hasTargets(targets []int) bool {
	for _, target := range targets {
		if target >= 0 {
			return true
		}
	}
	return false
}
