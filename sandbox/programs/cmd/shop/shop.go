// Copyright: (c) 2026, the meshwright.istio contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// Carried on to every part that is called, so that a request can be followed through the mesh.
var carried = []string{
	"x-request-id", "traceparent", "tracestate", "b3",
	"x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid", "x-b3-sampled", "x-b3-flags",
	"x-fault", "end-user",
}

// Shown in the answer: what proves by whom and along which way the request came.
var shown = append([]string{
	"x-forwarded-client-cert", "x-forwarded-for", "x-forwarded-proto", "x-through-egress", "user-agent",
}, carried...)

const callTimeout = 30 * time.Second

// Shop is one part of the shop.
type Shop struct {
	service, version, pod string
	calls                 []string
	ending                atomic.Bool
	gets, posts           atomic.Int64
	client                http.Client
}

// Answer is what a part saw, and what the parts that it called saw.
type Answer struct {
	Service string            `json:"service"`
	Version string            `json:"version"`
	Pod     string            `json:"pod"`
	TraceID string            `json:"trace_id"`
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers"`
	Calls   []Call            `json:"calls"`
}

// Call is what came of calling another part.
type Call struct {
	Service string          `json:"service"`
	Status  int             `json:"status"`
	Error   string          `json:"error"`
	Body    json.RawMessage `json:"body"`
}

func (s *Shop) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", s.health)
	mux.HandleFunc("/counts", s.counts)
	mux.HandleFunc("/stream", s.stream)
	mux.HandleFunc("/socket", s.socket)
	mux.HandleFunc("/", s.answer)
	return mux
}

func (s *Shop) health(w http.ResponseWriter, _ *http.Request) {
	if s.ending.Load() {
		http.Error(w, "ending", http.StatusServiceUnavailable)
	}
}

func (s *Shop) counts(w http.ResponseWriter, _ *http.Request) {
	counts := map[string]int64{"GET": s.gets.Load(), "POST": s.posts.Load()}
	write(w, http.StatusOK, map[string]any{"requests": counts})
}

func (s *Shop) answer(w http.ResponseWriter, r *http.Request) {
	delay, status, err := asked(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	// A client must be able to send all it has before it is answered.
	_, _ = io.Copy(io.Discard, r.Body)
	select {
	case <-time.After(delay):
	case <-r.Context().Done():
		return
	}
	answer := Answer{
		Service: s.service,
		Version: s.version,
		Pod:     s.pod,
		TraceID: traceID(r.Header),
		Method:  r.Method,
		Path:    r.URL.Path,
		Headers: map[string]string{},
		Calls:   s.callAll(r),
	}
	for _, name := range shown {
		if value := r.Header.Get(name); value != "" {
			answer.Headers[name] = value
		}
	}
	// Counted when it is answered: what a client saw fail must not be in it.
	if r.Method == http.MethodPost {
		s.posts.Add(1)
	} else {
		s.gets.Add(1)
	}
	write(w, status, answer)
}

// asked reads what the request wishes: to wait, and to be answered with another status.
func asked(r *http.Request) (delay time.Duration, status int, err error) {
	status = http.StatusOK
	text := r.URL.Query().Get("delay")
	if text == "" {
		text = r.Header.Get("x-delay")
	}
	if text != "" {
		if delay, err = time.ParseDuration(text); err != nil || delay < 0 || delay > time.Minute {
			return 0, 0, fmt.Errorf("delay is %q, allowed are durations up to 1m", text)
		}
	}
	if text := r.URL.Query().Get("status"); text != "" {
		if status, err = strconv.Atoi(text); err != nil || status < 200 || status > 599 {
			return 0, 0, fmt.Errorf("status is %q, allowed are 200 to 599", text)
		}
	}
	return delay, status, nil
}

// callAll calls every part that this one needs for its own page; other pages it answers alone, so
// that most of a load is as cheap as in a real shop.
func (s *Shop) callAll(r *http.Request) []Call {
	if r.URL.Path != "/" && r.URL.Path != "/"+s.service {
		return []Call{}
	}
	calls := make([]Call, len(s.calls))
	var group sync.WaitGroup
	for i, url := range s.calls {
		group.Go(func() { calls[i] = s.call(r, url) })
	}
	group.Wait()
	return calls
}

func (s *Shop) call(r *http.Request, url string) Call {
	host, _, _ := strings.Cut(strings.TrimPrefix(url, "http://"), "/")
	service, _, _ := strings.Cut(host, ":")
	call := Call{Service: service}
	request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, url, nil)
	if err != nil {
		call.Error = err.Error()
		return call
	}
	for _, name := range carried {
		if value := r.Header.Get(name); value != "" {
			request.Header.Set(name, value)
		}
	}
	client := s.client
	client.Timeout = callTimeout
	response, err := client.Do(request)
	if err != nil {
		call.Error = err.Error()
		return call
	}
	defer response.Body.Close()
	call.Status = response.StatusCode
	body, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		call.Error = err.Error()
	case json.Valid(body):
		call.Body = body
	default:
		call.Error = strings.TrimSpace(string(body))
	}
	return call
}

// traceID is the id that a tracing system would show, whichever way it is carried.
func traceID(header http.Header) string {
	if id := header.Get("x-b3-traceid"); id != "" {
		return id
	}
	if parts := strings.Split(header.Get("traceparent"), "-"); len(parts) == 4 {
		return parts[1]
	}
	return header.Get("x-request-id")
}

// stream sends a line a second until the client leaves or this part is told to end.
func (s *Shop) stream(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	w.Header().Set("Content-Type", "application/x-ndjson")
	for number := 0; ; number++ {
		if _, err := fmt.Fprintf(w, "{\"line\": %d, \"pod\": %q}\n", number, s.pod); err != nil {
			return
		}
		if control.Flush() != nil {
			return
		}
		select {
		case <-time.After(time.Second):
		case <-r.Context().Done():
			return
		}
	}
}

// socket is a WebSocket that sends back what comes.
func (s *Shop) socket(w http.ResponseWriter, r *http.Request) {
	connection, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return
	}
	defer connection.CloseNow()
	for {
		kind, data, err := connection.Read(r.Context())
		if err != nil {
			return
		}
		if connection.Write(r.Context(), kind, data) != nil {
			return
		}
	}
}

func write(w http.ResponseWriter, status int, content any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(content)
}
