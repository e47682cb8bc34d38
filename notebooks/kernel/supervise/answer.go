package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/go-zeromq/zmq4"
	"github.com/gofrs/uuid"
)

// connection is the part of Jupyter's connection file that is used here.
type connection struct {
	Transport string `json:"transport"`
	IP        string `json:"ip"`
	Shell     int    `json:"shell_port"`
	IOPub     int    `json:"iopub_port"`
	Key       string `json:"key"`
}

// reconnect is how long the notebook is given to find the sockets again: libzmq tries every
// 100 ms.
const reconnect = time.Second

// answer answers the request with an error, at the sockets of the kernel.
func answer(file string, r request, reason string) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var c connection
	if err := json.Unmarshal(raw, &c); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	iopub, shell := zmq4.NewPub(ctx), zmq4.NewRouter(ctx)
	defer iopub.Close()
	defer shell.Close()
	if err := iopub.Listen(fmt.Sprintf("%s://%s:%d", c.Transport, c.IP, c.IOPub)); err != nil {
		return err
	}
	if err := shell.Listen(fmt.Sprintf("%s://%s:%d", c.Transport, c.IP, c.Shell)); err != nil {
		return err
	}
	time.Sleep(reconnect)
	failure := map[string]any{"ename": "ERROR", "evalue": reason, "traceback": []string{reason}}
	reply := map[string]any{"status": "error", "ename": "ERROR", "evalue": reason, "traceback": []string{reason}, "execution_count": r.Count}
	for _, m := range []struct {
		socket  zmq4.Socket
		to      [][]byte
		kind    string
		content any
	}{
		{iopub, nil, "error", failure},
		{shell, r.Identities, "execute_reply", reply},
		{iopub, nil, "status", map[string]string{"execution_state": "idle"}},
	} {
		frames, err := message(m.kind, r.Header, m.content, []byte(c.Key))
		if err != nil {
			return err
		}
		if err := m.socket.SendMulti(zmq4.NewMsgFrom(append(append([][]byte{}, m.to...), frames...)...)); err != nil {
			return err
		}
	}
	time.Sleep(reconnect / 4) // until they are sent
	return nil
}

// message returns the frames of a message of the Jupyter protocol.
func message(kind string, parent json.RawMessage, content any, key []byte) ([][]byte, error) {
	var p map[string]any
	if err := json.Unmarshal(parent, &p); err != nil {
		return nil, err
	}
	id, err := uuid.NewV4()
	if err != nil {
		return nil, err
	}
	header := map[string]any{"msg_id": id.String(), "msg_type": kind, "session": p["session"], "username": p["username"],
		"version": "5.0", "date": time.Now().UTC().Format(time.RFC3339)}
	frames := [][]byte{[]byte("<IDS|MSG>"), nil}
	mac := hmac.New(sha256.New, key)
	for _, part := range []any{header, parent, map[string]any{}, content} {
		raw, err := json.Marshal(part)
		if err != nil {
			return nil, err
		}
		mac.Write(raw)
		frames = append(frames, raw)
	}
	if len(key) > 0 {
		frames[1] = []byte(hex.EncodeToString(mac.Sum(nil)))
	}
	return frames, nil
}
