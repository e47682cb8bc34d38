#!/usr/bin/python3
"""Tests of the notebook kernel, through its protocol. Needs Debian's python3-jupyter-client.

    test_kernel.py [-v] [Test.test_name …]    tests the kernel that build.sh has built
"""
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.environ["JUPYTER_PATH"] = os.path.join(ROOT, ".build", "kernel", "jupyter")

from jupyter_client.manager import KernelManager  # noqa: E402 (reads JUPYTER_PATH)

IMPORTS = """
import (
	"context"
	"errors"
	"fmt"
	"log"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"euryale/data"
	"euryale/layers"
	"euryale/layers/draw"
	"euryale/layers/ops"
	"euryale/models"
	"euryale/training"
	"github.com/chewxy/hm"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/plot"
	G "gorgonia.org/gorgonia"
)
"""
APPLY = 'apply := func(s *layers.Scope, in ...*G.Node) *G.Node { return s.Apply(ops.Op{Name: "softsign"}, in[0]) }'
RUN = """
config, err := training.Parse("", []string{"training.steps=1000000", "training.batch=1", "training.sample=0", "training.eval_every=1000000"})
if err != nil { panic(err) }
run, err := training.New(config, "", nil)
if err != nil { panic(err) }
"""

ONE_LINE = """own := models.Define(8, func(s *layers.Scope, tokens *G.Node, vocab int) *G.Node {
	return layers.Head(s.Sub("head"), layers.Embedding(s.Sub("tok"), tokens, vocab, 8), vocab)
})"""


class Result:
    def __init__(self):
        self.out, self.err, self.error, self.outputs, self.count = "", "", None, [], 0

    def text(self):
        return "".join(o["content"]["data"].get("text/plain", "") for o in self.outputs)


