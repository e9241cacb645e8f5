// Copyright: (c) 2026, the meshwright.istio contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// How a request or a stream failed; a status that was not expected is `status_` and its number.
const (
	howRefused     = "refused"
	howReset       = "reset"
	howEOF         = "eof"
	howTimeout     = "timeout"
	howUnreachable = "unreachable"
	howName        = "no_such_name"
	howExhausted   = "exhausted"
	howNotAllowed  = "not_allowed"
	howOther       = "other"
)

var errReplayed = errors.New("the connection died and the request was sent again")

var howOf = []struct {
	cause error
	how   string
}{
	{errNotAllowed, howNotAllowed},
	{errReplayed, howReset},
	{syscall.ECONNREFUSED, howRefused},
	{syscall.ECONNRESET, howReset},
	{syscall.EPIPE, howReset},
	{io.EOF, howEOF},
	{io.ErrUnexpectedEOF, howEOF},
	{net.ErrClosed, howEOF},
	{context.DeadlineExceeded, howTimeout},
	{syscall.EMFILE, howExhausted},
	{syscall.ENFILE, howExhausted},
	{syscall.EADDRNOTAVAIL, howExhausted},
	{syscall.EHOSTUNREACH, howUnreachable},
	{syscall.ENETUNREACH, howUnreachable},
}

func classify(err error) string {
	for _, known := range howOf {
		if errors.Is(err, known.cause) {
			return known.how
		}
	}
	var timeout net.Error
	var name *net.DNSError
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		return howTimeout
	case errors.As(err, &name):
		return howName
	case containsAny(err.Error(), "server closed idle connection", "GOAWAY", "connection lost"):
		return howEOF
	case containsAny(err.Error(), "stream error"):
		return howReset
	}
	return howOther
}

// containsAny is for errors of which net/http shows nothing but the text.
func containsAny(text string, parts ...string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
}

// classifyRequest knows one more thing: whoever waits for an answer does not care whether the
// connection ended with a FIN or an RST.
func classifyRequest(err error) string {
	if how := classify(err); how != howEOF {
		return how
	}
	return howReset
}

func newTransport() *http.Transport {
	return &http.Transport{
		DialContext:         newDialer().DialContext,
		MaxIdleConnsPerHost: maxRate,
		DisableCompression:  true,
		Protocols:           onlyHTTP1(),
	}
}

func onlyHTTP1() *http.Protocols {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return protocols
}

// onlyHTTP2 speaks it without encryption and without asking first, as gRPC does.
func onlyHTTP2() *http.Protocols {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	return protocols
}

// honest tells each request's true fate. Go's client silently repeats a GET whose kept-alive
// connection dies, and such a request would look well. Go repeats only what it believes it can
// send again, so every request gets a body that it cannot; and should it find another way, the
// second connection of a request gives it away.
type honest struct {
	next    http.RoundTripper
	timeout time.Duration

	// hows holds, by vegeta's number of the request, how it failed until the collector takes it.
	hows sync.Map
}

func (h *honest) RoundTrip(request *http.Request) (*http.Response, error) {
	seq := request.Header.Get("X-Vegeta-Seq")
	connections := 0
	ctx, cancel := context.WithTimeout(request.Context(), h.timeout)
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connections++ },
	})
	response, err := h.next.RoundTrip(unrepeatable(request.WithContext(ctx)))
	if err == nil && connections > 1 {
		_ = response.Body.Close()
		err = errReplayed
	}
	if err != nil {
		cancel()
		h.hows.Store(seq, fate{how: classifyRequest(err), replayed: connections > 1})
		return nil, err
	}
	response.Body = &body{ReadCloser: response.Body, cancel: cancel, failed: func(err error) {
		h.hows.Store(seq, fate{how: classifyRequest(err)})
	}}
	return response, nil
}

type fate struct {
	how      string
	replayed bool
}

// take gives and forgets how a request failed.
func (h *honest) take(seq string) (fate, bool) {
	found, ok := h.hows.LoadAndDelete(seq)
	if !ok {
		return fate{}, false
	}
	return found.(fate), true
}

func unrepeatable(request *http.Request) *http.Request {
	request.GetBody = nil
	usuallyNone := []string{http.MethodGet, http.MethodHead, http.MethodOptions}
	if request.Body == nil && slices.Contains(usuallyNone, request.Method) {
		// Sent as no body at all: Go looks into it first when the method usually has none.
		request.Body = io.NopCloser(strings.NewReader(""))
	}
	return request
}

// body is an answer's body that notes when it breaks off.
type body struct {
	io.ReadCloser
	cancel context.CancelFunc
	failed func(error)
}

func (b *body) Read(into []byte) (int, error) {
	count, err := b.ReadCloser.Read(into)
	if err != nil && err != io.EOF {
		b.failed(err)
	}
	return count, err
}

func (b *body) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}
