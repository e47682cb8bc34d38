// Package browser generates text in a tab of a browser. Write writes what a generator is made
// of as files that a web server serves as they are, and Open reads them. A Session answers
// the messages of a page; Main, which is for GOOS=js alone, connects one to the worker thread
// that the program runs in.
//
// The files are read from a directory, which in a browser is one in memory (serving/page). The
// package imports neither training nor data, so that the program has little that it does not
// need; it is built with -tags browser, which leaves out fonts, plots and Parquet too.
package browser