class Kernel:
    def __init__(self):
        self.manager = KernelManager(kernel_name="gophernotes")
        self.manager.start_kernel(cwd=ROOT, stderr=subprocess.DEVNULL)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def stop(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def run(self, code, interrupt=None, timeout=30):
        """Executes a cell; interrupts it after that many seconds."""
        request = self.client.execute(code)
        if interrupt is not None:
            threading.Timer(interrupt, self.manager.interrupt_kernel).start()
        result, end = Result(), time.time() + timeout
        while True:
            try:
                m = self.client.get_iopub_msg(timeout=max(0.1, end - time.time()))
            except queue.Empty:
                raise TimeoutError("no end of the cell: " + code) from None
            if m["parent_header"].get("msg_id") != request:
                continue
            kind, content = m["msg_type"], m["content"]
            if kind == "stream" and content["name"] == "stdout":
                result.out += content["text"]
            elif kind == "stream":
                result.err += content["text"]
            elif kind == "error":
                result.error = content["evalue"]
            elif kind == "execute_input":
                result.count = content["execution_count"]
            elif kind in ("execute_result", "display_data", "update_display_data"):
                result.outputs.append(m)
            elif kind == "status" and content["execution_state"] == "idle":
                break
        reply = self.client.get_shell_msg(timeout=10)
        while reply["parent_header"].get("msg_id") != request:
            reply = self.client.get_shell_msg(timeout=10)
        assert (reply["content"]["status"] == "error") == (result.error is not None), reply
        return result

    def inspect(self, code):
        request = self.client.inspect(code, len(code))
        reply = self.client.get_shell_msg(timeout=10)
        while reply["parent_header"].get("msg_id") != request:
            reply = self.client.get_shell_msg(timeout=10)
        return reply["content"]["data"].get("text/plain", "")


class Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kernel = Kernel()
        cls.ok(cls, IMPORTS)

    @classmethod
    def tearDownClass(cls):
        cls.kernel.stop()

    def ok(self, code, **how):
        result = self.kernel.run(code, **how)
        if result.error is not None:
            raise AssertionError("%s\n%s" % (code, result.error))
        return result

    def fails(self, code, **how):
        result = self.kernel.run(code, **how)
        self.assertIsNotNone(result.error, code)
        self.assertNotIn("\n", result.error)
        return result.error

    # interrupts

    def interrupted(self, code):
        began = time.time()
        error = self.fails(code, interrupt=0.7)
        self.assertIn("interrupted", error)
        self.assertLess(len(error), 100)
        self.assertLess(time.time() - began, 6)

    def test_interrupt_loop(self):
        self.ok("kept := 41")
        self.interrupted("for i := 0; ; i++ {\n\tkept = 42\n}")
        self.interrupted("stubborn := func() {\n\tdefer func() { recover() }()\n\tfor {\n\t}\n}\nstubborn()\nfor {\n}")
        self.interrupted("time.Sleep(time.Minute)")
        self.interrupted("for {\n\ttime.Sleep(10 * time.Millisecond)\n}")
        self.assertEqual(self.ok("kept").text(), "42")

    def test_interrupt_training(self):
        self.ok(RUN)
        self.interrupted("run.Train(context.Background())")
        self.ok("steps := run.Steps()")
        self.interrupted("seen := 0\nrun.Watch = training.Watch{Step: func(s training.Step) { seen = s.N }}\nrun.Train(context.Background())")
        self.assertEqual(self.ok("seen > 0 && run.Steps() > steps").text(), "true")

    def test_interrupt_idle(self):
        self.ok("idle := 7")
        self.kernel.manager.interrupt_kernel()
        time.sleep(0.3)
        self.assertEqual(self.ok("idle").text(), "7")
        self.ok("ctx := context.Background()\nif ctx.Err() != nil { panic(ctx.Err()) }")

    # the language

    def test_methods_in_fmt(self):
        r = self.ok('''type Point struct{ X int }
func (p Point) String() string { return fmt.Sprintf("point %d", p.X) }
type Wrong struct{ Line int }
func (w *Wrong) Error() string { return fmt.Sprintf("line %d", w.Line) }
type Celsius float64
func (c Celsius) String() string { return "warm" }
fmt.Println(Point{2}, &Wrong{3})
fmt.Printf("%v %s %q %+v %.1f\\n", Point{4}, Point{5}, Point{6}, Point{7}, Celsius(8))
first := func(a ...interface{}) int { return a[0].(Point).X }
fmt.Println(first(Point{9}), fmt.Errorf("bad: %w", &Wrong{10}))
Point{11}''')
        self.assertEqual(r.out, 'point 2 line 3\npoint 4 point 5 "point 6" point 7 8.0\n9 bad: line 10\n')
        self.assertEqual(r.text(), "point 11")

    def test_closures_in_loops(self):
        r = self.ok('''
var fs []func() int
for i := 0; i < 3; i++ {
	if i == 1 { continue }
	fs = append(fs, func() int { i += 10; return i })
}
for _, x := range []int{5, 6} { fs = append(fs, func() int { return x }) }
var ps []*int
outer:
for i, j := 0, 9; i < 4; i, j = i+1, j-1 {
	for { if i == 2 { continue outer }; break }
	if i == 3 { break outer }
	ps = append(ps, &i, &j)
	i++; i--
}
for _, f := range fs { fmt.Print(f(), " ") }
for _, p := range ps { fmt.Print(*p, " ") }
fmt.Println(fs[0]())''')
        self.assertEqual(r.out, "10 12 5 6 0 9 1 8 20\n")

    def test_methods_of_compiled_types(self):
        """Depended on the order of a map: a third of all kernels failed."""
        for _ in range(6):
            kernel = Kernel()
            try:
                self.assertIsNone(kernel.run(IMPORTS + APPLY).error)
            finally:
                kernel.stop()

    # packages

    def test_packages(self):
        r = self.ok('''xs := []float64{3, 1, 2}
slices.Sort(xs)
words := []string{"b", "a"}
slices.SortFunc(words, func(a, b string) int { return strings.Compare(a, b) })
slices.Reverse(xs)
m := map[string]int{}
maps.Copy(m, map[string]int{"x": 1})
fmt.Println(xs, words, slices.Contains(xs, 2), slices.Index(words, "b"), m)
fmt.Println(mat.NewDense(1, 2, []float64{1, 2}).At(0, 1), hm.TypeVariable('a'))''')
        self.assertEqual(r.out, "[3 2 1] [a b] true 1 map[x:1]\n2 a\n")
        self.assertIn("slices.Max is generic", self.fails("slices.Max(xs)"))

    def test_packages_refused(self):
        for path in ("log/slog", "github.com/nobody/nothing", "golang.org/x/exp/rand"):
            began = time.time()
            error = self.fails('import "%s"' % path)
            self.assertIn('"%s": not linked into the kernel' % path, error)
            self.assertLess(time.time() - began, 2)
        self.assertIn("leave out the dot", self.fails('import . "strings"'))
        self.ok("fmt.Sprint(1)")

    # outputs

    def test_display(self):
        r = self.ok('''chart := draw.Chart{Title: "loss", Series: []draw.Series{{Name: "a", X: []float64{1, 2}, Y: []float64{1, 2}}}}
Display(chart)
Display(plot.New())
Display("words")
Display(display.HTML("<b>x</b>"))
chart''')
        data = [o["content"]["data"] for o in r.outputs]
        self.assertEqual([list(d) for d in data], [["text/html", "text/plain"], ["text/html"], ["text/plain"], ["text/html"], ["text/html", "text/plain"]])
        for picture in data[0], data[1], data[4]:  # shown without trust, and kept by nbconvert
            self.assertTrue(picture["text/html"].startswith('<img src="data:image/svg+xml;base64,'), picture)

    # training in one line

    def test_training_on_text(self):
        r = self.ok(ONE_LINE + '''
run, err := training.OnText(strings.Repeat("abcd", 100), own, "training.steps=60", "training.eval_every=30", "schedule.warmup=0", "optimizer.lr=0.1")
if err != nil { panic(err) }
run.Watch = training.Live(Display)
if err := run.Train(context.Background()); err != nil { panic(err) }
loss, err := run.Validate(true)
fmt.Println(loss < 0.1, err)''')
        self.assertIn("true <nil>", r.out)
        shown = [o for o in r.outputs if "alt=" in o["content"]["data"].get("text/html", "")]
        self.assertEqual([o["msg_type"] for o in shown[:2]], ["display_data", "update_display_data"])
        self.assertEqual(len({o["content"]["transient"]["display_id"] for o in shown}), 1)
        self.assertRegex(shown[-1]["content"]["data"]["text/html"], r'^<img alt="step 60 of 60 · loss 0\.0\d\d · validation 0\.0\d\d"')
        self.assertRegex(self.ok("run").text(), r"^run of own, 60 of 60 steps, 68 values in 3 parameters, validation loss 0\.0")
        self.assertEqual(self.ok("run.Weights").text(), "68 values in 3 parameters: tok/W (4, 8) float32, …, head/b (4) float32")
        self.assertEqual(self.ok('run.Weights.Get("tok/W")').text(), "tok/W (4, 8) float32")

    def test_training_on_own_batches(self):
        r = self.ok(ONE_LINE + '''
own.Vocab = 3
type turns struct{ ids []int }
func (t *turns) Batch(n int, b *data.Batch) error {
	b.B, b.T, b.Tokens, b.Targets = 1, 3, []int{0, 1, 2}, []int{1, 2, 0}
	return nil
}
func (t *turns) Len() int { return 0 }
config, err := training.ForModel(own, "training.steps=20")
if err != nil { panic(err) }
run, err := training.NewOn(config, &turns{})
if err != nil { panic(err) }
fmt.Println(run.Train(context.Background()), run.Steps())
fmt.Println(run.Describe())
_, err = run.Validate(true)
fmt.Println(err)
_, err = run.Generator()
fmt.Println(err)''')
        self.assertIn("<nil> 20\ncorpus    none: the batches are the caller's\n", r.out)
        self.assertIn("the validation loss needs a corpus", r.out)
        self.assertIn("a generator, which needs a tokenizer, needs a corpus", r.out)

    def test_training_on_pairs(self):
        r = self.ok('''pairs := [][2]string{{"one", "1"}, {"two", "2"}, {"three", "3"}}
run, err := training.OnPairs(pairs, nil, "training.steps=2", "model.dim=16", "model.heads=2")
if err != nil { panic(err) }
fmt.Println(run.Train(context.Background()), run.Corpus)''')
        self.assertIn("<nil> corpus pairs: ", r.out)

    def test_mistakes_in_definitions(self):
        for definition, want in {
            "return nil": "model: Logits returned no node",
            'return layers.Linear(s.Sub("a"), nil, 3)': "a: a node is nil",
            'x := layers.Embedding(s.Sub("tok"), tokens, vocab, 4); panic("odd"); return x': "tok: the definition panicked at a cell of the notebook, after this layer: odd",
            'x := layers.Embedding(s.Sub("tok"), tokens, vocab, 4); return s.Sub("m").Must(G.Mul(x, x))':
                "m: gorgonia.Mul in a cell of the notebook: Inner dimensions do not match up (declared last: tok (",
            's.Tap("x", tokens); return s.Tap("x", tokens)': '"x" is declared twice, first at a cell of the notebook',
        }.items():
            r = self.ok('''_, err := training.OnText(strings.Repeat("abcd", 100), models.Define(8, func(s *layers.Scope, tokens *G.Node, vocab int) *G.Node {
	%s
}))
fmt.Println(err)''' % definition)
            self.assertIn(want, r.out)

    def test_display_replaces(self):
        cell = '''for i := 0; i < 3; i++ {
	d := display.HTML(fmt.Sprint(i))
	d.Transient = map[string]interface{}{"display_id": "curve"}
	Display(d)
}'''
        for _ in range(2):  # a cell that is executed again has an output of its own
            r = self.ok(cell)
            self.assertEqual([o["msg_type"] for o in r.outputs], ["display_data"] + 2 * ["update_display_data"])
            self.assertEqual({o["content"]["transient"]["display_id"] for o in r.outputs}, {"curve"})

    def test_long_values(self):
        text = self.ok("make([]float64, 100000)").text()
        self.assertIn("(100000 elements)", text)
        self.assertLess(len(text), 200)
        self.assertLess(len(self.ok('strings.Repeat("x", 100000)').text()), 6000)
        self.assertEqual(self.ok("[]int{1, 2}").text(), "[1 2]")

    def test_log(self):
        self.assertIn("a line of the log", self.ok('log.Println("a line of the log")').err)

    # errors

    def test_lines(self):
        n = self.ok("at := func(xs []int, i int) int {\n\n\treturn xs[i]\n}").count
        error = self.fails("xs := []int{1}\nfor i := 0; i < 3; i++ {\n\ty := at(xs, i)\n\t_ = y\n}")
        self.assertEqual(error, "cell[%d]:3: reflect: slice index out of range (called at cell[%d]:3)" % (n, n + 1))
        error = self.fails("at(xs, 0)\nat(xs,\n 5)")
        self.assertIn("(called at cell[%d]:2)" % (n + 2), error)
        self.assertIn("cell[%d]:2:" % (n + 3), self.fails("z := 1\nz.Missing"))

    def test_failed_cell(self):
        n = self.kernel.run('before := 1\npanic("stop")\nafter := 2').count
        self.assertEqual(self.ok("before").text(), "1")
        self.assertEqual(self.fails("fmt.Println(1)\nafter + 1"),
                         "cell[%d]:2: after was declared in cell[%d], which failed before it was set: run that cell again" % (n + 2, n))
        self.assertEqual(self.ok("after = 3\nafter").text(), "3")

    def test_waiting_cells(self):
        """A cell that waits while another fails is not executed; one that comes later is."""
        self.ok("waited := 1")
        self.kernel.client.execute('time.Sleep(300 * time.Millisecond)\npanic("stop")')
        second = self.kernel.client.execute("waited = 2")
        reply = self.kernel.client.get_shell_msg(timeout=10)
        while reply["parent_header"]["msg_id"] != second:
            reply = self.kernel.client.get_shell_msg(timeout=10)
        self.assertEqual(reply["content"]["status"], "aborted")
        self.assertEqual(self.ok("waited").text(), "1")

    def test_goroutine_panic(self):
        r = self.ok('go func() { panic("in the goroutine") }()\ntime.Sleep(200 * time.Millisecond)')
        self.assertIn("panic in a goroutine: cell[%d]:1: in the goroutine" % r.count, r.err)

    def test_recursion(self):
        self.ok("func down(n int) int { return 1 + down(n+1) }")
        self.assertIn("recursion without end", self.fails("down(0)", timeout=60))
        self.ok("func deep(n int) int { if n == 0 { return 0 }; return 1 + deep(n-1) }")
        self.assertEqual(self.ok("deep(40000)").text(), "40000")

    def test_exit(self):
        self.assertIn("os.Exit(3): a cell cannot end the kernel", self.fails("os.Exit(3)"))
        self.assertIn("no way on", self.fails('log.Fatalf("no way %s", "on")'))

    def test_end_of_kernel(self):
        kernel = Kernel()
        try:
            error = kernel.run('import (\n"fmt"\n"time"\n)\ntime.AfterFunc(0, func() { panic("in a timer") })\ntime.Sleep(time.Minute)').error
            self.assertIn("the kernel has ended: panic: in a timer", error)
        finally:
            kernel.stop()

    def test_kill(self):
        kernel = Kernel()
        try:
            parent = kernel.manager.provisioner.pid
            child = int(subprocess.check_output(["pgrep", "-P", str(parent)]))
            threading.Timer(0.5, os.kill, (child, signal.SIGKILL)).start()
            self.assertIn("it was killed", kernel.run("for {\n}").error)
        finally:
            kernel.stop()

    # documentation

    def test_inspect(self):
        self.assertIn("Linear", self.kernel.inspect("layers.Linear"))
        self.assertIn("func Linear(", self.kernel.inspect("layers.Linear("))
        self.ok(RUN.replace("run,", "inspected,"))
        self.assertIn("When ctx ends", self.kernel.inspect("inspected.Train"))
        self.assertIn("training.Run", self.kernel.inspect("inspected"))
        self.assertIn("Package layers", self.kernel.inspect("layers"))
        self.assertIn("func Parse(", self.kernel.inspect("training.Parse(strings.ToUpper(`a`), nil"))
        self.assertEqual(self.kernel.inspect("unheard"), "")


if __name__ == "__main__":
    if not os.path.isdir(os.environ["JUPYTER_PATH"]):
        sys.exit("test_kernel.py: run notebooks/kernel/build.sh first")
    unittest.main(warnings="ignore")
