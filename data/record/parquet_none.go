//go:build browser

package record

import "errors"

// parquetRows is left out of programs for a browser: the Parquet package makes them larger by a third.
type parquetRows struct{ rows }

func newParquetRows(string) (*parquetRows, error) {
	return nil, errors.New("this program, built with -tags browser, reads no Parquet files")
}
