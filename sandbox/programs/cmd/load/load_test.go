// Copyright: (c) 2026, the meshwright.istio contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// loadWith runs a plan of one target for two seconds after a baseline of one.
func loadWith(t *testing.T, url string, more ...string) Result {
	t.Helper()
	return loadPlan(t, fmt.Sprintf(`{"rate":100,"duration":"2s","baseline":"1s","timeout":"5s",
		"targets":[{"name":"one","url":%q,"share":1 %s}]}`, url, strings.Join(more, "")))
}

func loadPlan(t *testing.T, text string) Result {
	t.Helper()
	plan, err := parsePlan([]byte(text), 0, false)
	if err != nil {
		t.Fatal(err)
	}
	return newLoad(plan).watched(t.Context(), &bytes.Buffer{})
}

func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// hangUp ends the connection of a request without an answer.
func hangUp(t *testing.T, w http.ResponseWriter, with func(*net.TCPConn)) {
	connection, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	with(connection.(*net.TCPConn))
	_ = connection.Close()
}

func TestEveryRequestIsSentAndAnswered(t *testing.T) {
	t.Parallel()
	var got atomic.Int64
	result := loadWith(t, serve(t, func(http.ResponseWriter, *http.Request) { got.Add(1) }))
	total := result.Total
	if total.Sent != 200 || total.Answered != 200 || total.Failed != 0 || total.Statuses["200"] != 200 {
		t.Errorf("200 requests were to be sent and answered: %+v", total)
	}
	if got.Load() != 300 || result.Baseline.Sent != 100 || result.Baseline.Failed != 0 {
		t.Errorf("the server got %d requests, the baseline is %+v", got.Load(), result.Baseline)
	}
	sent := 0
	for _, second := range result.PerSecond {
		sent += second.Sent
	}
	if result.Environment != "" || result.Seconds != 2 || sent != 200 {
		t.Errorf("environment %q, seconds %+v", result.Environment, result.PerSecond)
	}
	if l := total.LatencyMS; l.P50 <= 0 || l.P50 > l.P99 || l.P99 > l.Max {
		t.Errorf("latencies are not in order: %+v", l)
	}
}

func TestSecondsAreThoseInWhichRequestsWereSent(t *testing.T) {
	t.Parallel()
	var found seconds
	for _, at := range []time.Duration{0, 995 * time.Millisecond, time.Second, 2005 * time.Millisecond} {
		found.add(outcome{at: at, status: http.StatusOK})
	}
	want := []Second{{Second: 0, Sent: 2}, {Second: 1, Sent: 1}, {Second: 2, Sent: 1}}
	if told := found.summary(); !slices.Equal(told, want) {
		t.Errorf("%+v", told)
	}
}

func TestAConnectionThatDiesIsAResetAndNothingIsSentTwice(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*net.TCPConn){
		"FIN": func(*net.TCPConn) {},
		"RST": func(c *net.TCPConn) { _ = c.SetLinger(0) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got atomic.Int64
			url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				// After the baseline every tenth dies, on a connection that was used before.
				if count := got.Add(1); count > 100 && count%10 == 0 {
					hangUp(t, w, end)
				}
			})
			result := loadWith(t, url)
			if got.Load() != 300 {
				t.Errorf("of 300 requests the server got %d", got.Load())
			}
			total := result.Total
			if total.Failed != 20 || total.Failures["reset"] != 20 || total.Answered != 180 {
				t.Errorf("20 resets were to be counted: %+v", total)
			}
		})
	}
}

