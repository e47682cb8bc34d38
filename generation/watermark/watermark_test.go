package watermark

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The bits are those of numbers.py, which computes them by Python's hashlib.
func TestNumbersAgreeWithPython(t *testing.T) {
	content, err := os.ReadFile("testdata/numbers.json")
	require.NoError(t, err)
	var cases []struct {
		Secret, Method, Bits string
		Context              []int
		Token                int
	}
	require.NoError(t, json.Unmarshal(content, &cases))
	require.Len(t, cases, 36)
	for _, c := range cases {
		secret, err := hex.DecodeString(c.Secret)
		require.NoError(t, err)
		k := Key{Method: c.Method, Secret: secret, Context: len(c.Context), Gamma: 0.5}
		n, ok := k.Numbers(append([]int{99}, c.Context...))
		require.True(t, ok)
		assert.Equal(t, c.Bits, fmt.Sprintf("%016x", n.Bits(c.Token)), "%+v", c)
		assert.Equal(t, c.Bits[0] < '8' && c.Bits != "7fffffffffffffff", n.Green(c.Token))
		_, ok = k.Numbers(c.Context[1:])
		assert.False(t, ok, "the context has too few tokens")
	}
}

// One bit in two is set, in every layer, and no two layers agree more than by chance: 4 standard deviations of
// 20,000 tokens. A fraction γ of the tokens is green.
func TestNumbersAreUniform(t *testing.T) {
	k := Key{Method: GreenList, Secret: make([]byte, secretBytes), Context: 1, Gamma: 0.1}
	const n = 20_000
	var ones [64]float64
	var same [63]float64
	green := 0.0
	for i := range n {
		numbers, _ := k.Numbers([]int{i / 50})
		b := numbers.Bits(i % 50)
		for l := range ones {
			ones[l] += float64(b >> l & 1)
		}
		for l := range same {
			same[l] += float64(1 ^ (b>>l^b>>(l+1))&1)
		}
		if numbers.Green(i % 50) {
			green++
		}
	}
	for _, counts := range [][]float64{ones[:], same[:]} {
		for l, c := range counts {
			assert.InDelta(t, n/2, c, 4*math.Sqrt(n/4), "layer %d", l)
		}
	}
	assert.InDelta(t, n*0.1, green, 4*math.Sqrt(n*0.1*0.9))
}

// z = (|s|_G − γT)/√(Tγ(1−γ)): Kirchenbauer et al. 2023, equation 3. There, z > 4 has a false positive
// probability of 3·10⁻⁵ (section 2), which is what the binomial tail tends to.
func TestGreenListScore(t *testing.T) {
	k := &Key{Method: GreenList, Gamma: 0.5}
	f := Found{Scored: 16}
	f.test(k, 16)
	assert.InDelta(t, 4, f.Z, 1e-12)
	assert.InDelta(t, math.Pow(2, -16), f.P, 1e-15)
	k.Gamma = 0.25
	f = Found{Scored: 200}
	f.test(k, 80)
	assert.InDelta(t, 30/math.Sqrt(37.5), f.Z, 1e-12)
	assert.InDelta(t, 0.4, f.Score, 1e-12)
	assert.InDelta(t, tail(200, 80, 0.25), f.P, 1e-12)
	f.test(k, 0)
	assert.Equal(t, 1.0, f.P)
	f = Found{Scored: 1_000_000}
	f.test(k, 250_000+4*math.Sqrt(1_000_000*0.25*0.75))
	assert.InDelta(t, 3e-5, f.P, 5e-6)
}

// tail is the probability of k or more of n, added up term by term.
func tail(n, k int, p float64) (sum float64) {
	for i := k; i <= n; i++ {
		a, _ := math.Lgamma(float64(n + 1))
		b, _ := math.Lgamma(float64(i + 1))
		c, _ := math.Lgamma(float64(n - i + 1))
		sum += math.Exp(a - b - c + float64(i)*math.Log(p) + float64(n-i)*math.Log(1-p))
	}
	return sum
}

