// Package examples holds models as a researcher would write them: three edits of the
// models of package models, each in one file and without an op of Gorgonia's own. A program
// that imports this package has them in its registry.
package examples
