package fast

import "go/token"

// OnGoroutinePanic is called with the panic of an interpreted goroutine and the positions of
// its calls, innermost first. While it is nil such a panic ends the program.
var OnGoroutinePanic func(panicked interface{}, stack []token.Pos)

// catch hands the panic of a goroutine to OnGoroutinePanic.
func (run *Run) catch() {
	if OnGoroutinePanic == nil {
		return
	}
	if panicked := recover(); panicked != nil {
		OnGoroutinePanic(panicked, run.stack())
	}
}

// Stack returns the positions of the statements at which the last evaluation panicked, innermost
// call first.
func (ir *Interp) Stack() []token.Pos {
	return ir.env.Run.Stack
}

// stack returns the positions of the statements that run, innermost call first. Long recursions
// are cut.
func (run *Run) stack() (stack []token.Pos) {
	for env := run.CurrEnv; env != nil && len(stack) < 100; {
		if env.IP >= 0 && env.IP < len(env.DebugPos) && env.DebugPos[env.IP].IsValid() {
			stack = append(stack, env.DebugPos[env.IP])
		}
		for env.Caller == nil && env.Outer != nil { // the block's function
			env = env.Outer
		}
		env = env.Caller
	}
	return stack
}
