//go:build !js

package command

import (
	"os"
	"os/signal"
	"syscall"

	"euryale/serving"
)

// reloadOnHangup reads the models again at each SIGHUP, until stop is called.
func reloadOnHangup(server *serving.Server) (stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)
	go func() {
		for range signals {
			_ = server.Reload() // it has logged what failed
		}
	}()
	return func() { signal.Stop(signals); close(signals) }
}