// By hand, two layers of weights 10/11 and 1/11: a token with g-values 1 and 0 scores 10/11. Four such tokens:
// the mean is 0.5 + 9/22 with variance (100 + 1)/121/4/4.
func TestTournamentScore(t *testing.T) {
	k := &Key{Method: Tournament, Layers: 2, Secret: make([]byte, secretBytes), Context: 1}
	assert.InDeltaSlice(t, []float64{10.0 / 11, 1.0 / 11}, k.weights(), 1e-12)
	f := Found{Scored: 4}
	f.test(k, 4*10.0/11)
	z := (9.0 / 22) / math.Sqrt(101.0/121/16)
	assert.InDelta(t, z, f.Z, 1e-12)
	assert.InDelta(t, 0.5*math.Erfc(z/math.Sqrt2), f.P, 1e-12)
	assert.Equal(t, []float64{1}, (&Key{Layers: 1}).weights())
	for id := range 20 {
		n, _ := k.Numbers([]int{5})
		b := n.Bits(id)
		assert.InDelta(t, (10*float64(b&1)+float64(b>>1&1))/11, k.score(n, id), 1e-12)
	}
}

// What repeats counts once: an n-gram for a green list, a context for a tournament.
func TestRepetitionsCountOnce(t *testing.T) {
	var ids []int
	for i := range 40 {
		ids = append(ids, 100+i, 3, 4)
	}
	for range 100 {
		ids = append(ids, 3, 4)
	}
	green, tour := &Key{Method: GreenList, Secret: make([]byte, secretBytes), Context: 1, Gamma: 0.5, Delta: 9}, &Key{Method: Tournament, Secret: make([]byte, secretBytes), Context: 1, Layers: 3}
	f, err := green.Detect(ids)
	require.NoError(t, err)
	assert.Equal(t, 40+1+39+1, f.Scored, "40 pairs of a number and 3, 39 of 4 and the next number, 3 4, and 4 3")
	counted := 0
	for _, x := range f.Each {
		if !math.IsNaN(x) {
			counted++
		}
	}
	assert.Equal(t, f.Scored, counted)
	f, err = tour.Detect(ids)
	require.NoError(t, err)
	assert.Equal(t, 42, f.Scored, "40 numbers, 3 and 4")
	assert.True(t, f.Unweighted > 0 && f.Unweighted < 1)
}

// In random texts p is below 1 % in at most 1 % (the binomial tail is discrete), and about 1 % for a
// tournament: 4 standard deviations of 4000 texts.
func TestFalsePositives(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, method := range []string{GreenList, Tournament} {
		k, err := New(method)
		require.NoError(t, err)
		found := 0.0
		const n = 4000
		for range n {
			ids := make([]int, 60)
			for i := range ids {
				ids[i] = rng.IntN(1000)
			}
			f, err := k.Detect(ids)
			require.NoError(t, err)
			if f.P < 0.01 {
				found++
			}
		}
		assert.Less(t, found/n, 0.01+4*math.Sqrt(0.01*0.99/n), method)
		assert.Greater(t, found/n, 0.001, method)
	}
}

func TestTooShort(t *testing.T) {
	k, err := New(GreenList)
	require.NoError(t, err)
	_, err = k.Detect([]int{1, 2, 3, 4, 5, 6, 7, 8, 9})
	short := (*TooShortError)(nil)
	require.True(t, errors.As(err, &short))
	assert.EqualError(t, err, "the text is too short to be tested: of its 9 tokens 5 count, want at least 16: give a text that is longer by 11 tokens or more")
	// By hand at γ = 1/2, δ = 1: green with probability e/(1 + e) = 0.731, 0.462 standard deviations a token, and
	// (2.326 + 1.645)² / 0.462² = 73.8.
	assert.Equal(t, 74, (&Key{Method: GreenList, Gamma: 0.5, Delta: 1}).Least())
	assert.Equal(t, shortest, (&Key{Method: GreenList, Gamma: 0.5, Delta: 20}).Least())
	assert.Equal(t, shortest, (&Key{Method: Tournament}).Least())
}

