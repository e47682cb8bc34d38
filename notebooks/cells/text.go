package main

import (
	"fmt"
	"strings"
)

// block is a cell: code, or prose in two languages.
type block struct {
	code, english, chinese string
	line                   int // line of the text at which it begins
}

// The lines that separate cells and languages.
const (
	opens  = "```go"
	closes = "```"
	inZh   = "<!-- 中文 -->"
)

// parser splits a text into blocks.
type parser struct {
	blocks []block
	now    block   // the current block
	part   *string // field of now that lines are appended to
}

// parse splits a text into cells. A code block that is not closed, and prose in one language
// only, are errors.
func parse(text string) ([]block, error) {
	p := parser{now: block{line: 1}}
	p.part = &p.now.english
	for i, line := range strings.Split(text, "\n") {
		code := p.part == &p.now.code
		switch {
		case !code && line == opens || code && line == closes:
			if err := p.end(i + 1); err != nil {
				return nil, err
			}
			if !code {
				p.part = &p.now.code
			}
		case !code && line == inZh:
			p.part = &p.now.chinese
		default:
			*p.part += line + "\n"
		}
	}
	if p.part == &p.now.code {
		return nil, fmt.Errorf("line %d: the code block is not closed", p.now.line)
	}
	return p.blocks, p.end(0)
}

// end appends the current block unless it is empty, and starts the next one at line.
func (p *parser) end(line int) error {
	b := &p.now
	b.code = strings.Trim(b.code, "\n")
	b.english, b.chinese = strings.TrimSpace(b.english), strings.TrimSpace(b.chinese)
	if (b.english == "") != (b.chinese == "") {
		return fmt.Errorf("line %d: the prose is in one language only: put the Chinese after a line %s", b.line, inZh)
	}
	if b.code+b.english != "" {
		p.blocks = append(p.blocks, *b)
	}
	p.now = block{line: line}
	p.part = &p.now.english
	return nil
}
