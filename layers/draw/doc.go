// Package draw draws the inside of models: expression graphs, tables of parameters, heat maps of
// attention and of gates, curves. A picture has a method SVG, which notebooks call on the last
// value of a cell. Chinese labels need no system font.
//
// It depends on package graph only, not on models, data or training, which all may use it.
package draw
