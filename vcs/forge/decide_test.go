package forge

import (
	"slices"
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/vcs"
)

const (
	scope = "unleak/critical"
	c1    = vcs.Hash("1111111111111111111111111111111111111111") // pushed last
	c2    = vcs.Hash("2222222222222222222222222222222222222222") // proposed now
	c0    = vcs.Hash("0000000000000000000000000000000000000001") // pushed before c1
	alien = vcs.Hash("9999999999999999999999999999999999999999")
)

// with changes a value, for rows that differ in little.
func with[T any](v T, change ...func(*T)) T {
	for _, c := range change {
		c(&v)
	}
	return v
}

var proposal = Proposal{Branch: scope, Base: "main", BaseCommit: c0, Commit: c2, Title: "Release timers", Set: "set-a", Patch: "patch-a", Items: []string{"x", "y"}}

// pull is an open pull request as the last run left it: everything is equal.
func pull(change ...func(*Pull, *Marker)) Pull {
	m := proposal.marker(c1, c0, "main")
	p := Pull{Number: 5, Branch: scope, Base: "main", Title: proposal.Title, Head: c1, Open: true}
	for _, c := range change {
		c(&p, &m)
	}
	if p.Body == "" {
		body, err := Compose("text", m)
		if err != nil {
			panic(err)
		}
		p.Body = strings.ReplaceAll(body, "\n", "\r\n")
	}
	return p
}

func closed(p *Pull, m *Marker)  { p.Open = false }
func merged(p *Pull, m *Marker)  { p.Open, p.Merged, p.MergeCommit = false, true, alien }
func done(p *Pull, m *Marker)    { closed(p, m); m.Done = true }
func foreign(p *Pull, m *Marker) { p.Head = alien }
func bare(p *Pull, m *Marker)    { p.Body = "a person's text" }

