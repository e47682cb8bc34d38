// Package experiment is the research loop around an edit of a model: where the time and memory
// of its steps go.
package experiment
