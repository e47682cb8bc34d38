//go:build amd64 || arm64

package mpi

import (
	"fmt"

	"github.com/ebitengine/purego"

	"euryale/internal/ranks"
)

// abi are the constants that mpi.h of a family defines: handles, and special addresses and
// numbers.
type abi struct {
	world, errorsReturn, byte uintptr
	kinds                     [3]uintptr // by ranks.Kind
	ops                       [3]uintptr // by ranks.Op
	inPlace, statusIgnore     uintptr
}

// mpichABI is that of MPICH 3 and later and its relatives (mpi.h, "MPICH ABI
// Compatibility Initiative").
var mpichABI = abi{
	world: 0x44000000, errorsReturn: 0x54000001, byte: 0x4c00010d,
	kinds:   [3]uintptr{ranks.Float32: 0x4c00040a, ranks.Float64: 0x4c00080b, ranks.Int64: 0x4c00083a},
	ops:     [3]uintptr{ranks.Sum: 0x58000003, ranks.Max: 0x58000001, ranks.Min: 0x58000002},
	inPlace: ^uintptr(0), statusIgnore: 1,
}

// openMPIABI returns that of Open MPI, whose handles are addresses of symbols.
func openMPIABI(handle uintptr) (abi, error) {
	a := abi{inPlace: 1, statusIgnore: 0}
	err := symbols(handle, map[string]*uintptr{
		"ompi_mpi_comm_world": &a.world, "ompi_mpi_errors_return": &a.errorsReturn, "ompi_mpi_byte": &a.byte,
		"ompi_mpi_float": &a.kinds[ranks.Float32], "ompi_mpi_double": &a.kinds[ranks.Float64], "ompi_mpi_int64_t": &a.kinds[ranks.Int64],
		"ompi_mpi_op_sum": &a.ops[ranks.Sum], "ompi_mpi_op_max": &a.ops[ranks.Max], "ompi_mpi_op_min": &a.ops[ranks.Min],
	})
	return a, err
}

// symbols looks up the addresses of symbols.
func symbols(handle uintptr, into map[string]*uintptr) error {
	for name, address := range into {
		var err error
		if *address, err = purego.Dlsym(handle, name); err != nil {
			return fmt.Errorf("no symbol %s", name)
		}
	}
	return nil
}
