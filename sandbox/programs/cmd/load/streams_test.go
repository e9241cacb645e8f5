// Copyright: (c) 2026, the meshwright.istio contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// hold holds one stream of the kind for three seconds after a baseline of one.
func hold(t *testing.T, kind, url string) Result {
	t.Helper()
	return loadPlan(t, fmt.Sprintf(`{"duration":"3s","baseline":"1s",
		"streams":[{"name":"s","kind":%q,"url":%q,"count":1}]}`, kind, url))
}

func checkStream(t *testing.T, result Result, hows ...string) {
	t.Helper()
	found := result.Streams[0]
	if found.Opened != len(hows)+1 || found.Broken != len(hows) || len(found.Breaks) != len(hows) {
		t.Fatalf("it was to break %d times: %+v", len(hows), found)
	}
	for i, how := range hows {
		if at := found.Breaks[i].Second; found.Breaks[i].How != how || at < 0 || at > 3 {
			t.Errorf("break %d is %+v and not %s", i, found.Breaks[i], how)
		}
	}
	if result.Environment != "" {
		t.Error(result.Environment)
	}
}

// lines sends one a second, and cuts the first stream off after two seconds.
func lines(t *testing.T, cut func(http.ResponseWriter)) string {
	var streams atomic.Int64
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		isFirst := streams.Add(1) == 1
		for i := 0; ; i++ {
			fmt.Fprintln(w, i)
			_ = http.NewResponseController(w).Flush()
			if isFirst && i == 2 {
				cut(w)
				return
			}
			select {
			case <-r.Context().Done():
				return
			case <-time.After(time.Second):
			}
		}
	})
}

func TestAHeldStream(t *testing.T) {
	t.Parallel()
	t.Run("ended in order", func(t *testing.T) {
		t.Parallel()
		checkStream(t, hold(t, "stream", lines(t, func(http.ResponseWriter) {})), "eof")
	})
	t.Run("cut with FIN", func(t *testing.T) {
		t.Parallel()
		url := lines(t, func(w http.ResponseWriter) { hangUp(t, w, func(*net.TCPConn) {}) })
		checkStream(t, hold(t, "stream", url), "eof")
	})
	t.Run("cut with RST", func(t *testing.T) {
		t.Parallel()
		url := lines(t, func(w http.ResponseWriter) {
			hangUp(t, w, func(c *net.TCPConn) { _ = c.SetLinger(0) })
		})
		checkStream(t, hold(t, "stream", url), "reset")
	})
}

func TestAnHTTP2Stream(t *testing.T) {
	t.Parallel()
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	var streams atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("it came as %s", r.Proto)
		}
		first := streams.Add(1) == 1
		for i := 0; r.Context().Err() == nil; i++ {
			if first && i == 20 {
				panic(http.ErrAbortHandler)
			}
			fmt.Fprintln(w, i)
			_ = http.NewResponseController(w).Flush()
			time.Sleep(100 * time.Millisecond)
		}
	}))
	server.Config.Protocols = protocols
	server.Start()
	t.Cleanup(server.Close)
	checkStream(t, hold(t, "http2", server.URL), "reset")
}

// echo serves raw TCP; handle gets every connection and its number.
func echo(t *testing.T, handle func(*net.TCPConn, int)) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for i := 0; ; i++ {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go handle(connection.(*net.TCPConn), i)
		}
	}()
	return "tcp://" + listener.Addr().String()
}

func TestTCP(t *testing.T) {
	t.Parallel()
	t.Run("whole", func(t *testing.T) {
		t.Parallel()
		url := echo(t, func(c *net.TCPConn, _ int) { _, _ = io.Copy(c, c) })
		checkStream(t, hold(t, "tcp", url))
	})
	t.Run("reset", func(t *testing.T) {
		t.Parallel()
		url := echo(t, func(c *net.TCPConn, i int) {
			if i == 0 {
				time.AfterFunc(2*time.Second, func() { _ = c.SetLinger(0); _ = c.Close() })
			}
			_, _ = io.Copy(c, c)
		})
		checkStream(t, hold(t, "tcp", url), "reset")
	})
	t.Run("garbled", func(t *testing.T) {
		t.Parallel()
		url := echo(t, func(c *net.TCPConn, i int) {
			if i == 0 {
				time.Sleep(1500 * time.Millisecond)
				_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n")
			}
			_, _ = io.Copy(c, c)
		})
		checkStream(t, hold(t, "tcp", url), "other")
	})
}

func TestASilentStreamIsBroken(t *testing.T) {
	t.Parallel()
	url := echo(t, func(c *net.TCPConn, i int) {
		if i == 0 {
			_, _ = io.Copy(io.Discard, c)
			return
		}
		_, _ = io.Copy(c, c)
	})
	result := loadPlan(t, fmt.Sprintf(`{"duration":"7s","baseline":"1s",
		"streams":[{"name":"s","kind":"tcp","url":%q,"count":2}]}`, url))
	// The other one, which answers, stays whole for longer than the silence that is allowed.
	found := result.Streams[0]
	if found.Opened != 3 || found.Broken != 1 || found.Breaks[0].How != "timeout" || found.Breaks[0].Second < 4 {
		t.Errorf("it was to break 5 s after it was opened: %+v", found)
	}
}

func TestAWebSocket(t *testing.T) {
	t.Parallel()
	var sockets, echoes atomic.Int64
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		connection, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		if sockets.Add(1) == 1 {
			time.AfterFunc(2*time.Second, func() { _ = connection.Close(websocket.StatusGoingAway, "") })
		}
		for {
			kind, text, err := connection.Read(r.Context())
			if err != nil {
				return
			}
			echoes.Add(1)
			_ = connection.Write(r.Context(), kind, text)
		}
	})
	checkStream(t, hold(t, "websocket", strings.Replace(url, "http", "ws", 1)), "eof")
	if echoes.Load() < 2 {
		t.Errorf("there were %d echoes", echoes.Load())
	}
}

func TestAStreamThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	var tries atomic.Int64
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		tries.Add(1)
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	for _, kind := range []string{"stream", "websocket"} {
		tries.Store(0)
		h := newHolder(Stream{Kind: kind, URL: url, Count: 1})
		_, err := h.once(t.Context())
		if h.broke(time.Second, err); h.result.Breaks[0].How != "status_503" {
			t.Errorf("%s: %+v", kind, h.result)
		}
	}
	result := hold(t, "stream", url)
	if found := result.Streams[0]; found.Opened != 0 || found.Broken != 0 || tries.Load() < 5 {
		t.Errorf("what never was open in the measured time does not break in it: %+v", found)
	}
	if !strings.Contains(result.Environment, "could not be opened 1 times") {
		t.Errorf("environment %q", result.Environment)
	}
}

func TestHowErrorsAreCalled(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"refused":      syscall.ECONNREFUSED,
		"reset":        fmt.Errorf("read: %w", syscall.EPIPE),
		"eof":          io.ErrUnexpectedEOF,
		"exhausted":    &net.OpError{Op: "dial", Err: syscall.EADDRNOTAVAIL},
		"unreachable":  syscall.EHOSTUNREACH,
		"no_such_name": &net.DNSError{IsNotFound: true},
		"other":        errors.New("something"),
	} {
		if found := classify(err); found != want {
			t.Errorf("%v is called %s and not %s", err, found, want)
		}
	}
	if classifyRequest(io.EOF) != "reset" {
		t.Error("an EOF before the answer is a reset")
	}
}
