package serving

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"time"
)

// Listen returns a listener at an address. One that other machines can reach needs keys.
func Listen(address string, keys *Keys) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("%s: want HOST:PORT, as 127.0.0.1:8000: %w", address, err)
	}
	if ip := net.ParseIP(host); keys == nil && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("%s can be reached from other machines: give -key-file FILE with keys of the clients, or listen at 127.0.0.1", address)
	}
	l, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is in use: end the program that listens there, or choose another -address", address)
	}
	return l, err
}

// Serve answers the requests of a listener until ctx ends. Then it takes no more, gives those under way so
// much time to end, and cuts the others.
func (s *Server) Serve(ctx context.Context, l net.Listener, drain time.Duration) error {
	base, cut := context.WithCancel(context.Background())
	defer cut()
	h := &http.Server{Handler: s, ReadHeaderTimeout: s.limits.Read, ReadTimeout: s.limits.Read, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 1 << 16,
		BaseContext: func(net.Listener) context.Context { return base }, ErrorLog: s.httpLog()}
	ended := make(chan error, 1)
	go func() { ended <- h.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	s.Drain()
	limit, release := context.WithTimeout(context.Background(), drain)
	defer release()
	if err := h.Shutdown(limit); err == nil {
		return nil
	}
	s.Log.Warn("requests are cut", "after", drain)
	cut()
	limit, release = context.WithTimeout(context.Background(), cutTime)
	defer release()
	if err := h.Shutdown(limit); err == nil {
		return nil
	}
	return h.Close()
}

// cutTime is how long requests that are cut may take to say so.
const cutTime = 2 * time.Second
