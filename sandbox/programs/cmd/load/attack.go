// Copyright: (c) 2026, the meshwright.istio contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
	"github.com/tsenart/vegeta/v12/lib/plot"
)

// A request that leaves this long after its moment was held up by this machine.
const lateness = time.Second

// attack is one target under load.
type attack struct {
	target   Target
	schedule schedule
	honest   *honest
	before   *tally
	measured *tally
}

// load is everything that runs at once, and what came of it so far.
type load struct {
	plan    *Plan
	start   time.Time
	attacks []*attack
	streams []*holder

	lock    sync.Mutex
	seconds seconds
	sent    int
	failed  int
	plot    *plot.Plot
}

func newLoad(plan *Plan) *load {
	l := &load{plan: plan, start: time.Now()}
	for _, target := range plan.Targets {
		l.attacks = append(l.attacks, &attack{
			target: target,
			schedule: newSchedule(plan.Rate*target.Share, time.Duration(plan.Baseline),
				time.Duration(plan.Duration), target.Random),
			honest:   &honest{next: newTransport(), timeout: time.Duration(plan.Timeout)},
			before:   newTally(),
			measured: newTally(),
		})
	}
	for _, stream := range plan.Streams {
		l.streams = append(l.streams, newHolder(stream))
	}
	return l
}

// run loads until the plan is done or ctx is, and then waits for the answers that are still due.
func (l *load) run(ctx context.Context) {
	end := l.measuringFrom().Add(time.Duration(l.plan.Duration))
	holding, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	// The very last requests may be a little late.
	sending, cancel := context.WithDeadline(ctx, end.Add(lateness))
	defer cancel()
	var group sync.WaitGroup
	for _, holder := range l.streams {
		group.Go(func() { holder.hold(holding, l.measuringFrom()) })
	}
	for _, a := range l.attacks {
		group.Go(func() { l.attack(sending, a) })
	}
	group.Wait()
}

func (l *load) measuringFrom() time.Time {
	return l.start.Add(time.Duration(l.plan.Baseline))
}

func (l *load) attack(ctx context.Context, a *attack) {
	header := http.Header{}
	for name, value := range a.target.Headers {
		header.Set(name, value)
	}
	attacker := vegeta.NewAttacker(vegeta.MaxBody(0), vegeta.Client(&http.Client{
		Transport: a.honest,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}))
	targeter := vegeta.NewStaticTargeter(vegeta.Target{
		Method: a.target.Method, URL: a.target.URL, Body: []byte(a.target.Body), Header: header,
	})
	// The schedule says when it is over; a duration of 0 leaves that to it.
	pacer := pacer{schedule: a.schedule, ctx: ctx, start: l.start}
	for result := range attacker.Attack(targeter, pacer, 0, a.target.Name) {
		l.collect(a, result)
	}
}

func (l *load) collect(a *attack, result *vegeta.Result) {
	at := result.Timestamp.Sub(l.start)
	found := outcome{
		at:      at - time.Duration(l.plan.Baseline),
		latency: result.Latency,
		status:  int(result.Code),
		late:    at-a.schedule.due[result.Seq] > lateness,
	}
	fate, failed := a.honest.take(strconv.FormatUint(result.Seq, 10))
	switch {
	case failed:
		found.status, found.how, found.replayed = 0, fate.how, fate.replayed
	case result.Code == 0:
		found.how = howOther
	case !slices.Contains(a.target.Expect, found.status):
		found.how = fmt.Sprintf("status_%d", found.status)
	}
	l.lock.Lock()
	defer l.lock.Unlock()
	if l.plot != nil {
		result.Error = found.how
		_ = l.plot.Add(result)
	}
	if result.Seq < uint64(a.schedule.baseline) {
		a.before.add(found)
		return
	}
	a.measured.add(found)
	l.seconds.add(found)
	l.sent++
	if found.how != "" {
		l.failed++
	}
}
