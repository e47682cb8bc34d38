//go:build amd64 || arm64

package mpi

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unsafe"

	"github.com/ebitengine/purego"
)

// library is an open MPI library.
type library struct {
	abi
	name, version string

	initThread, finalize, abort            uintptr
	setErrhandler, errorString, getVersion uintptr
	commRank, commSize                     uintptr
	barrier, bcast, allgatherv, allreduce  uintptr // begin a collective, and return at once
	send, receive                          uintptr // the same
	test                                   uintptr // asks whether a call is complete
}

// openLibrary opens the first of the named libraries that exists. Its symbols are global:
// plug-ins of some builds of Open MPI are not linked to the library that loads them.
func openLibrary(names []string) (*library, error) {
	var reasons []string
	for _, name := range names {
		handle, err := purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_GLOBAL)
		if err == nil {
			return bind(name, handle)
		}
		reasons = append(reasons, err.Error())
	}
	return nil, fmt.Errorf("started by an MPI launcher, and no MPI library can be opened (%s): install it (Debian, Ubuntu: apt install libopenmpi3 or libmpich12), or set %s to its path",
		strings.Join(reasons, "; "), LibraryVariable)
}

// bind looks up what is called, and tells the families apart by a symbol.
func bind(name string, handle uintptr) (*library, error) {
	l := &library{name: name, abi: mpichABI}
	if _, err := purego.Dlsym(handle, "ompi_mpi_comm_world"); err == nil {
		if l.abi, err = openMPIABI(handle); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	err := symbols(handle, map[string]*uintptr{
		"MPI_Init_thread": &l.initThread, "MPI_Finalize": &l.finalize, "MPI_Abort": &l.abort,
		"MPI_Comm_set_errhandler": &l.setErrhandler, "MPI_Error_string": &l.errorString, "MPI_Get_library_version": &l.getVersion,
		"MPI_Comm_rank": &l.commRank, "MPI_Comm_size": &l.commSize,
		"MPI_Ibarrier": &l.barrier, "MPI_Ibcast": &l.bcast, "MPI_Iallgatherv": &l.allgatherv, "MPI_Iallreduce": &l.allreduce,
		"MPI_Isend": &l.send, "MPI_Irecv": &l.receive, "MPI_Test": &l.test,
	})
	if err != nil {
		return nil, fmt.Errorf("%s is not an MPI library: %w", name, err)
	}
	l.version = l.readVersion()
	return l, nil
}

// readVersion returns the name and version of the library, as "Open MPI 4.1.4".
func (l *library) readVersion() string {
	text := make([]byte, 8192) // MPI_MAX_LIBRARY_VERSION_STRING of MPICH; Open MPI's is less
	var length int32
	if rc := code(purego.SyscallN(l.getVersion, uintptr(unsafe.Pointer(unsafe.SliceData(text))), uintptr(unsafe.Pointer(&length)))); rc != 0 {
		return l.name
	}
	return versionOf(string(text[:min(max(length, 0), int32(len(text)))]))
}

// versionOf shortens what MPI_Get_library_version says to a name and a number.
func versionOf(text string) string {
	text = strings.TrimRight(text, "\x00")
	first, _, _ := strings.Cut(text, "\n")
	first, _, _ = strings.Cut(first, ",") // Open MPI v4.1.4, package: …
	fields := strings.Fields(first)
	if len(fields) == 0 {
		return "MPI"
	}
	if len(fields) == 3 && fields[0] == "Open" { // "v4.1.4"
		fields[2] = strings.TrimPrefix(fields[2], "v")
	}
	if len(fields) > 1 && fields[1] == "Version:" { // "MPICH Version:      4.0.2"
		fields = append(fields[:1], fields[2:]...)
	}
	return strings.Join(fields, " ")
}

// err returns the error of a call that has returned rc, or nil.
func (l *library) err(call string, rc int32) error {
	if rc == 0 {
		return nil
	}
	text := make([]byte, 512)
	var length int32
	purego.SyscallN(l.errorString, uintptr(rc), uintptr(unsafe.Pointer(unsafe.SliceData(text))), uintptr(unsafe.Pointer(&length)))
	text, _, _ = bytes.Cut(text, []byte{0})
	return errors.New(call + ": " + strings.Join(strings.Fields(string(text)), " ") + " (" + l.version + ")")
}

// code returns the C int that a call returns.
func code(r1, _, _ uintptr) int32 { return int32(r1) }
