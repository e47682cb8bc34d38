// Package record reads the records of JSON Lines, CSV and Parquet files, plain or compressed: texts, pairs of
// a source and a target, and dialogues. Formats are recognized by content. Files are streamed: memory is
// bounded by the longest record. A record that cannot be read is counted and left out.
package record
