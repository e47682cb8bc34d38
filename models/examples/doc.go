// Package examples has three research models, each a variation of a model of package models in
// one file, without ops of Gorgonia. Importing the package registers them.
package examples