func TestARepeatedRequestIsCounted(t *testing.T) {
	t.Parallel()
	answer := func(connections int) *honest {
		return &honest{timeout: time.Second, next: roundTripper(func(r *http.Request) (*http.Response, error) {
			for range connections {
				httptrace.ContextClientTrace(r.Context()).GotConn(httptrace.GotConnInfo{})
			}
			return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
		})}
	}
	for connections, want := range map[int]fate{1: {}, 2: {how: "reset", replayed: true}} {
		h := answer(connections)
		request := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/", nil)
		request.Header.Set("X-Vegeta-Seq", "7")
		_, err := h.RoundTrip(request)
		if found, failed := h.take("7"); found != want || failed != (err != nil) {
			t.Errorf("with %d connections: %+v, %v", connections, found, err)
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestAGetHasNoBody(t *testing.T) {
	t.Parallel()
	var bodies atomic.Int64
	loadWith(t, serve(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 || len(r.TransferEncoding) > 0 {
			bodies.Add(1)
		}
	}))
	if bodies.Load() != 0 {
		t.Errorf("%d requests had a body", bodies.Load())
	}
}

func TestAStatusIsJudgedByWhatIsExpected(t *testing.T) {
	t.Parallel()
	handler := func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	failing := loadWith(t, serve(t, handler))
	if failing.Total.Failures["status_503"] != 200 || failing.Total.Statuses["503"] != 200 {
		t.Errorf("200 answers of 503 were to be counted: %+v", failing.Total)
	}
	if fine := loadWith(t, serve(t, handler), `,"expect":[200,503]`); fine.Total.Failed != 0 {
		t.Errorf("503 was expected: %+v", fine.Total)
	}
}

func TestWhenRequestsFailedIsKnown(t *testing.T) {
	t.Parallel()
	tally := newTally()
	for _, at := range []time.Duration{-time.Millisecond, 0, 999 * time.Millisecond, 3 * time.Second} {
		tally.add(outcome{at: at, how: howReset})
	}
	tally.add(outcome{at: 2 * time.Second, status: http.StatusOK})
	sum := newTally()
	sum.merge(tally)
	sum.merge(tally)
	want := []Failing{{Second: 0, Failed: 6}, {Second: 3, Failed: 2}}
	if found := sum.summary("one", "GET", 10).Failing; !slices.Equal(found, want) {
		t.Errorf("%+v", found)
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	result := loadWith(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	}), `,"expect":[302]`)
	if result.Total.Statuses["302"] != 200 {
		t.Errorf("200 redirects were to be counted: %+v", result.Total)
	}
}

func TestASlowServer(t *testing.T) {
	t.Parallel()
	var got atomic.Int64
	result := loadWith(t, serve(t, func(_ http.ResponseWriter, r *http.Request) {
		switch count := got.Add(1); {
		case count > 280:
			select {
			case <-r.Context().Done():
			case <-time.After(time.Minute):
			}
		case count > 100:
			time.Sleep(100 * time.Millisecond)
		}
	}))
	if result.Total.Failures["timeout"] != 20 || result.Total.LatencyMS.P50 < 100 {
		t.Errorf("20 time-outs and a p50 of 100 ms were to be counted: %+v", result.Total)
	}
}

func TestAnAnswerThatBreaksOffIsAReset(t *testing.T) {
	t.Parallel()
	var got atomic.Int64
	result := loadWith(t, serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if got.Add(1) != 200 {
			return
		}
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte("half"))
		_ = http.NewResponseController(w).Flush()
		hangUp(t, w, func(*net.TCPConn) {})
	}))
	if result.Total.Failures["reset"] != 1 || result.Total.Failed != 1 || result.Total.Answered != 199 {
		t.Errorf("1 reset was to be counted: %+v", result.Total)
	}
}

func TestAServerThatIsAwayIsAMatterOfTheEnvironment(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	result := loadWith(t, server.URL)
	if result.Total.Failures["refused"] != 200 || !strings.Contains(result.Environment, "refused 100") {
		t.Errorf("all were to be refused: %+v, %s", result.Total, result.Environment)
	}
}

func TestABaselineThatIsSlow(t *testing.T) {
	t.Parallel()
	result := Result{Seconds: 1, Baseline: Baseline{P99MS: 2001}}
	if environment(result) == "" {
		t.Error("a p99 of 2001 ms is too slow")
	}
	result.Baseline.P99MS = 1999
	if found := environment(result); found != "" {
		t.Error(found)
	}
}

func TestRequestsThatAreSentTooLate(t *testing.T) {
	t.Parallel()
	result := Result{Seconds: 1, Total: Summary{Planned: 100, Sent: 100, Late: 6}}
	if !strings.Contains(environment(result), "94 of 100") {
		t.Error("94 % is too few")
	}
	result.Total.Late = 5
	if found := environment(result); found != "" {
		t.Error(found)
	}
}

