// Package draw makes pictures for people who look inside models: expression graphs,
// tables of parameters, heat maps of attention and of gates, curves. A picture is a value
// with a method SVG, which notebooks call when it is the last value of a cell. No font of
// the system is needed for Chinese.
//
// It stands beside layers because it draws what Build made: it knows graphs and the paths
// of layers, and nothing of models, data or training, which may all use it.
package draw
