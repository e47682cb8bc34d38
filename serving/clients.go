package serving

import (
	"net"
	"net/http"
	"strconv"
	"sync"
)

// clients counts the requests that each client has under way.
type clients struct {
	most int
	mu   sync.Mutex
	busy map[string]int
}

// enter begins a request of a client, who has too many if ok is false. The caller calls leave when it ends.
func (c *clients) enter(name string) (leave func(), ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy == nil {
		c.busy = map[string]int{}
	}
	if c.busy[name] >= c.most {
		return nil, false
	}
	c.busy[name]++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.busy[name]--; c.busy[name] == 0 {
			delete(c.busy, name)
		}
	}, true
}

// client returns the name of a request's client: its key, or its address if the server has no keys.
func (s *Server) client(r *http.Request) (string, *apiError) {
	if s.Keys == nil {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if err != nil {
			host = r.RemoteAddr
		}
		return host, nil
	}
	n, ok := s.Keys.find(r)
	if !ok {
		return "", newError(http.StatusUnauthorized, "invalid_api_key", "", "the request has no valid key: send the header Authorization: Bearer KEY")
	}
	return "key " + strconv.Itoa(n+1), nil
}
