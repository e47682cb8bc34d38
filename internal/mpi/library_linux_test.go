//go:build amd64 || arm64

package mpi

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestVersionOf(t *testing.T) {
	for text, want := range map[string]string{
		"Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4, repo rev: v4.1.4, May 26, 2022\x00": "Open MPI 4.1.4",
		"MPICH Version:      4.0.2\nMPICH Release date: Thu Apr  7 12:34:45 CDT 2022\n":              "MPICH 4.0.2",
		"Intel(R) MPI Library 2021.9 for Linux* OS\n":                                                "Intel(R) MPI Library 2021.9 for Linux* OS",
		"": "MPI",
	} {
		assert.Equal(t, want, versionOf(text))
	}
}
