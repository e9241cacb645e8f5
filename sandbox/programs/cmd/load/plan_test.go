// Copyright: (c) 2026, the meshwright.istio contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestPlansThatAreRefused(t *testing.T) {
	const good = `{"rate":10,"duration":"1s","baseline":"1s",
		"targets":[{"name":"a","url":"http://127.0.0.1:1/","share":1}],
		"streams":[{"name":"s","kind":"tcp","url":"tcp://127.0.0.1:1","count":1}]}`
	if _, err := parsePlan([]byte(good), 0, false); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][3]string{
		"rate":               {`"rate":10`, `"rate":2001`, "2001/s is not allowed"},
		"no rate":            {`"rate":10`, `"rate":0`, "0/s is not allowed"},
		"duration":           {`"duration":"1s"`, `"duration":"30m1s"`, "30m1s is not allowed"},
		"duration in words":  {`"duration":"1s"`, `"duration":"long"`, "no duration"},
		"baseline":           {`"baseline":"1s"`, `"baseline":"61s"`, "1m1s is not allowed"},
		"streams":            {`"count":1`, `"count":201`, "its count is 201"},
		"kind":               {`"kind":"tcp"`, `"kind":"udp"`, `its kind is "udp"`},
		"shares":             {`"share":1`, `"share":0.9`, "add up to 0.900"},
		"negative share":     {`"share":1`, `"share":-1`, "its share is -1"},
		"address":            {"http://127.0.0.1:1/", "http://192.0.2.1/", "192.0.2.1 is no address"},
		"name":               {"http://127.0.0.1:1/", "http://catalog.shop/", "catalog.shop is no address"},
		"scheme":             {"http://127.0.0.1:1/", "https://127.0.0.1/", "is not an address"},
		"address of streams": {"tcp://127.0.0.1:1", "tcp://198.20.0.1:1", "198.20.0.1 is no address"},
		"no port":            {"tcp://127.0.0.1:1", "tcp://127.0.0.1", "names no port"},
		"unknown field":      {`"rate":10`, `"rate":10,"speed":1`, `unknown field "speed"`},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(good, change[0], change[1], 1)
			_, err := parsePlan([]byte(text), 0, false)
			if err == nil || !strings.Contains(err.Error(), change[2]) {
				t.Errorf("it says %v", err)
			}
		})
	}
	if _, err := parsePlan([]byte(good), 31*time.Minute, false); err == nil {
		t.Error("a duration on the command line is bounded too")
	}
}

func TestStreamsAreCountedTogether(t *testing.T) {
	one := `{"name":"s","kind":"tcp","url":"tcp://127.0.0.1:1","count":101}`
	_, err := parsePlan([]byte(fmt.Sprintf(`{"duration":"1s","streams":[%s,%s]}`, one, one)), 0, false)
	if err == nil || !strings.Contains(err.Error(), "202 streams") {
		t.Errorf("it says %v", err)
	}
}

func TestWhereLoadMayGo(t *testing.T) {
	for host, want := range map[string][2]bool{
		"127.0.0.1":                      {true, true},
		"127.3.2.1":                      {true, true},
		"::1":                            {true, true},
		"localhost":                      {true, true},
		"198.18.1.2":                     {true, true},
		"198.19.255.255":                 {true, true},
		"198.17.255.255":                 {false, false},
		"198.20.0.0":                     {false, false},
		"10.0.0.1":                       {false, false},
		"0.0.0.0":                        {false, false},
		"catalog":                        {false, true},
		"catalog.shop":                   {false, true},
		"catalog.shop.svc":               {false, true},
		"catalog.shop.svc.cluster.local": {false, true},
		"www.example.com":                {false, false},
		"catalog.shop.svc.example.com":   {false, false},
	} {
		for i, inside := range []bool{false, true} {
			if allowed := checkHost(host, inside) == nil; allowed != want[i] {
				t.Errorf("%s, inside %v: allowed %v", host, inside, allowed)
			}
		}
	}
}

func TestNamesAreLookedUpBeforeAnythingIsSent(t *testing.T) {
	lookupAgain = time.Millisecond
	asked := map[string]int{}
	lookup := func(_ context.Context, host string) ([]string, error) {
		asked[host]++
		addresses := map[string][]string{
			"catalog.shop": {"198.18.32.7"}, "example.shop": {"198.18.32.7", "192.0.2.1"},
		}[host]
		if host == "late.shop" && asked[host] == 3 {
			addresses = []string{"198.18.32.8"}
		}
		if addresses == nil {
			return nil, errors.New("no such host")
		}
		return addresses, nil
	}
	for _, host := range []string{"catalog.shop", "late.shop", "127.0.0.1"} {
		if err := checkNames(t.Context(), []string{host}, lookup); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	for host, want := range map[string]string{"example.shop": "leads to 192.0.2.1", "none.shop": "has no address"} {
		err := checkNames(t.Context(), []string{"catalog.shop", host}, lookup)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: it says %v", host, err)
		}
	}
	if asked["127.0.0.1"] != 0 || asked["none.shop"] != lookups {
		t.Errorf("it asked %v", asked)
	}
}

func TestHostsOfAPlan(t *testing.T) {
	plan := Plan{
		Targets: []Target{{URL: "http://a.shop/"}, {URL: "http://a.shop:8080/x"}},
		Streams: []Stream{{URL: "tcp://b.shop:9000"}},
	}
	if found := strings.Join(plan.hosts(), " "); found != "a.shop b.shop" {
		t.Errorf("the hosts are %s", found)
	}
}

func TestANameThatLeadsElsewhereIsNotDialled(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := newDialer().DialContext(ctx, "tcp", "192.0.2.1:80")
	if !errors.Is(err, errNotAllowed) || classify(err) != "not_allowed" {
		t.Errorf("it says %v", err)
	}
}
