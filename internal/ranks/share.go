package ranks

import (
	"context"
	"encoding/json"
	"fmt"
)

// Work is what ranks share out among them: items of different length.
type Work struct {
	Items int
	Side  int // items that this rank works on at once
	// Do works on an item, on one rank, and returns what all others are to know about it.
	Do func(ctx context.Context, item int) (result []byte)
	// Done is called on all ranks, in the same order, when an item is done. An error on one rank ends
	// the work of all.
	Done func(item int, result []byte) error
	// Status describes how far this rank is, and Watch, on every rank, gets what all say; both may be nil.
	Status func() string
	Watch  func(status []string)
}

// finished is an item that is done.
type finished struct {
	Item   int
	Result []byte
}

// shareState is what a rank tells the others.
type shareState struct {
	Finished []finished
	Free     int // items that it can begin
	Ended    bool
	Status   string
}

// sharing is work that is being shared out.
type sharing struct {
	Work
	group   Group
	results chan finished
	waited  []finished // results that wait has received
	busy    int        // items of this rank
	next    int        // the first item that no rank has begun
	left    int        // items that some rank works on
}

// Share has the ranks do all items of work, each on the rank that is free first. When the context of
// one rank ends, no item begins any more, that of all items under way ends, and all ranks return
// context.Canceled once they have. Do must call no collective.
func Share(ctx context.Context, g Group, w Work) error {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &sharing{Work: w, group: g, results: make(chan finished, w.Side)}
	ended := false
	var failed error
	for p := newPolls(); ; s.wait(p) {
		all, err := s.exchange(ctx)
		if err != nil {
			return err
		}
		for _, rank := range all {
			ended = ended || rank.Ended
		}
		err = s.collect(all)
		if failed == nil {
			failed = err
		}
		if ended || failed != nil {
			cancel()
		} else {
			s.begin(inner, all)
		}
		switch {
		case s.left > 0:
		case ended:
			return context.Canceled
		case failed != nil || s.next == s.Items:
			return failed
		}
	}
}

// wait returns when it is time for the next exchange: a rank that is alone waits for a result.
func (s *sharing) wait(p polls) {
	if s.group.Size() > 1 {
		p.sleep()
	} else {
		s.waited = append(s.waited, <-s.results)
	}
}

// exchange gathers what the ranks have to say, by rank.
func (s *sharing) exchange(ctx context.Context) ([]shareState, error) {
	mine := shareState{Ended: ctx.Err() != nil, Finished: s.waited}
	for s.waited = nil; len(s.results) > 0; {
		mine.Finished = append(mine.Finished, <-s.results)
	}
	s.busy -= len(mine.Finished)
	mine.Free = s.Side - s.busy
	if s.Status != nil {
		mine.Status = s.Status()
	}
	text, err := json.Marshal(mine)
	if err != nil {
		return nil, err
	}
	texts, err := Gather(s.group, text)
	if err != nil {
		return nil, err
	}
	all, status := make([]shareState, len(texts)), make([]string, len(texts))
	for r, text := range texts {
		if err := json.Unmarshal(text, &all[r]); err != nil {
			return nil, fmt.Errorf("what rank %d has done: %w", r, err)
		}
		status[r] = all[r].Status
	}
	if s.Watch != nil {
		s.Watch(status)
	}
	return all, nil
}

// collect passes on what was done. All ranks have the same error.
func (s *sharing) collect(all []shareState) error {
	var failed error
	n := 0
	for _, rank := range all {
		for _, f := range rank.Finished {
			n++
			if failed == nil {
				failed = s.Done(f.Item, f.Result)
			}
		}
	}
	s.left -= n
	if n == 0 {
		return nil
	}
	return Agree(s.group, failed)
}

// begin gives each rank the next items, as many as it can begin, one after the other.
func (s *sharing) begin(ctx context.Context, all []shareState) {
	for given := true; given; {
		given = false
		for r := range all {
			if all[r].Free == 0 || s.next == s.Items {
				continue
			}
			if r == s.group.Rank() {
				s.busy++
				go func(item int) { s.results <- finished{item, s.Do(ctx, item)} }(s.next)
			}
			all[r].Free--
			s.next++
			s.left++
			given = true
		}
	}
}