func TestItEndsEarly(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got atomic.Int64
	plan, err := parsePlan([]byte(fmt.Sprintf(
		`{"rate":100,"duration":"60s","targets":[{"name":"one","url":%q,"share":1}]}`,
		serve(t, func(http.ResponseWriter, *http.Request) {
			if got.Add(1) == 800 {
				cancel()
			}
		}))), 0, false)
	if err != nil {
		t.Fatal(err)
	}
	result := newLoad(plan).watched(ctx, &bytes.Buffer{})
	if result.Seconds < 7.9 || result.Seconds > 30 || result.Environment != "" {
		t.Errorf("%.2f s, environment %q", result.Seconds, result.Environment)
	}
	// Of what was planned for later nothing counts.
	if total := result.Total; total.Sent < 800 || math.Abs(float64(total.Planned)-100*result.Seconds) > 1 {
		t.Errorf("%d were sent of %d in %.2f s", total.Sent, total.Planned, result.Seconds)
	}
}

func TestTheWholeProgram(t *testing.T) {
	t.Parallel()
	url, page := serve(t, func(http.ResponseWriter, *http.Request) {}), filepath.Join(t.TempDir(), "plot.html")
	plan := fmt.Sprintf(`{"rate":50,"duration":"9s","baseline":"1s","targets":[
		{"name":"home","url":%q,"share":0.8},
		{"name":"order","method":"POST","body":"{}","url":%q,"share":0.2,"delay_offset_random":true}]}`, url, url)
	var stdout, stderr lockedBuffer
	if err := run([]string{"--duration=2s", "--plot", page}, strings.NewReader(plan), &stdout, &stderr); err != nil {
		t.Fatal(err)
	}
	var result Result
	if err := json.Unmarshal([]byte(stdout.String()), &result); err != nil {
		t.Fatal(err)
	}
	if result.Targets[0].Sent != 80 || result.Targets[1].Sent != 20 || result.Targets[1].Failed != 0 {
		t.Errorf("the shares are %+v", result.Targets)
	}
	// Its last answers may come a moment after that line.
	beginning := regexp.MustCompile(`^measuring from now on; before: \d+ sent, 0 failed, p99 \d+ ms\n`)
	if !beginning.MatchString(stderr.String()) || result.Baseline.Sent != 50 {
		t.Errorf("it says %q and then %+v", stderr.String(), result.Baseline)
	}
	if text, err := os.ReadFile(page); err != nil || !bytes.Contains(text, []byte("home")) {
		t.Errorf("the plot is %d bytes, %v", len(text), err)
	}
}

type lockedBuffer struct {
	lock   sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(text []byte) (int, error) {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.buffer.Write(text)
}

func (b *lockedBuffer) String() string {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.buffer.String()
}

func TestPercentiles(t *testing.T) {
	t.Parallel()
	sorted := make([]uint32, 1000)
	for i := range sorted {
		sorted[i] = uint32(i+1) * 1000
	}
	for part, want := range map[float64]float64{0.5: 500, 0.99: 990, 0.999: 999, 1: 1000} {
		if found := percentile(sorted, part); found != want {
			t.Errorf("percentile %v is %v and not %v", part, found, want)
		}
	}
	if percentile(nil, 0.5) != 0 {
		t.Error("the percentile of nothing is 0")
	}
}

func TestRandomMomentsAreNotEven(t *testing.T) {
	t.Parallel()
	s := newSchedule(10, time.Second, 10*time.Second, true)
	if len(s.due) != 110 || s.baseline != 10 || s.due[9] >= time.Second || s.due[10] < time.Second {
		t.Errorf("%d moments, %d of them before", len(s.due), s.baseline)
	}
	short := 0
	for i := range s.due[1:] {
		if s.due[i+1]-s.due[i] < 50*time.Millisecond {
			short++
		}
	}
	// In a Poisson process 39 % of the gaps are shorter than half the mean; when even, none is.
	if short < 15 || short > 75 {
		t.Errorf("%d of 109 gaps are short", short)
	}
	if s.before(6*time.Second) >= 100 || s.before(11*time.Second) != 100 {
		t.Error("the planned ones are counted wrongly")
	}
}
