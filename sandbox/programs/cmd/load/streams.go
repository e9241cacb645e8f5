// Copyright: (c) 2026, the meshwright.istio contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// silence is how long a stream may say nothing before it counts as broken.
const silence = 5 * time.Second

const (
	askEvery    = time.Second
	reopenAfter = 200 * time.Millisecond
	word        = "meshwright"
)

// session is an open stream. read waits for the next sign of life; ask, where there is one, asks
// for it.
type session struct {
	read  func() error
	ask   func() error
	close func()
}

type Break struct {
	Second float64 `json:"second"`
	How    string  `json:"how"`
}

type StreamSummary struct {
	Name   string  `json:"name"`
	Kind   string  `json:"kind"`
	Opened int     `json:"opened"`
	Broken int     `json:"broken"`
	Breaks []Break `json:"breaks"`
}

// holder keeps the streams of one kind open, and remembers when one broke.
type holder struct {
	stream Stream

	lock   sync.Mutex
	open   int
	before int
	result StreamSummary
}

func newHolder(stream Stream) *holder {
	return &holder{stream: stream, result: StreamSummary{
		Name: stream.Name, Kind: stream.Kind, Breaks: []Break{},
	}}
}

// hold keeps all streams open until ctx ends; breaks are told in seconds since `from`.
func (h *holder) hold(ctx context.Context, from time.Time) {
	var group sync.WaitGroup
	for range h.stream.Count {
		group.Go(func() { h.holdOne(ctx, from) })
	}
	group.Wait()
}

func (h *holder) holdOne(ctx context.Context, from time.Time) {
	isDown := false
	for ctx.Err() == nil {
		wasOpen, err := h.once(ctx)
		if ctx.Err() != nil {
			return
		}
		// One that cannot be opened again is still the same break.
		if wasOpen || !isDown {
			h.broke(time.Since(from), err)
		}
		isDown = true
		select {
		case <-ctx.Done():
		case <-time.After(reopenAfter):
		}
	}
}

// once opens a stream and returns when it is broken.
func (h *holder) once(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	open := map[string]func(context.Context, Stream) (*session, error){
		kindStream: openHTTP, kindHTTP2: openHTTP, kindWebSocket: openWebSocket, kindTCP: openTCP,
	}[h.stream.Kind]
	session, err := open(ctx, h.stream)
	if err != nil {
		return false, err
	}
	defer session.close()
	h.count(1)
	defer h.count(-1)
	return true, watch(ctx, session)
}

func watch(ctx context.Context, s *session) error {
	heard, broken := make(chan struct{}, 1), make(chan error, 1)
	go func() {
		for {
			if err := s.read(); err != nil {
				broken <- err
				return
			}
			select {
			case heard <- struct{}{}:
			default:
			}
		}
	}()
	quiet := time.NewTimer(silence)
	defer quiet.Stop()
	ticker := time.NewTicker(askEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-broken:
			return err
		case <-quiet.C:
			return context.DeadlineExceeded
		case <-heard:
			quiet.Reset(silence)
		case <-ticker.C:
			if err := s.ask(); err != nil {
				return err
			}
		}
	}
}

func (h *holder) count(change int) {
	h.lock.Lock()
	defer h.lock.Unlock()
	h.open += change
	if change > 0 {
		h.result.Opened++
	}
}

func (h *holder) broke(after time.Duration, err error) {
	how := classify(err)
	var status statusError
	if errors.As(err, &status) {
		how = status.Error()
	}
	h.lock.Lock()
	defer h.lock.Unlock()
	if after < 0 {
		h.before++
		return
	}
	h.result.Broken++
	h.result.Breaks = append(h.result.Breaks, Break{Second: float64(after.Milliseconds()) / 1000, How: how})
}

// state tells how many are open, how many broke before the measured time, and all the rest.
func (h *holder) state() (int, int, StreamSummary) {
	h.lock.Lock()
	defer h.lock.Unlock()
	return h.open, h.before, h.result
}

type statusError int

func (s statusError) Error() string { return fmt.Sprintf("status_%d", int(s)) }

func header(stream Stream) http.Header {
	found := http.Header{}
	for name, value := range stream.Headers {
		found.Set(name, value)
	}
	return found
}

func openHTTP(ctx context.Context, stream Stream) (*session, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, stream.URL, nil)
	if err != nil {
		return nil, err
	}
	request.Header = header(stream)
	request.Host = request.Header.Get("Host")
	transport := newTransport()
	if stream.Kind == kindHTTP2 {
		transport.Protocols = onlyHTTP2()
	}
	transport.DisableKeepAlives = true
	transport.ResponseHeaderTimeout = silence
	response, err := transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		_ = response.Body.Close()
		return nil, statusError(response.StatusCode)
	}
	lines := bufio.NewReader(response.Body)
	return &session{
		read:  func() error { _, err := lines.ReadString('\n'); return err },
		ask:   func() error { return nil },
		close: func() { _ = response.Body.Close() },
	}, nil
}

func openWebSocket(ctx context.Context, stream Stream) (*session, error) {
	opening, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	headers := header(stream)
	connection, response, err := websocket.Dial(opening, stream.URL, &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: newTransport()}, HTTPHeader: headers, Host: headers.Get("Host"),
	})
	if err != nil {
		if response != nil && response.StatusCode != http.StatusSwitchingProtocols {
			return nil, statusError(response.StatusCode)
		}
		return nil, err
	}
	return &session{
		read: func() error {
			_, said, err := connection.Read(ctx)
			var closed websocket.CloseError
			if errors.As(err, &closed) {
				return io.EOF
			}
			return expectWord(string(said), err)
		},
		ask: func() error {
			ctx, cancel := context.WithTimeout(ctx, silence)
			defer cancel()
			return connection.Write(ctx, websocket.MessageText, []byte(word))
		},
		close: func() { _ = connection.CloseNow() },
	}, nil
}

func openTCP(ctx context.Context, stream Stream) (*session, error) {
	connection, err := newDialer().DialContext(ctx, "tcp", strings.TrimPrefix(stream.URL, "tcp://"))
	if err != nil {
		return nil, err
	}
	lines := bufio.NewReader(connection)
	return &session{
		read: func() error {
			said, err := lines.ReadString('\n')
			return expectWord(strings.TrimSpace(said), err)
		},
		ask: func() error {
			if err := connection.SetWriteDeadline(time.Now().Add(silence)); err != nil {
				return err
			}
			_, err := io.WriteString(connection, word+"\n")
			return err
		},
		close: func() { _ = connection.Close() },
	}, nil
}

func expectWord(said string, err error) error {
	if err == nil && said != word {
		return fmt.Errorf("the echo of %q is %q", word, said)
	}
	return err
}
