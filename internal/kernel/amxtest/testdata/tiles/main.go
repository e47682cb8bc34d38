// Tiles is a program with valid and invalid tile instructions.
package main

import (
	"encoding/binary"
	"fmt"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// multiply computes c = A·B, 32×32 with a depth of 32·steps. Rows of A are lda bytes
// apart; rows of B have 32 pairs.
//
//go:noescape
func multiply(config *byte, c *float32, a *uint16, lda int, b *uint16, steps int)

// zeros zeroes a tile n times.
//
//go:noescape
func zeros(config *byte, n int)

func illegal()

type configuration [64]byte

func configured() (c configuration) {
	c[0] = 1
	for n := range 8 {
		c.set(n, 16, 64)
	}
	return c
}

func (c *configuration) set(tile int, rows byte, bytes uint16) {
	c[48+tile] = rows
	binary.LittleEndian.PutUint16(c[16+2*tile:], bytes)
}

var commands = map[string]func(){
	"multiply":     func() { inParallel(8, 40) },
	"child":        child,
	"time":         timed,
	"exit":         func() { os.Exit(3) },
	"killed":       func() { _ = syscall.Kill(os.Getpid(), syscall.SIGKILL); select {} },
	"illegal":      illegal,
	"sent":         sent,
	"palette":      func() { wrong(func(c *configuration) { c[0] = 2 }) },
	"unconfigured": func() { wrong(func(c *configuration) { *c = configuration{} }) },
	"unused":       func() { wrong(func(c *configuration) { c.set(2, 0, 0) }) },
	"dimensions":   func() { wrong(func(c *configuration) { c.set(6, 8, 64) }) },
	"unmapped":     unmapped,
}

func main() {
	if os.Getenv("EURYALE_TEST_AMX") != "1" {
		log.Fatal("EURYALE_TEST_AMX is not 1")
	}
	commands[os.Args[1]]()
}

// product is a matrix product that is exact in float32.
type product struct {
	a, b  []uint16
	c     []float32
	steps int
}

func newProduct(r *rand.Rand, steps int) *product {
	p := &product{make([]uint16, 32*32*steps), make([]uint16, 32*32*steps), make([]float32, 32*32), steps}
	for i := range p.a {
		p.a[i], p.b[i] = small(r), small(r)
	}
	return p
}

// small returns a random integer from -8 to 8, as bfloat16.
func small(r *rand.Rand) uint16 { return uint16(math.Float32bits(float32(r.IntN(17)-8)) >> 16) }

func value(x uint16) float64 { return float64(math.Float32frombits(uint32(x) << 16)) }

func (p *product) run(config *configuration) {
	multiply(&config[0], &p.c[0], &p.a[0], 64*p.steps, &p.b[0], p.steps)
}

func (p *product) check() {
	for i := range 32 {
		for j := range 32 {
			want := 0.0
			for k := range 32 * p.steps {
				want += value(p.a[i*32*p.steps+k]) * value(p.b[k/2*64+2*j+k%2])
			}
			if got := float64(p.c[32*i+j]); got != want {
				log.Fatalf("element (%d, %d) is %v, want %v", i, j, got, want)
			}
		}
	}
}

// inParallel multiplies in many goroutines while the garbage collector runs.
func inParallel(goroutines, rounds int) {
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-done:
				return
			default:
				runtime.GC()
			}
		}
	}()
	var all sync.WaitGroup
	for g := range goroutines {
		all.Go(func() {
			r, config := rand.New(rand.NewPCG(1, uint64(g))), configured()
			if g%2 == 1 { // lock an OS thread, which ends with the goroutine
				runtime.LockOSThread()
			}
			for range rounds {
				p := newProduct(r, 1+r.IntN(3))
				p.run(&config)
				p.check()
			}
		})
	}
	all.Wait()
	close(done)
}

// child multiplies in a child process.
func child() {
	c := exec.Command(os.Args[0], "multiply")
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	inParallel(2, 2)
	if err := c.Run(); err != nil {
		log.Fatal(err)
	}
	inParallel(2, 2)
}

// timed prints the time of an instruction in a sequence of tile instructions, and of a
// single one.
func timed() {
	const steps, n = 200, 2000
	config, p := configured(), newProduct(rand.New(rand.NewPCG(1, 1)), steps)
	start := time.Now()
	p.run(&config)
	inRow := time.Since(start)
	start = time.Now()
	zeros(&config[0], n)
	fmt.Printf("one of eight in a row, half of them products: %v, one alone: %v\n", inRow/(8*steps+10), time.Since(start)/(n+2))
}

// sent handles a SIGILL that was sent, not raised by an instruction.
func sent() {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGILL)
	if err := syscall.Kill(os.Getpid(), syscall.SIGILL); err != nil {
		log.Fatal(err)
	}
	<-c
}

func wrong(change func(*configuration)) {
	config := configured()
	change(&config)
	newProduct(rand.New(rand.NewPCG(1, 1)), 1).run(&config)
	log.Fatal("an invalid instruction was executed")
}

// unmapped multiplies with the last row of A beyond the mapped memory.
func unmapped() {
	page := os.Getpagesize()
	m, err := syscall.Mmap(-1, 0, 2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		log.Fatal(err)
	}
	if err := syscall.Mprotect(m[page:], syscall.PROT_NONE); err != nil {
		log.Fatal(err)
	}
	p, config := newProduct(rand.New(rand.NewPCG(1, 1)), 1), configured()
	multiply(&config[0], &p.c[0], (*uint16)(unsafe.Pointer(&m[page-31*64])), 64, &p.b[0], 1)
	log.Fatal("an invalid instruction was executed")
}
