// Package experiment has the tools of research on models: Check proves an edited model right.
package experiment