func TestKeyFiles(t *testing.T) {
	for _, method := range []string{GreenList, Tournament} {
		path := filepath.Join(t.TempDir(), "key.json")
		k, err := New(method)
		require.NoError(t, err)
		require.NoError(t, k.Write(path))
		got, err := Read(path)
		require.NoError(t, err)
		assert.Equal(t, k, got)
		assert.NotContains(t, k.String(), hex.EncodeToString(k.Secret))
		assert.ErrorContains(t, k.Write(path), path+" exists")
		other, err := New(method)
		require.NoError(t, err)
		assert.NotEqual(t, k.Secret, other.Secret)
		if runtime.GOOS == "windows" {
			continue
		}
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		require.NoError(t, os.Chmod(path, 0o640))
		_, err = Read(path)
		assert.ErrorContains(t, err, "chmod 600 "+path)
	}
}

// valid is the content of a key file.
const valid = `{"format": "euryale-watermark-1", "method": "green-list", "secret": "` + zeros + `", "context": 1, "gamma": 0.25, "delta": 2}`

const zeros = "0000000000000000000000000000000000000000000000000000000000000000"

func TestKeyErrors(t *testing.T) {
	_, err := Parse([]byte(valid))
	require.NoError(t, err)
	for want, change := range map[string][2]string{
		"the secret has 31 bytes, want 32 (64 hexadecimal digits)": {zeros, zeros[2:]},
		"the secret has 33 bytes, want 32":                         {zeros, zeros + "00"},
		"the secret is not hexadecimal (64 characters)":            {zeros, "x" + zeros[1:]},
		`method "red-list", want green-list or tournament`:         {"green-list", "red-list"},
		"context = 0, want from 1 to 64 tokens":                    {`"context": 1`, `"context": 0`},
		"gamma = 1.5, want a fraction":                             {"0.25", "1.5"},
		"delta = -2, want more than 0":                             {`"delta": 2`, `"delta": -2`},
		"layers are of a tournament":                               {`"delta": 2`, `"delta": 2, "layers": 3`},
		"gamma and delta are of a green-list":                      {`"green-list"`, `"tournament", "layers": 3`},
		"layers = 65, want from 1 to 64":                           {`"green-list"`, `"tournament", "layers": 65`},
		`format "euryale-watermark-9"`:                             {"watermark-1", "watermark-9"},
		"unknown field":                                            {"gamma", "gama"},
		"something follows the object":                             {"2}", "2} {}"},
	} {
		content := strings.Replace(valid, change[0], change[1], 1)
		if change[1] == `"tournament", "layers": 65` {
			content = strings.Replace(content, `, "gamma": 0.25, "delta": 2`, "", 1)
		}
		_, err := Parse([]byte(content))
		assert.ErrorContains(t, err, want)
	}
	path := filepath.Join(t.TempDir(), "key.json")
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(valid, zeros, zeros[2:], 1)), 0o600))
	_, err = Read(path)
	assert.ErrorContains(t, err, path+": the secret has 31 bytes")
	require.NoError(t, os.WriteFile(path, make([]byte, maxFile+1), 0o600))
	_, err = Read(path)
	assert.Error(t, err)
}

// Any content is a valid key, which is written as it is read, or an error.
func FuzzParse(f *testing.F) {
	f.Add([]byte(valid))
	f.Add([]byte(strings.Replace(valid, `"green-list"`, `"tournament", "layers": 3`, 1)))
	f.Add([]byte("{"))
	f.Fuzz(func(t *testing.T, content []byte) {
		k, err := Parse(content)
		if err != nil {
			assert.NotContains(t, err.Error(), "\n")
			return
		}
		require.NoError(t, k.Check())
		path := filepath.Join(t.TempDir(), "key.json")
		require.NoError(t, k.Write(path))
		got, err := Read(path)
		require.NoError(t, err)
		assert.Equal(t, k, got)
		_, err = k.Detect(make([]int, 99))
		assert.Error(t, err, "99 equal tokens count once")
	})
}
