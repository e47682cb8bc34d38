//go:build js

// Command worker is the program of an exported page, with the models of this project. train -export-page
// builds its own, with the package that registers the model of the run.
package main

import (
	"euryale/generation/browser"

	_ "euryale/models"
)

func main() { browser.Main() }