func TestDecide(t *testing.T) {
	slots := func(s ...Slot) []Slot { return s }
	on := func(p ...Pull) Slot { return Slot{Branch: p[0].Branch, Head: p[0].Head, Pulls: p} }
	gone := func(p ...Pull) Slot { return Slot{Branch: p[0].Branch, Pulls: p} }
	empty := func(n int) Slot { return Slot{Branch: slotName(scope, n)} }
	second := func(p *Pull, m *Marker) { p.Branch, p.Number = slotName(scope, 2), 8 }
	otherSet := func(p *Proposal) { p.Set, p.Items = "set-b", []string{"x", "z"} }
	fewer := func(p *Proposal) { p.Set, p.Items = "set-c", []string{"x"} }
	otherPatch := func(p *Proposal) { p.Patch = "patch-b" }
	anew := func(p *Proposal) { p.Anew = true }
	nothing := func(p *Proposal) { *p = Proposal{Branch: scope, Base: "main"} }
	rests := func(p *Proposal) { p.RestsOn = "unleak/high" }
	newer := func(p *Pull, m *Marker) { p.Body = "text\n\n<!-- unleak:2 whatever -->" }

	rows := []struct {
		name   string
		p      Proposal
		seen   Seen
		limits Limits
		want   Action
		branch string // "" is scope
		reason string // a part
		check  func(Decision) bool
	}{
		{name: "nothing there", p: proposal, seen: Seen{Slots: slots(empty(1))}, want: Create,
			check: func(d Decision) bool { return d.Lease == "" && d.Push }},
		{name: "nothing there and nothing wanted", p: with(proposal, nothing), seen: Seen{Slots: slots(empty(1))}, want: NoOp},

		{name: "equal", p: proposal, seen: Seen{Slots: slots(on(pull()))}, want: NoOp, reason: "what it should be"},
		{name: "equal, though the base moved", p: with(proposal, func(p *Proposal) { p.BaseCommit = alien }), seen: Seen{Slots: slots(on(pull()))}, want: NoOp},
		{name: "equal, but to be made anew", p: with(proposal, anew, func(p *Proposal) { p.Commit = c2 }), seen: Seen{Slots: slots(on(pull()))}, want: Update, reason: "anew",
			check: func(d Decision) bool { return d.Push && d.Lease == c1 }},
		{name: "made anew already", p: with(proposal, anew, func(p *Proposal) { p.Commit = c1 }), seen: Seen{Slots: slots(on(pull()))}, want: NoOp},
		{name: "to be made anew, and somebody worked on it", p: with(proposal, anew), seen: Seen{Slots: slots(on(pull(foreign))), Content: Other}, want: Hold},
		{name: "the base moved and conflicts", p: proposal, seen: Seen{Slots: slots(on(pull(func(p *Pull, m *Marker) { p.Conflict = true })))}, want: Update,
			reason: "no longer merged", check: func(d Decision) bool { return d.Push && d.Lease == c1 }},
		{name: "other changes", p: with(proposal, otherPatch), seen: Seen{Slots: slots(on(pull()))}, want: Update, reason: "other ones",
			check: func(d Decision) bool { return d.Push && d.Lease == c1 && d.Retarget == "" }},
		{name: "other findings, same changes: only the text", p: with(proposal, otherSet), seen: Seen{Slots: slots(on(pull()))}, want: Update,
			check: func(d Decision) bool { return !d.Push }},
		{name: "killed between text and push", p: proposal, seen: Seen{Slots: slots(on(pull(func(p *Pull, m *Marker) { p.Head = c0 })))}, want: Update,
			reason: "did not finish", check: func(d Decision) bool { return d.Push && d.Lease == c0 }},
		{name: "killed before the labels", p: proposal, seen: Seen{Slots: slots(on(pull(func(p *Pull, m *Marker) { m.Left = leftAll })))}, want: Update,
			reason: "did not finish", check: func(d Decision) bool { return !d.Push }},

		{name: "somebody worked on it", p: proposal, seen: Seen{Slots: slots(on(pull(foreign))), Content: Other}, want: Hold, reason: "somebody else",
			check: func(d Decision) bool { return d.Back != "" && !d.Push }},
		{name: "somebody worked on it, and the findings changed", p: with(proposal, otherSet, otherPatch), seen: Seen{Slots: slots(on(pull(foreign))), Content: Other}, want: Hold},
		{name: "somebody worked on it, and the findings are gone", p: with(proposal, nothing), seen: Seen{Slots: slots(on(pull(foreign)))}, want: Hold},
		{name: "somebody worked on it, and it conflicts", p: proposal, seen: Seen{Slots: slots(on(pull(foreign, func(p *Pull, m *Marker) { p.Conflict = true }))), Content: Other}, want: Hold},
		{name: "somebody merged the base into it", p: proposal, seen: Seen{Slots: slots(on(pull(foreign))), Content: Same}, want: NoOp},
		{name: "another run pushed the same and its marker was lost", p: with(proposal, otherPatch), seen: Seen{Slots: slots(on(pull(foreign))), Content: Same}, want: Update,
			check: func(d Decision) bool { return !d.Push }},
		{name: "another run pushed a part of it", p: proposal, seen: Seen{Slots: slots(on(pull(foreign))), Content: Part}, want: Update,
			check: func(d Decision) bool { return d.Push && d.Lease == alien }},
		{name: "the marker is gone", p: proposal, seen: Seen{Slots: slots(on(pull(bare))), Content: Other}, want: Hold, reason: "lost the marker"},
		{name: "the marker is gone and only a part is there", p: proposal, seen: Seen{Slots: slots(on(pull(bare))), Content: Part}, want: Hold},
		{name: "the marker is gone and all is there", p: proposal, seen: Seen{Slots: slots(on(pull(bare))), Content: Same}, want: NoOp},
		{name: "the marker is gone and nothing is left", p: with(proposal, nothing), seen: Seen{Slots: slots(on(pull(bare)))}, want: Hold},
		{name: "a newer marker", p: proposal, seen: Seen{Slots: slots(on(pull(newer)))}, want: Refuse, reason: "update unleak"},

		{name: "the findings are gone", p: with(proposal, nothing), seen: Seen{Slots: slots(on(pull()))}, want: Close,
			check: func(d Decision) bool { return d.Lease == c1 && d.Pull.Number == 5 }},
		{name: "killed before the branch was deleted", p: with(proposal, nothing), seen: Seen{Slots: slots(on(pull(done)), empty(2))}, want: Close, reason: "did not finish"},
		{name: "closed by a person and nothing wanted: the branch stays", p: with(proposal, nothing), seen: Seen{Slots: slots(on(pull(closed)), empty(2))}, want: NoOp},
		{name: "closed for good, and a person pushed to the branch: it stays", p: with(proposal, nothing), seen: Seen{Slots: slots(on(pull(done, foreign)), empty(2))}, want: NoOp},

		{name: "closed with the same findings", p: proposal, seen: Seen{Slots: slots(on(pull(closed)), empty(2))}, want: Ignore, reason: "#5"},
		{name: "closed with the same findings, branch gone", p: proposal, seen: Seen{Slots: slots(gone(pull(closed)), empty(2))}, want: Ignore},
		{name: "closed, and fewer findings are left", p: with(proposal, fewer), seen: Seen{Slots: slots(on(pull(closed)), empty(2))}, want: Ignore},
		{name: "closed twice, and each finding was in one of them", p: with(proposal, otherSet),
			seen: Seen{Slots: slots(on(pull(closed)), on(pull(closed, second, func(p *Pull, m *Marker) {
				m.Set, m.Items = "set-d", with(proposal, func(p *Proposal) { p.Items = []string{"z"} }).items()
			})), empty(3))}, want: Ignore, branch: "unleak/critical-2", reason: "#8"},
		{name: "closed, and new findings", p: with(proposal, otherSet), seen: Seen{Slots: slots(on(pull(closed)), empty(2))}, want: Create, branch: "unleak/critical-2"},
		{name: "closed and deleted, and new findings", p: with(proposal, otherSet), seen: Seen{Slots: slots(gone(pull(closed)), empty(2))}, want: Create, branch: "unleak/critical-2"},
		{name: "closed, new findings, no items: the set alone tells", p: with(proposal, func(p *Proposal) { p.Set, p.Items = "set-b", nil }), seen: Seen{Slots: slots(on(pull(closed)), empty(2))}, want: Create, branch: "unleak/critical-2"},
		{name: "an older one was closed with this set", p: proposal, seen: Seen{Slots: slots(on(pull(closed)),
			on(pull(closed, second, func(p *Pull, m *Marker) { m.Set = "set-b" })), empty(3))}, want: Ignore, reason: "#5"},
		{name: "closed, and the second one is open", p: proposal, seen: Seen{Slots: slots(on(pull(closed)), on(pull(second)))}, want: NoOp, branch: "unleak/critical-2"},
		{name: "closed, and the second name is another proposal's", p: with(proposal, otherSet), seen: Seen{Slots: slots(on(pull(closed)),
			on(pull(second, func(p *Pull, m *Marker) { m.Scope = "unleak/critical-2" })), empty(3))}, want: Create, branch: "unleak/critical-3"},
		{name: "closed with its base, which was deleted", p: proposal, seen: Seen{Slots: slots(on(pull(closed)), empty(2)), Orphaned: map[int]bool{5: true}}, want: Create, branch: "unleak/critical-2"},
		{name: "closed as nothing was left, and the same is back", p: proposal, seen: Seen{Slots: slots(gone(pull(done)), empty(2))}, want: Create, reason: "again since #5"},
		{name: "closed as nothing was left, branch still there", p: proposal, seen: Seen{Slots: slots(on(pull(done)), empty(2))}, want: Create, branch: "unleak/critical-2"},

		{name: "merged, branch gone, new findings", p: with(proposal, otherSet), seen: Seen{Slots: slots(gone(pull(merged)), empty(2))}, want: Create},
		{name: "merged, branch there, new findings", p: with(proposal, otherSet), seen: Seen{Slots: slots(on(pull(merged)), empty(2))}, want: Create, branch: "unleak/critical-2"},
		{name: "merged, and reverted since", p: proposal, seen: Seen{Slots: slots(gone(pull(merged)), empty(2))}, want: Create},
		{name: "merged, which nobody fetched", p: proposal, seen: Seen{Slots: slots(gone(pull(merged)), empty(2)), Missing: true}, want: NoOp, reason: "fetch"},
		{name: "merged once and closed before under one name", p: with(proposal, otherSet), seen: Seen{Slots: slots(gone(pull(merged), pull(closed)), empty(2))}, want: Create, branch: "unleak/critical-2"},

		{name: "killed between push and create", p: proposal, seen: Seen{Slots: slots(Slot{Branch: scope, Head: c2})}, want: Create, reason: "did not finish",
			check: func(d Decision) bool { return d.Lease == c2 }},
		{name: "killed between push and create, other hash", p: proposal, seen: Seen{Slots: slots(Slot{Branch: scope, Head: alien}), Content: Same}, want: Create,
			check: func(d Decision) bool { return d.Lease == alien }},
		{name: "killed between push and create, more to do since", p: proposal, seen: Seen{Slots: slots(Slot{Branch: scope, Head: alien}), Content: Part}, want: Create},
		{name: "a person's branch", p: proposal, seen: Seen{Slots: slots(Slot{Branch: scope, Head: alien}), Content: Other}, want: Refuse, reason: "delete or rename"},
		{name: "a person's branch that was not compared", p: proposal, seen: Seen{Slots: slots(Slot{Branch: scope, Head: alien})}, want: Refuse},

		{name: "its parent is there", p: with(proposal, rests), seen: Seen{Slots: slots(empty(1)), Parent: &Parent{Branch: "unleak/high-2"}}, want: Create},
		{name: "its parent was closed", p: with(proposal, rests), seen: Seen{Slots: slots(empty(1)), Parent: &Parent{Reason: "#3 was closed"}}, want: Refuse, reason: "rests on unleak/high: #3"},
		{name: "its parent was closed, and it is there and equal", p: with(proposal, rests), seen: Seen{Slots: slots(on(pull(func(p *Pull, m *Marker) { p.Base, m.Base = "unleak/high", "unleak/high" }))), Parent: &Parent{Reason: "#3 was closed"}}, want: NoOp},
		{name: "its parent was closed, and it is there and other", p: with(proposal, rests, otherPatch), seen: Seen{Slots: slots(on(pull(func(p *Pull, m *Marker) { p.Base, m.Base = "unleak/high", "unleak/high" }))), Parent: &Parent{Reason: "#3 was closed"}}, want: Refuse, reason: "rests on"},
		{name: "its parent was merged: it goes to the base", p: proposal, seen: Seen{Slots: slots(on(pull(func(p *Pull, m *Marker) { p.Base, m.Base = "unleak/high", "unleak/high" })))}, want: Update,
			check: func(d Decision) bool { return d.Retarget == "main" && d.Push }},
		{name: "its parent was merged and the service led it to the base", p: proposal, seen: Seen{Slots: slots(on(pull(func(p *Pull, m *Marker) { m.Base = "unleak/high" })))}, want: Update,
			check: func(d Decision) bool { return d.Retarget == "" && d.Push }},
		{name: "somebody changed its base", p: proposal, seen: Seen{Slots: slots(on(pull(func(p *Pull, m *Marker) { p.Base = "develop" })))}, want: Hold, reason: "from main to develop"},

		{name: "too many open", p: proposal, seen: Seen{Slots: slots(empty(1)), NowOpen: 3}, limits: Limits{Open: 3}, want: Refuse, reason: "raise the limit"},
		{name: "not yet too many open", p: proposal, seen: Seen{Slots: slots(empty(1)), NowOpen: 2}, limits: Limits{Open: 3}, want: Create},
		{name: "too many within the hour", p: proposal, seen: Seen{Slots: slots(empty(1)), LastHour: 10}, limits: Limits{Hour: 10}, want: Refuse, reason: "run again later"},
		{name: "too many open, but this one is", p: with(proposal, otherPatch), seen: Seen{Slots: slots(on(pull())), NowOpen: 9}, limits: Limits{Open: 1}, want: Update},
		{name: "all names are taken", p: with(proposal, otherSet), seen: Seen{Slots: slots(on(pull(closed)))}, want: Refuse, reason: "another prefix"},
	}
	seen := map[Action]int{}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if row.branch == "" {
				row.branch = scope
			}
			d := Decide(row.p, row.seen, row.limits)
			seen[d.Action]++
			if d.Action != row.want {
				t.Fatalf("%s (%s), want %s", d.Action, d.Reason, row.want)
			}
			if d.Branch != row.branch && d.Branch != "" || d.Action == Create && d.Branch == "" {
				t.Errorf("about %q, want %q", d.Branch, row.branch)
			}
			if d.Reason == "" || !strings.Contains(d.Reason, row.reason) || strings.HasSuffix(d.Reason, ".") {
				t.Errorf("reason %q, want a part %q", d.Reason, row.reason)
			}
			if row.check != nil && !row.check(d) {
				t.Errorf("not as wanted: %+v", d)
			}
		})
	}
	for _, a := range []Action{Create, Update, NoOp, Hold, Ignore, Close, Refuse} {
		if seen[a] == 0 {
			t.Errorf("no row comes to %s", a)
		}
	}
}

