// Command gemm writes the matrix-product micro-kernels of package kernel.
package main

func main() {}
