package main

import (
	"fmt"
	"math/rand/v2"
	"os"

	"euryale/layers/graph"
	"euryale/models"
	"euryale/training"
)

func main() {
	for _, dir := range os.Args[1:] {
		s, err := training.Open(dir, true)
		if err != nil {
			panic(err)
		}
		g, err := s.Generator()
		if err != nil {
			panic(err)
		}
		fmt.Println(dir)
		const B = 64
		for _, n := range []int{16} {
			T := 2 * n
			p, err := models.Score(g.Model, g.Weights, graph.Frame{B: B, T: T}, "h0/att/weights", "h1/att/weights")
			if err != nil {
				panic(err)
			}
			rng := rand.New(rand.NewPCG(1, 2))
			f := graph.Feed{Tokens: make([]int, B*T), Targets: make([]int, B*T)}
			for b := range B {
				perm := rng.Perm(52)
				for i := range n {
					f.Tokens[b*T+i] = 1 + perm[i]
					f.Tokens[b*T+n+i] = 1 + perm[i]
				}
				for i := range T - 1 {
					f.Targets[b*T+i] = f.Tokens[b*T+i+1]
				}
				f.Targets[b*T+T-1] = -1
			}
			if err := p.Run(f); err != nil {
				panic(err)
			}
			for _, l := range []string{"h0/att/weights", "h1/att/weights"} {
				w := p.Value(l)
				H := len(w) / (B * T * T)
				for h := range H {
					var ind, prev, dup float64
					for b := range B {
						for i := range T {
							row := w[((b*T+i)*H+h)*T:][:T]
							if i > 0 {
								prev += float64(row[i-1]) / float64(B*(T-1))
							}
							if i >= n {
								ind += float64(row[i-n+1]) / float64(B*n)
								dup += float64(row[i-n]) / float64(B*n)
							}
						}
					}
					fmt.Printf("%d %s %d: ind %.3f prev %.3f dup %.3f\n", n, l, h, ind, prev, dup)
				}
			}
			losses := p.Value("losses")
			var a, b2 float64
			for b := range B {
				for i := range T - 1 {
					if i < n-1 {
						a += float64(losses[b*T+i]) / float64(B*(n-1))
					} else if i >= n {
						b2 += float64(losses[b*T+i]) / float64(B*(n-1))
					}
				}
			}
			fmt.Printf("%d first %.3f second %.3f\n", n, a, b2)
		}
	}
}

func init() {
	s, err := training.Open(os.Args[1], true)
	if err != nil {
		panic(err)
	}
	g, err := s.Generator()
	if err != nil {
		panic(err)
	}
	const B, n, V = 64, 16, 53
	T := 2 * n
	p, err := models.Score(g.Model, g.Weights, graph.Frame{B: B, T: T})
	if err != nil {
		panic(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	f := graph.Feed{Tokens: make([]int, B*T), Targets: make([]int, B*T)}
	for b := range B {
		l := rng.IntN(52)
		for i := range n {
			if l = (l + 1) % 52; rng.IntN(3) > 0 {
				l = rng.IntN(52)
			}
			id, _ := g.Tokenizer.Encode(string("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"[l]))
			f.Tokens[b*T+i] = id[0]
			f.Tokens[b*T+n+i] = id[0]
		}
		for i := range T - 1 {
			f.Targets[b*T+i] = f.Tokens[b*T+i+1]
		}
		f.Targets[b*T+T-1] = -1
	}
	run := func(name string, heads ...[2]int) {
		saved := map[string][]float32{}
		for _, h := range heads {
			path := fmt.Sprintf("h%d/att/proj/W", h[0])
			w := g.Weights.Get(path).Float32()
			if saved[path] == nil {
				saved[path] = append([]float32(nil), w...)
			}
			D := 128
			d := D / 4
			clear(w[h[1]*d*D : (h[1]+1)*d*D])
		}
		if err := p.Run(f); err != nil {
			panic(err)
		}
		losses := p.Value("losses")
		var a, b2 float64
		for b := range B {
			for i := range T - 1 {
				if i < n-1 {
					a += float64(losses[b*T+i]) / float64(B*(n-1))
				} else if i >= n {
					b2 += float64(losses[b*T+i]) / float64(B*(n-1))
				}
			}
		}
		fmt.Printf("%s first %.3f second %.3f\n", name, a, b2)
		for path, v := range saved {
			copy(g.Weights.Get(path).Float32(), v)
		}
	}
	run("intact")
	for l := range 2 {
		for h := range 4 {
			run(fmt.Sprint(l, h), [2]int{l, h})
		}
	}
	run("all of 1", [2]int{1, 0}, [2]int{1, 1}, [2]int{1, 2}, [2]int{1, 3})
	run("0 weak", [2]int{0, 1}, [2]int{0, 2}, [2]int{0, 3})
	run("0 all", [2]int{0, 0}, [2]int{0, 1}, [2]int{0, 2}, [2]int{0, 3})
}