// TestDecideNeverOverwrites goes through all combinations of what can be seen of an
// open pull request and asks for one thing: what somebody else pushed is not pushed
// over, and not closed.
func TestDecideNeverOverwrites(t *testing.T) {
	n := 0
	for _, head := range []vcs.Hash{c0, c1, c2, alien} {
		for _, content := range []Content{Unknown, Other, Part, Same} {
			for _, commit := range []vcs.Hash{"", c2} {
				for _, patch := range []string{"patch-a", "patch-b"} {
					for bits := range 32 {
						p := with(proposal, func(p *Proposal) { p.Commit, p.Patch = commit, patch })
						pull := pull(func(p *Pull, m *Marker) {
							p.Head, p.Conflict = head, bits&1 != 0
							if bits&2 != 0 {
								p.Body = "no marker"
							}
							if bits&4 != 0 {
								m.Left = leftAll
							}
							if bits&8 != 0 {
								p.Base = "develop"
							}
							if bits&16 != 0 {
								m.Base = "develop"
							}
						})
						d := Decide(p, Seen{Slots: []Slot{{Branch: scope, Head: head, Pulls: []Pull{pull}}}, Content: content}, Limits{})
						ours := slices.Contains([]vcs.Hash{c0, c1}, head) && bits&2 == 0
						harmless := content == Part || content == Same
						if (d.Push || d.Action == Close) && !ours && !harmless {
							t.Fatalf("head %s, content %d, bits %05b: %+v", head, content, bits, d)
						}
						if d.Push && d.Lease != head {
							t.Fatalf("pushes over %s with the lease %s", head, d.Lease)
						}
						n++
					}
				}
			}
		}
	}
	if n != 4*4*2*2*32 {
		t.Errorf("looked at %d combinations", n)
	}
}
