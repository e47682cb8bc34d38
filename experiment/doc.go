// Package experiment answers what a researcher asks after an edit: whether it is right, where
// its time goes, and whether it is better.
package experiment
