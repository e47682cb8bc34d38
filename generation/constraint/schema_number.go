package constraint

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// rational returns a number exactly. Its exponent is limited, so that its digits can be written.
func rational(n json.Number) (*big.Rat, error) {
	const most = 300
	if i := strings.IndexAny(string(n), "eE"); i >= 0 {
		if e, err := strconv.Atoi(string(n)[i+1:]); err != nil || e > most || e < -most {
			return nil, fmt.Errorf("%s: want an exponent from %d to %d", n, -most, most)
		}
	}
	r, ok := new(big.Rat).SetString(string(n))
	if !ok {
		return nil, fmt.Errorf("%s is not a number", n)
	}
	return r, nil
}

// interned numbers the values that are the states of an automaton.
type interned[T comparable] struct {
	ids    map[T]State
	states []T
}

func (i *interned[T]) Reset() { i.ids, i.states = nil, nil }

func (i *interned[T]) state(x T) State {
	if id, ok := i.ids[x]; ok {
		return id
	}
	if i.ids == nil {
		i.ids = map[T]State{}
	}
	id := State(len(i.states))
	i.ids[x] = id
	i.states = append(i.states, x)
	return id
}

// decimalBound accepts the decimal numbers on one side of a bound. It reads what numberSyntax
// accepts.
type decimalBound struct {
	interned[decimalState]
	sign            int    // of the bound
	whole, fraction string // its digits
	allowed         [3]bool
}

// decimalState compares the digits so far with those of the bound.
type decimalState struct {
	negative, nonzero, point bool
	digits                   int // before the point, or after it, as far as the bound has some
	order                    int // of the digits before the point if there are as many, or of all: −1, 0 or 1
}

// newBound returns the automaton of the numbers x for which allowed[1 + sign of (x − bound)].
func newBound(bound *big.Rat, allowed [3]bool) *decimalBound {
	abs := new(big.Rat).Abs(bound)
	scale := 0
	for r := new(big.Rat).Set(abs); !r.IsInt(); scale++ {
		r.Mul(r, big.NewRat(10, 1))
	}
	whole, fraction, _ := strings.Cut(abs.FloatString(scale), ".")
	return &decimalBound{sign: bound.Sign(), whole: whole, fraction: fraction, allowed: allowed}
}

func (b *decimalBound) Start(string) State { return b.state(decimalState{}) }

func (b *decimalBound) Next(s State, c byte) State {
	x := b.states[s]
	switch {
	case c == '-':
		x.negative = true
	case c == '.':
		x.order, x.point, x.digits = b.ofWhole(x), true, 0
	default:
		x.nonzero = x.nonzero || c != '0'
		digits := b.whole
		if x.point {
			digits = b.fraction
		}
		switch {
		case x.order != 0 || x.point && x.digits == len(digits) && c == '0':
		case x.digits < len(digits):
			x.order = sign(int(c) - int(digits[x.digits]))
		case x.point:
			x.order = 1
		}
		x.digits = min(x.digits+1, len(digits)+1)
		if x.point {
			x.digits = min(x.digits, len(digits))
		}
	}
	return b.state(x)
}

// ofWhole compares the digits before the point.
func (b *decimalBound) ofWhole(x decimalState) int {
	if x.digits != len(b.whole) {
		return sign(x.digits - len(b.whole))
	}
	return x.order
}

func (b *decimalBound) Accepts(s State) bool {
	x := b.states[s]
	order := x.order
	switch {
	case !x.point:
		order = b.ofWhole(x)
		if order == 0 && strings.Trim(b.fraction, "0") != "" {
			order = -1
		}
	case order == 0 && strings.Trim(b.fraction[x.digits:], "0") != "":
		order = -1
	}
	own := 0
	if x.nonzero {
		own = 1
		if x.negative {
			own = -1
		}
	}
	switch {
	case own != b.sign:
		order = sign(own - b.sign)
	case own < 0:
		order = -order
	case own == 0:
		order = 0
	}
	return b.allowed[1+order]
}

func sign(x int) int {
	switch {
	case x < 0:
		return -1
	case x > 0:
		return 1
	}
	return 0
}

// multiple accepts the multiples of by/10^decimals.
type multiple struct {
	interned[multipleState]
	by, decimals int
}

type multipleState struct {
	remainder, decimals int
	point               bool
}

// maxMultiple is the greatest numerator of a multipleOf: there are as many remainders.
const maxMultiple = 10000

func newMultiple(of *big.Rat) (*multiple, error) {
	decimals, by := 0, new(big.Rat).Set(of)
	for ; !by.IsInt() && decimals < 20; decimals++ {
		by.Mul(by, big.NewRat(10, 1))
	}
	if by.Sign() <= 0 || !by.IsInt() || by.Num().Cmp(big.NewInt(maxMultiple)) > 0 {
		return nil, fmt.Errorf("multipleOf: want a positive number of at most 20 decimals, and without the point at most %d", maxMultiple)
	}
	return &multiple{by: int(by.Num().Int64()), decimals: decimals}, nil
}

func (m *multiple) Start(string) State { return m.state(multipleState{}) }

func (m *multiple) Next(s State, c byte) State {
	x := m.states[s]
	switch {
	case c == '-':
	case c == '.':
		x.point = true
	case x.point && x.decimals == m.decimals:
		if c != '0' {
			return Dead
		}
	default:
		x.remainder = (x.remainder*10 + int(c-'0')) % m.by
		if x.point {
			x.decimals++
		}
	}
	return m.state(x)
}

func (m *multiple) Accepts(s State) bool {
	x := m.states[s]
	for range m.decimals - x.decimals {
		x.remainder = x.remainder * 10 % m.by
	}
	return x.remainder == 0
}
