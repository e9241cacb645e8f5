// Copyright: (c) 2026, the meshwright.istio contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func get(t *testing.T, url string, headers map[string]string) (*http.Response, Answer) {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer Answer
	_ = json.NewDecoder(response.Body).Decode(&answer)
	return response, answer
}

func TestTracingHeadersReachThePartThatIsCalled(t *testing.T) {
	last := httptest.NewServer((&Shop{service: "last"}).handler())
	defer last.Close()
	first := httptest.NewServer((&Shop{service: "first", calls: []string{last.URL}}).handler())
	defer first.Close()
	headers := map[string]string{"x-b3-traceid": "463ac35c9f6413ad", "x-delay": "10ms"}
	_, answer := get(t, first.URL, headers)
	var called Answer
	if err := json.Unmarshal(answer.Calls[0].Body, &called); err != nil {
		t.Fatal(err)
	}
	if called.Service != "last" || called.TraceID != headers["x-b3-traceid"] {
		t.Errorf("the called part saw %+v", called)
	}
}

func TestAPartThatCannotBeCalledIsToldOf(t *testing.T) {
	shop := httptest.NewServer((&Shop{calls: []string{"http://127.0.0.1:1"}}).handler())
	defer shop.Close()
	response, answer := get(t, shop.URL, nil)
	if response.StatusCode != http.StatusOK || answer.Calls[0].Error == "" {
		t.Errorf("status %d, calls %+v", response.StatusCode, answer.Calls)
	}
}

func TestOnlyTheOwnPageTakesOtherParts(t *testing.T) {
	shop := httptest.NewServer((&Shop{service: "catalog", calls: []string{"http://127.0.0.1:1"}}).handler())
	defer shop.Close()
	for path, calls := range map[string]int{"/": 1, "/catalog": 1, "/orders": 0} {
		if _, answer := get(t, shop.URL+path, nil); len(answer.Calls) != calls {
			t.Errorf("%s: %d calls", path, len(answer.Calls))
		}
	}
}

func TestWishes(t *testing.T) {
	shop := httptest.NewServer((&Shop{}).handler())
	defer shop.Close()
	for _, test := range []struct {
		query  string
		status int
		least  time.Duration
	}{
		{"?status=503", 503, 0},
		{"?delay=60ms", 200, 60 * time.Millisecond},
		{"?delay=2h", 400, 0},
		{"?status=7", 400, 0},
	} {
		since := time.Now()
		response, _ := get(t, shop.URL+test.query, nil)
		if response.StatusCode != test.status || time.Since(since) < test.least {
			t.Errorf("%s: status %d after %s", test.query, response.StatusCode, time.Since(since))
		}
	}
}

func TestHealthFailsOnceItIsEnding(t *testing.T) {
	shop := &Shop{}
	server := httptest.NewServer(shop.handler())
	defer server.Close()
	if response, _ := get(t, server.URL+"/healthz", nil); response.StatusCode != http.StatusOK {
		t.Errorf("status %d while it serves", response.StatusCode)
	}
	shop.ending.Store(true)
	response, _ := get(t, server.URL+"/healthz", nil)
	if response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("status %d when it ends", response.StatusCode)
	}
}

func TestTraceID(t *testing.T) {
	for name, test := range map[string]struct{ name, value, id string }{
		"b3":      {"x-b3-traceid", "463ac35c9f6413ad", "463ac35c9f6413ad"},
		"w3c":     {"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "4bf92f3577b34da6a3ce929d0e0e4736"},
		"request": {"x-request-id", "some-id", "some-id"},
	} {
		header := http.Header{}
		header.Set(test.name, test.value)
		if id := traceID(header); id != test.id {
			t.Errorf("%s: %q", name, id)
		}
	}
}
